"""20,000 requests of half sense and half nonsense: answered, and never with a fault of our own.

A refusal of the books is HTTP 500 at Exact, so a 500 must carry the text of a refusal; an error of
the sandbox itself would be raised right here, because the requests do not pass a socket.
"""

from __future__ import annotations

import json
import random
import socket
from collections import Counter

from retailvista.sandbox import refusals
from retailvista.sandbox.answers import Answer, Request
from tests.sandbox.noise import Noise
from tests.sandbox.visitor import Visitor

REQUESTS, DAMAGED = 19_000, 1_000
ALLOWED = {200, 201, 204, 400, 401, 403, 404, 405, 414, 500, 501}


def is_meant(request: Request, answer: Answer) -> bool:
    """Not a fault: any status that says whose mistake it is, and 500 with words of the books."""
    if answer.status != 500:
        return answer.status in ALLOWED
    said = answer.body.decode()
    if "json" in request.headers.get("accept", ""):
        said = json.loads(answer.body)["error"]["message"]["value"]
    return bool(said) and refusals.SERVER_FAULT not in said


def keys_of(visitor: Visitor) -> list[str]:
    """Keys that exist: of relations, accounts, items and an entry."""
    rows = visitor.sandbox.store.rows(
        "SELECT key FROM record WHERE Division = 1000001 AND length(key) = 36 LIMIT 300"
    )
    entry = visitor.book(visitor.line("1210", 5), visitor.line("1205", -5)).json["d"]["EntryID"]
    return [row[0] for row in rows] + [entry]


def test_twenty_thousand_requests(visitor: Visitor) -> None:
    visitor.admin("settings", limits=False)
    noise = Noise(20, visitor.token, keys_of(visitor))
    seen: Counter[int] = Counter()
    for request in noise.requests(REQUESTS):
        line = f"{request.method} {request.target} {request.body[:2000]!r}"
        try:
            answer = visitor.sandbox.carry_out(request)
        except BaseException as fault:
            fault.add_note(line)
            raise
        assert is_meant(request, answer), f"{answer.status} {answer.body[:300]!r} to {line}"
        seen[answer.status] += 1
    # The noise must reach the books, not only the door.
    assert seen[200] > 1000
    assert seen[201] > 100
    assert seen[500] > 100
    balance = visitor.admin("balance", "GET", division=1000001)["balance"]
    assert sum(row["debit"] - row["credit"] for row in balance) == 0


def test_a_thousand_damaged_requests_on_the_wire(visitor: Visitor) -> None:
    """Whatever bytes come, the next caller is answered."""
    dice = random.Random(7)
    sound = (
        f"POST /api/v1/1000001/crm/Accounts?$select=ID HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {visitor.token}\r\nContent-Length: 14\r\n\r\n"
        '{"Name": "Q"}\n'
    ).encode()
    for _ in range(DAMAGED):
        spot, size = dice.randrange(len(sound)), dice.choice([0, 1, 1, 4, 40])
        noise = bytes(dice.randrange(256) for _ in range(dice.choice([0, 1, 4])))
        with socket.create_connection(("127.0.0.1", visitor.sandbox.port), timeout=5) as link:
            link.sendall(sound[:spot] + noise + sound[spot + size :])
            link.shutdown(socket.SHUT_WR)
            came = link.makefile("rb").read()
        assert came == b"" or came.startswith(b"HTTP/1.1 ")
        assert not came.startswith((b"HTTP/1.1 502", b"HTTP/1.1 503"))
    assert visitor.ask("GET", "/").status == 200
