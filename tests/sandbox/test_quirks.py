"""Quirks of Exact that a client must survive; each names its public source.

`docs/exact.md` lists all 26 and where each is shown; this file holds those with no home elsewhere.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from tests.conftest import TestClock
from tests.sandbox.errors_of_books import pair
from tests.sandbox.visitor import BOOKKEEPER, ENTRIES, GROENHOF, Visitor

LINES = "financialtransaction/TransactionLines"
ACCOUNTS = "financial/GLAccounts"
PAGE = Path(__file__).parents[2] / "docs" / "exact.md"


def rules(visitor: Visitor) -> list[str]:
    return [finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]]


def test_the_overview_has_every_quirk_and_names_a_test() -> None:
    text = PAGE.read_text(encoding="utf-8").partition("## Quirks")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[1]) for row in rows] == list(range(1, 27))
    assert all("::test_" in row[-2] for row in rows)
    assert all(row[3].strip() for row in rows), "every row names its source"


def test_the_hour_of_october_comes_twice(visitor: Visitor, clock: TestClock) -> None:
    """5. Times are Dutch wall clock in epoch clothing (Exact, FAQ; recorded on the French site)."""
    made = []
    for hour in (0, 1):
        clock.jump(datetime(2026, 10, 25, hour, 30, tzinfo=UTC))
        visitor.log_in()
        made.append(visitor.book(*pair(visitor)).json["d"]["Created"])
    # 02:30 in summer time and 02:30 in winter time are one time on the wire.
    assert made == ["/Date(1792895400000)/"] * 2


def test_several_reasons_come_in_one_500(visitor: Visitor) -> None:
    """1. Business refusals are 500, in the user's language, joined by \\r\\n (picqer #10, #325)."""
    wrong = visitor.line("8220", -5, VATCode="QQ"), visitor.line("1100", 4)
    reply = visitor.book(*wrong)
    assert (reply.status, reply.says.split("\r\n")) == (
        500,
        [
            "Ongeldige referentie: Btw-code",
            "Ongeldig: Grootboekrekeningtype",
            "De boeking is niet in evenwicht op: 2026 / 3 (Type: Overige) - Verschil: EUR -1,00",
        ],
    )
    visitor.admin("users", name=BOOKKEEPER, language="en")
    assert visitor.book(*wrong).says.startswith("Invalid reference: VAT code\r\nInvalid: G/L")


@pytest.mark.parametrize("reason", ["DivisionBlocked", "LicenseExpired", "BlockedCustomer"])
def test_without_rights_lists_are_empty_and_without_access_403(
    visitor: Visitor, reason: str
) -> None:
    """8. Exact, tips and tricks: 200 and empty; picqer #451: 403 with a Reason header."""
    visitor.admin("settings", division=GROENHOF, rights="lost")
    assert visitor.get(ACCOUNTS).json == {"d": {"results": []}}
    assert visitor.get(f"{ACCOUNTS}/$count").body == b"0"
    asked = "?endpoint='Financial/GLAccounts'&action='GET'"
    assert visitor.get(f"users/UserHasRights{asked}").json == {"d": {"UserHasRights": False}}
    visitor.admin("settings", division=GROENHOF, access=reason)
    refused = visitor.get(ACCOUNTS)
    assert (refused.status, refused.headers["Reason"]) == (403, reason)
    visitor.division = 1000002
    assert visitor.get(ACCOUNTS, top=1).status == 200, "another division is open"


def test_paths_have_one_spelling(visitor: Visitor) -> None:
    """15. Chef-Data LESSONS-LEARNED: hrm/CostCenters is 404; the judge tells what it is called."""
    assert visitor.get("hrm/CostCenters").status == 404
    assert visitor.get("Financial/GLAccounts").status == 404
    found = visitor.admin("judge", "GET")["findings"]
    assert [one["detail"] for one in found] == [
        "It is financial/GLAccounts.",
        "It is hrm/Costcenters.",
    ]


def test_a_deleted_entry_leaves_a_gap(visitor: Visitor) -> None:
    """17. "In gebruik: Boekstuknummer" (bookzo, reflex, onfact); gaps are normal."""
    numbers = []
    for amount in (1, 2, 3):
        lines = visitor.line("1210", amount), visitor.line("1205", -amount)
        entry = visitor.book(*lines).json["d"]
        numbers.append(entry["EntryNumber"])
        if amount == 2:
            where = f"/api/v1/{GROENHOF}/{ENTRIES}(guid'{entry['EntryID']}')"
    used = visitor.book(*pair(visitor), EntryNumber=numbers[0])
    assert used.says == "In gebruik: Boekstuknummer"
    assert visitor.ask("DELETE", where, None, visitor.headers).status == 204
    assert visitor.numbers() == [numbers[0], numbers[2]]
    assert visitor.book(*pair(visitor)).json["d"]["EntryNumber"] == numbers[2] + 1


def test_texts_of_users_carry_characters_that_xml_forbids(visitor: Visitor) -> None:
    """24. tap-exact cleans its Atom answers of control characters before it parses them."""
    lines = visitor.line("1210", 5, Notes="A\x01B\x0bC"), visitor.line("1205", -5)
    visitor.book(*lines)
    where = f"/api/v1/{GROENHOF}/{LINES}?$filter=EntryNumber%20gt%201&$select=Notes"
    as_json = visitor.ask("GET", where, None, visitor.headers)
    assert "A\x01B\x0bC" in [row["Notes"] for row in as_json.rows]
    plain = {"Authorization": f"Bearer {visitor.token}"}
    as_atom = visitor.ask("GET", where, None, plain)
    assert b"A\x01B\x0bC" in as_atom.body
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(as_atom.body)


@pytest.mark.parametrize(
    ("path", "options", "token"),
    [
        (ACCOUNTS, {"select": "ID"}, r"\?\$select=ID&\$skiptoken=guid'[0-9a-f-]{36}'$"),
        (ACCOUNTS, {"top": 5}, r"\?\$top=3&\$skiptoken=guid'[0-9a-f-]{36}'$"),
        (
            ACCOUNTS,
            {"orderby": "Modified asc"},
            r"\$skiptoken=datetime'2026-03-14T10%3A00%3A00',guid'[0-9a-f-]{36}'$",
        ),
        ("financial/ReportingBalance", {"select": "Amount"}, r"\$skiptoken=\d+L$"),
        ("sync/Financial/TransactionLines", {"filter": "Timestamp gt 1"}, r"\$skiptoken=\d+L$"),
    ],
)
def test_the_recorded_forms_of_the_skiptoken(
    visitor: Visitor, path: str, options: dict[str, object], token: str
) -> None:
    """4. Recorded: the key of the last row, after what it was ordered by; `$top` is lowered."""
    visitor.admin("settings", page_rows=2, page_rows_sync=2)
    visitor.book(*pair(visitor))
    visitor.book(visitor.line("1215", 7), visitor.line("1225", -7))
    following = visitor.get(path, **options).json["d"]["__next"]
    assert re.search(token, following)
    assert visitor.ask("GET", following[len(visitor.sandbox.url) :], None, visitor.headers).rows


def test_skip_works_on_old_endpoints_and_is_a_switch(visitor: Visitor) -> None:
    """Exact: gone for endpoints of after 1 March 2017; `$skip=0` was recorded in June 2026."""
    every = [row["Code"] for row in visitor.get(ACCOUNTS, select="Code", orderby="Code").rows]
    some = visitor.get(ACCOUNTS, select="Code", orderby="Code", skip=3, top=2).rows
    assert [row["Code"] for row in some] == every[3:5]
    visitor.admin("settings", skip_option="refused")
    assert visitor.get(ACCOUNTS, skip=3).status == 400
    assert rules(visitor) == ["skip-used", "skip-used"]


def test_a_count_needs_no_accept(visitor: Visitor) -> None:
    """Exact, known issues: `$count` without Accept is plain text."""
    plain = {"Authorization": f"Bearer {visitor.token}"}
    where = f"/api/v1/{GROENHOF}/{ACCOUNTS}/$count?$filter=Code%20eq%20%271210%27"
    reply = visitor.ask("GET", where, None, plain)
    assert (reply.body, reply.headers["Content-Type"]) == (b"1", "text/plain;charset=utf-8")
    assert rules(visitor) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"select": "*"}, "select-star"),
        ({"skip": 1}, "skip-used"),
        ({"filter": "Code eq '" + "x" * 6000 + "'"}, "url-too-long"),
    ],
)
def test_customs_are_watched(visitor: Visitor, broken: dict[str, str], rule: str) -> None:
    visitor.get(ACCOUNTS, **broken)
    assert rules(visitor) == [rule]


def test_what_a_request_shows_by_itself(visitor: Visitor) -> None:
    visitor.ask("GET", f"/api/v1/current/Me?access_token={visitor.token}", None, visitor.headers)
    visitor.ask("POST", f"/api/v1/{GROENHOF}/$batch", "--x", visitor.headers)
    visitor.book(visitor.line("1210", 1, Date="2026-03-14T00:00:00Z"), visitor.line("1205", -1))
    plain = {name: text for name, text in visitor.headers.items() if name != "Content-Type"}
    visitor.ask("POST", f"/api/v1/{GROENHOF}/{ENTRIES}", "{}", plain)
    assert rules(visitor)[::-1] == [
        "secret-in-url",
        "batch-used",
        "date-with-zone",
        "no-content-type",
    ]
    dutch = visitor.admin("judge", "GET", lang="nl")["findings"][0]["says"]
    assert dutch == "Geen 'Content-Type: application/json' bij een inhoud."
