"""Requests nobody would send on purpose: half sense, half nonsense, from a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from retailvista.sandbox.answers import Request
from retailvista.sandbox.endpoints import Endpoint, endpoints

JUNK = [
    *("", "'", "''", "null", "true", "-1", "1e999", "9" * 40, "99999999999999999999L", "%", "%00"),
    *("guid''", "guid'x'", "datetime'2026-13-45'", "datetime'0000-00-00T99:99:99'", "(", ")))"),
    *(
        "a eq",
        "eq eq eq",
        "not",
        "not not",
        "((((",
        "$",
        "/",
        "//",
        "..",
        "\x00",
        "\ud7ff",
        "é" * 60,
    ),
    *(
        "$count",
        "$value",
        "$links",
        "1 eq 1",
        "Code/Code eq 1",
        "x'00'",
        "time'PT1H'",
        "-",
        "+",
        ",",
    ),
]
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**80, -(2**63), 1e308, 10**400, "", " ", "x"),
    *("2026-03-14", "2026-99-99", "/Date(1)/", "/Date(99999999999999999999)/", "00000000"),
    *(
        "2026-03-14T00:00:00+99:99",
        "0001-01-01",
        "9999-12-31T23:59:59-14:00",
        "A" * 5000,
        "\x00\x01",
    ),
    *([], {}, [None], [1, "x"], {"results": [{}]}, {"results": 7}, {"__deferred": {}}, [[{}]]),
    *("91", "10", "20", "60", "70", "EUR", "USD", "NOK", "2", "4 ", "W01", 26000001, 2026, 3, 20),
]
METHODS = (
    ["GET"] * 5 + ["POST"] * 4 + ["PUT", "DELETE", "DELETE", "PATCH", "HEAD", "OPTIONS", "MERGE"]
)
SAFE = "/()$=,"
OPERATORS = ["eq", "ne", "gt", "ge", "lt", "le", "is", "and"]
FITTING: dict[str, list[Any]] = {
    "JournalCode": ["91", "92", "10", "20"],
    "Journal": ["60", "70"],
    "Currency": ["EUR", "USD"],
    "VATCode": ["2", "1", "0", "4"],
    "CostCenter": ["W01", "W02"],
    "Type": [10, 20, 90, 55],
}
NO_KEY = "00000000-0000-4000-8000-000000000000"


class Noise:
    """A source of requests; `keys` are Guids that exist."""

    def __init__(self, seed: int, token: str, keys: list[str]) -> None:
        self.dice = random.Random(seed)
        self.token = token
        self.keys = [*keys, NO_KEY]
        self.known = sorted(endpoints().items())
        self.posting = [(path, one) for path, one in self.known if "POST" in one.methods]
        # Each body is mostly made of values that fit; how often it is not.
        self.rate = 0.05

    def requests(self, count: int) -> Iterator[Request]:
        """So many of them."""
        for _ in range(count):
            path, endpoint = self.dice.choice(self.known)
            if self.dice.random() < 0.3:
                path, endpoint = self.dice.choice(self.posting)
            sound = self.dice.random() < 0.9
            method = self.dice.choice(endpoint.methods if sound else METHODS)
            target = self.target(path, endpoint)
            request = Request(method, target, self.headers())
            if method in ("POST", "PUT", "PATCH", "MERGE") or self.dice.random() < 0.02:
                request.body = self.body(endpoint)
            yield request

    def target(self, path: str, endpoint: Endpoint) -> str:
        dice = self.dice
        division = dice.choice(["1000001"] * 40 + ["1000002", "2000001", "0", "9" * 30, "x"])
        place = path if path == "current/Me" else f"{division}/{path}"
        if dice.random() < 0.2:
            place += f"({self.literal()})"
        if dice.random() < 0.1:
            below = ["$count", "$metadata", "Nope", *endpoint.props]
            place += f"/{dice.choice(below)}"
        if dice.random() < 0.02:
            place = self.damaged(place)
        options = [self.option(endpoint) for _ in range(dice.choice([0, 0, 1, 1, 2, 3]))]
        query = "&".join(options)
        return f"/api/v1/{quote(place, safe=SAFE, errors='replace')}" + (
            f"?{query}" if query else ""
        )

    def option(self, endpoint: Endpoint) -> str:
        dice, name = self.dice, self.dice.choice([*sorted(endpoint.props), "Nope"])
        value = {
            "$filter": lambda: self.condition(endpoint),
            "$select": lambda: dice.choice([name, f"{name},{name}", "*", f"{name}/Nope", *JUNK]),
            "$orderby": lambda: dice.choice([name, f"{name} desc", f"{name} up", *JUNK]),
            "$top": lambda: dice.choice(["0", "1", "60", "61", "-1", "x", "9" * 30]),
            "$skip": lambda: dice.choice(["0", "5", "-1", "x", "9" * 30]),
            "$skiptoken": self.literal,
            "$expand": lambda: dice.choice([name, *JUNK]),
            "$inlinecount": lambda: dice.choice(["allpages", "none", "x"]),
            "$format": lambda: dice.choice(["json", "atom", "x"]),
            "modified": self.literal,
            "endPoint": lambda: dice.choice(["'TransactionLines'", *JUNK]),
        }
        key = dice.choice(sorted(value))
        return f"{key}={quote(str(value[key]()), errors='replace')}"

    def condition(self, endpoint: Endpoint) -> str:
        dice = self.dice
        parts = []
        for _ in range(dice.randrange(1, 4)):
            name = dice.choice([*sorted(endpoint.props), "Nope"])
            left = dice.choice([name] * 4 + [f"trim({name})", f"substring({name},1)", "Nope"])
            parts.append(f"{left} {dice.choice(OPERATORS)} {self.literal()}")
        text = dice.choice([" and ", " or ", " and not ", " "]).join(parts)
        return self.damaged(text) if dice.random() < 0.1 else text

    def literal(self) -> str:
        dice = self.dice
        sound = [
            f"guid'{dice.choice(self.keys)}'",
            f"datetime'2026-03-{dice.randrange(1, 40):02d}T00:00:00'",
            str(dice.randrange(10 ** dice.randrange(1, 12))),
            f"{dice.randrange(10**7)}L",
            f"'{dice.choice(['91', '1210', 'x', 'EUR'])}'",
            *("true", "null"),
        ]
        return dice.choice(sound if dice.random() < 0.7 else JUNK)

    def headers(self) -> dict[str, str]:
        dice = self.dice
        found = {"host": "sandbox.localhost", "authorization": f"Bearer {self.token}"}
        if dice.random() < 0.8:
            found["accept"] = "application/json"
        if dice.random() < 0.5:
            found["prefer"] = "return=representation"
        return found

    def body(self, endpoint: Endpoint) -> bytes:
        dice = self.dice
        if dice.random() < 0.05:
            return dice.choice([b"", b"[]", b"{", b"null", b"\xff\xfe", b"[" * 2000, b'{"a":NaN}'])
        text = json.dumps(self.row(endpoint, 0)).encode(errors="replace")
        return (
            self.damaged(text.decode()).encode(errors="replace") if dice.random() < 0.05 else text
        )

    def row(self, endpoint: Endpoint, depth: int) -> dict[str, Any]:
        dice = self.dice
        names = sorted(endpoint.props)
        chosen = dice.sample(names, min(len(names), dice.randrange(1, 12)))
        must = [name for name, prop in endpoint.props.items() if "M" in prop.flags]
        row = {
            name: self.value(name, endpoint.props[name].type)
            for name in [*chosen, *must]
            if not endpoint.props[name].child
        }
        for name, prop in endpoint.props.items():
            if prop.child and depth < 2 and dice.random() < 0.6:
                path = f"{endpoint.path.rpartition('/')[0]}/{prop.child}"
                below = endpoints().get(path, endpoint)
                row[name] = [self.row(below, depth + 1) for _ in range(dice.randrange(3))]
        if dice.random() < 0.01:
            row["Nope"] = 1
        return row

    def value(self, name: str, edm_type: str) -> Any:
        """One that fits, mostly."""
        dice = self.dice
        if dice.random() < self.rate:
            return dice.choice(VALUES)
        if name in FITTING:
            return dice.choice(FITTING[name])
        fitting: dict[str, list[Any]] = {
            "Guid": self.keys,
            "DateTime": [
                "2026-03-14",
                "2026-02-01T10:00:00",
                "2025-12-31",
                "/Date(1773446400000)/",
            ],
            "Boolean": [True, False, "true"],
            "Double": [0, 1, -1, 0.1, 12.5, -1000, "3.5"],
            "String": ["x", "Kwekerij", "2026", "W01", "\u00e9\u20ac\x01", "'"],
        }
        return dice.choice(fitting.get(edm_type, [0, 1, 2, 20, 26000001]))

    def damaged(self, text: str) -> str:
        """One character less, more or other."""
        spot = self.dice.randrange(len(text) + 1)
        return text[:spot] + self.dice.choice(JUNK) + text[spot + self.dice.randrange(2) :]
