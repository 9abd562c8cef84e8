"""The OData dialect: shapes, pages, filters and types as people have recorded them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from tests.conftest import TestClock
from tests.sandbox.visitor import ENTRIES, Visitor

SYNC = "sync/Financial/TransactionLines"


def follow(visitor: Visitor, reply: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list."""
    pages = [reply.rows]
    while isinstance(reply.json["d"], dict) and "__next" in reply.json["d"]:
        address = reply.json["d"]["__next"]
        assert address.startswith(visitor.sandbox.url)
        reply = visitor.ask("GET", address[len(visitor.sandbox.url) :], None, visitor.headers)
        pages.append(reply.rows)
    return pages


def codes(pages: list[list[dict[str, Any]]]) -> list[str]:
    return [row["Code"] for page in pages for row in page]


def test_paging_yields_every_row_once(visitor: Visitor) -> None:
    pages = follow(visitor, visitor.get("financial/GLAccounts", select="Code"))
    assert [len(page) for page in pages] == [60, 51]
    found = codes(pages)
    assert len(set(found)) == len(found) == 111
    assert int(visitor.get("financial/GLAccounts/$count").body) == 111


@pytest.mark.parametrize(
    "order", ["Code desc", "Type", "Type desc,Code", "VATCode", "VATCode desc"]
)
def test_paging_follows_the_order_asked_for(visitor: Visitor, order: str) -> None:
    visitor.admin("settings", page_rows=20)
    pages = follow(visitor, visitor.get("financial/GLAccounts", orderby=order))
    rows = [row for page in pages for row in page]
    assert len({row["ID"] for row in rows}) == len(rows) == 111
    for term in reversed(order.split(",")):
        name, _, down = term.partition(" ")
        again = sorted(
            rows, key=lambda row: (row[name] is not None, row[name] or 0), reverse=bool(down)
        )
        assert [row[name] for row in again] == [row[name] for row in rows] or "," in order


def test_the_shape_depends_on_top(visitor: Visitor) -> None:
    small = visitor.get("financial/GLAccounts", select="Code", top=60)
    assert isinstance(small.json["d"], list)
    large = visitor.get("financial/GLAccounts", select="Code", top=100)
    assert len(large.json["d"]["results"]) == 60
    assert "$top=40&$skiptoken=guid'" in large.json["d"]["__next"]
    assert len(codes(follow(visitor, large))) == 100


def test_a_page_that_is_just_full_leads_to_an_empty_one(visitor: Visitor) -> None:
    visitor.admin("settings", page_rows=37)
    pages = follow(visitor, visitor.get("financial/GLAccounts", select="Code"))
    assert [len(page) for page in pages] == [37, 37, 37, 0]


def test_inlinecount_and_expand(visitor: Visitor) -> None:
    visitor.book(visitor.line("1210", 10), visitor.line("1205", -10))
    reply = visitor.get(ENTRIES, inlinecount="allpages", expand="GeneralJournalEntryLines")
    assert reply.json["d"]["__count"] == "1"
    lines = reply.rows[0]["GeneralJournalEntryLines"]["results"]
    assert [line["AmountFC"] for line in lines] == [10.0, -10.0]
    picked = visitor.get(
        ENTRIES,
        select="EntryNumber,GeneralJournalEntryLines/AmountFC",
        expand="GeneralJournalEntryLines",
    ).rows[0]
    assert set(picked) == {"__metadata", "EntryNumber", "GeneralJournalEntryLines"}
    assert set(picked["GeneralJournalEntryLines"]["results"][0]) == {"__metadata", "AmountFC"}


def test_an_expanded_list_holds_sixty_lines_and_a_way_on(visitor: Visitor) -> None:
    lines = [visitor.line("1210", 1, Description=f"line {n}") for n in range(64)]
    visitor.book(*lines, visitor.line("1205", -64))
    inner = visitor.get(ENTRIES, expand="GeneralJournalEntryLines").rows[0][
        "GeneralJournalEntryLines"
    ]
    assert len(inner["results"]) == 60
    tail = visitor.ask(
        "GET", inner["__next"][len(visitor.sandbox.url) :], None, visitor.headers
    ).rows
    assert [row["LineNumber"] for row in tail] == [61, 62, 63, 64, 65]


FILTERS = [
    ("Code eq '1210'", ["1210"]),
    ("Code eq '1210 '", ["1210"]),
    ("trim(Code) eq '1210'", ["1210"]),
    ("startswith(Code,'121') eq true", ["1210", "1215"]),
    ("substringof('ONDERWEG',Description) and Type eq 90", ["1210", "1215", "2400"]),
    ("Code ge '1500' and Code lt '1511'", ["1500", "1510"]),
    ("(Code eq '1500' or Code eq '1510') and not (Description eq 'x')", ["1500", "1510"]),
    ("not (Type ne 12)", ["1100", "1101", "1102"]),
    ("VATCode ne null", ["8000", "8010"]),
    ("Type eq 12L and IsBlocked eq false", ["1100", "1101", "1102"]),
    ("Description eq 'Personeelsactiviteiten \"buitenshuis\"'", ["0110"]),
    ("Created ge datetime'2026-03-14T10:00:00' and Code eq '1000'", ["1000"]),
    ("Created lt datetime'2026-03-14T10:00:00'", []),
]


@pytest.mark.parametrize(("text", "wanted"), FILTERS)
def test_filters(visitor: Visitor, text: str, wanted: list[str]) -> None:
    reply = visitor.get("financial/GLAccounts", select="Code", filter=text)
    assert reply.status == 200, reply.body
    assert sorted(codes([reply.rows])) == wanted


def test_a_filter_by_guid_and_a_row_by_key(visitor: Visitor) -> None:
    row = visitor.get("financial/GLAccounts", filter="Code eq '1210'").rows[0]
    by_filter = visitor.get("financial/GLAccounts", filter=f"ID eq guid'{row['ID']}'")
    assert codes([by_filter.rows]) == ["1210"]
    one = visitor.get(f"financial/GLAccounts(guid'{row['ID']}')").json["d"]
    assert one == row
    assert row["__metadata"]["uri"].endswith(f"/1000001/financial/GLAccounts(guid'{row['ID']}')")
    assert row["__metadata"]["type"] == "Exact.Web.Api.Models.GLAccount"
    assert visitor.get("system/Divisions(1000001)").json["d"]["Currency"] == "EUR"


WRONG = [
    ("financial/GLAccounts", {"filter": "Nope eq 1"}, 400, "No property 'Nope' exists"),
    ("financial/GLAccounts", {"select": "Nope"}, 400, "No property 'Nope' exists"),
    ("financial/GLAccounts", {"filter": "Code eq 1"}, 400, "incompatible with operand types"),
    ("financial/GLAccounts", {"filter": "Code eq"}, 400, "Syntax error"),
    ("financial/GLAccounts", {"filter": "ID eq guid'12'"}, 400, "Edm.Guid"),
    ("financial/GLAccounts", {"filter": "Code eq Description"}, 400, "two properties"),
    ("financial/GLAccounts", {"top": "x"}, 400, "Incorrect format"),
    ("financial/GLAccounts", {"filter": "substring(Code,1) eq '2'"}, 501, "Not Implemented"),
    ("financialtransaction/TransactionLines", {}, 400, "has mandatory filtering applied"),
    (SYNC, {"filter": "Type eq 90"}, 400, "Timestamp"),
    ("Financial/GLAccounts", {}, 404, "not found"),
    ("hrm/CostCenters", {}, 404, "not found"),
]


@pytest.mark.parametrize(("path", "options", "status", "text"), WRONG)
def test_what_exact_does_not_take(
    visitor: Visitor, path: str, options: dict[str, str], status: int, text: str
) -> None:
    reply = visitor.get(path, **options)
    assert reply.status == status
    assert text in reply.says


def test_mandatory_filter_and_select_are_switches(visitor: Visitor) -> None:
    visitor.admin("settings", mandatory_filter=False, mandatory_select=True)
    lines = "financialtransaction/TransactionLines"
    assert visitor.get(lines).says.startswith("Please add a $select or a $top=1 statement")
    assert visitor.get(lines, top=1).status == 200
    assert visitor.get(lines, select="ID").status == 200


def test_types_on_the_wire(visitor: Visitor, clock: TestClock) -> None:
    clock.move(days=121)
    visitor.log_in()
    posted = visitor.book(visitor.line("1210", 10.5), visitor.line("1205", -10.5))
    body = posted.body.decode()
    # 13 July 2026, 09:00 UTC is 11:00 in Amsterdam, written as if that were UTC.
    assert '"Created":"\\/Date(1783940400000)\\/"' in body
    assert posted.headers["Content-Type"] == "application/json;charset=utf-8"
    vat = {row["Code"]: row for row in visitor.get("vat/VATCodes").rows}
    assert vat["2  "]["Percentage"] == 0.21
    rates = [
        (row["Percentage"], row["EndDate"])
        for row in visitor.get("vat/VatPercentages").rows
        if row["VATCodeID"] == vat["1  "]["ID"]
    ]
    assert sorted(rates, key=lambda rate: rate[0]) == [
        (0.06, "/Date(1546214400000)/"),
        (0.09, None),
    ]
    line = visitor.get(SYNC, filter="Timestamp gt 1").rows[1]
    assert line["Timestamp"] == "5000001"
    assert line["Date"] == "/Date(1773446400000)/"
    assert line["AmountDC"] == 10.5


def test_me_is_a_list_of_one_without_rate_headers(visitor: Visitor) -> None:
    reply = visitor.ask("GET", "/api/v1/current/Me", None, visitor.headers)
    me = reply.rows[0]
    assert me["CurrentDivision"] == 1000001
    assert (me["ServerTime"], me["ServerUtcOffset"]) == ("2026-03-14T10:00:00", 3600)
    assert not [name for name in reply.headers if name.startswith("X-RateLimit")]


def test_sync_has_a_header_row_and_continues_after_its_timestamp(visitor: Visitor) -> None:
    visitor.admin("settings", page_rows_sync=4)
    for _ in range(3):
        visitor.book(visitor.line("1210", 10), visitor.line("1205", -10))
    options = {"filter": "Timestamp gt 1", "select": "LineNumber,Timestamp,AmountDC"}
    pages = follow(visitor, visitor.get(SYNC, **options))
    rows = [row for page in pages for row in page]
    assert [row["LineNumber"] for row in rows] == [0, 1, 2] * 3
    stamps = [int(row["Timestamp"]) for row in rows]
    assert stamps == sorted(set(stamps))
    later = visitor.get(SYNC, filter=f"Timestamp gt {stamps[-4]}L", select="LineNumber")
    assert len(later.rows) == 3
    assert visitor.get("financialtransaction/TransactionLines/$count").status == 400


def test_small_lists(visitor: Visitor) -> None:
    journals = {row["Code"]: row for row in visitor.get("financial/Journals").rows}
    assert journals["91"]["AllowVAT"] is True
    assert journals["92"]["AllowVAT"] is False
    assert {row["Code"] for row in visitor.get("general/Currencies").rows} >= {"EUR", "NOK"}
    periods = visitor.get("financial/FinancialPeriods", filter="FinYear eq 2027").rows
    assert len(periods) == 12
    visitor.admin("periods", division=1000001, year=2026, period=2)
    closed = visitor.get("read/financial/JournalStatusList", filter="Status eq 1").rows
    assert {(row["Journal"], row["Year"], row["Period"]) for row in closed} == {
        (code, 2026, 2) for code in journals
    }
    asked = "?endpoint='Financial/GLAccounts'&action='GET'"
    assert visitor.get(f"users/UserHasRights{asked}").json == {"d": {"UserHasRights": True}}


def test_without_json_the_answer_is_atom(visitor: Visitor) -> None:
    headers = {"Authorization": f"Bearer {visitor.token}"}
    reply = visitor.ask("GET", "/api/v1/1000001/financial/Journals?$select=Code", None, headers)
    assert reply.headers["Content-Type"].startswith("application/atom+xml")
    feed = etree.fromstring(reply.body)
    space = "{http://schemas.microsoft.com/ado/2007/08/dataservices}"
    assert "91" in [node.text for node in feed.iter(f"{space}Code")]
    rules = [finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]]
    assert rules == ["no-accept"]


def test_another_users_division_is_forbidden(visitor: Visitor) -> None:
    visitor.division = 2000001
    reply = visitor.get("financial/Journals")
    assert (reply.status, reply.headers["Reason"]) == (403, "NoDivisionAccess")
    assert json.dumps(visitor.admin("calls", "GET")).count("2000001") > 0
