"""Writing records: addresses, every row of the table of answers over HTTP, and finding back.

The last column of the table says whether the article is in Exact afterwards: an outcome that
calls itself safe must never be said while it is.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from retailvista.connectors.exact_online import record_finding, record_writing
from retailvista.connectors.port import Outcome
from retailvista.connectors.records import (
    Entity,
    Kind,
    Property,
    RecordsSession,
    ToFind,
    ToWrite,
    Way,
)
from retailvista.errors import Refused
from retailvista.vault import Secret
from tests.connectors.exact_online.books import session_of
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF, Visitor

ITEMS = Entity(
    key="logistics/Items",
    name="Items",
    service="Logistics",
    properties=(
        Property("ID", Kind.GUID, is_key=True),
        Property("Code", Kind.TEXT, mandatory=True),
        Property("Description", Kind.TEXT, mandatory=True),
        Property("IsSalesItem", Kind.BOOLEAN),
        Property("CostPriceStandard", Kind.DECIMAL),
        Property("StartDate", Kind.MOMENT),
    ),
    row_key=("ID",),
    way=Way.SYNC,
    actions=frozenset({"create", "update", "delete"}),
)
SHOWN = {prop.name for prop in ITEMS.properties} | {"Division", "Created"}
ARTICLE = {"Code": "P-100", "Description": "Lavendel 'Hidcote' 9 cm", "IsSalesItem": True}
KEY = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


def session_for(side: Side) -> RecordsSession:
    books = session_of(side)
    return RecordsSession(books.site, books.division, books.access_token)


def offline() -> RecordsSession:
    return RecordsSession("https://start.exactonline.nl", GROENHOF, Secret("t"))


def create(article: dict[str, object] = ARTICLE) -> ToWrite:
    return ToWrite("logistics/Items", "create", body=json.dumps(article).encode())


def stored(side: Side) -> list[str]:
    rows = side.sandbox.store.rows(
        "SELECT json_extract(body, '$.Code') FROM record WHERE entity = 'logistics/Items'"
        " AND Division = ? AND json_extract(body, '$.Code') LIKE 'P-1%'", GROENHOF)  # fmt: skip
    return [str(row[0]) for row in rows]


@pytest.mark.statement("A-17", "A-18", "A-19", "A-25")
@pytest.mark.parametrize(
    ("path", "query", "plus", "url"),
    [
        ({"id": KEY.upper()}, {}, False, f"logistics/Items(guid'{KEY}')"),
        ({"ID": KEY}, {"type": "true", "start": "0"}, False,
         f"logistics/Items(guid'{KEY}')?type=true&start=0"),
        ({"id": KEY}, {"note": "een twee+drie&vier"}, False,
         f"logistics/Items(guid'{KEY}')?note=een%20twee%2Bdrie%26vier"),
        ({"id": KEY}, {"note": "een twee+drie&vier"}, True,
         f"logistics/Items(guid'{KEY}')?note=een+twee%2Bdrie%26vier"),
    ],
)  # fmt: skip
def test_path_and_query_become_an_address(path, query, plus, url):
    to_write = ToWrite("logistics/Items", "update", path, query, b"{}", space_as_plus=plus)
    found = record_writing.request_of(offline(), ITEMS, to_write)
    assert found.method == "PUT"
    assert found.url == f"https://start.exactonline.nl/api/v1/{GROENHOF}/{url}"


@pytest.mark.statement("A-18")
def test_a_value_with_slash_and_quote_stays_in_its_place():
    named = replace(ITEMS, properties=(Property("Code", Kind.TEXT, is_key=True),))
    to_write = ToWrite("logistics/Items", "delete", {"Code": "a/b 'c'?#"})
    found = record_writing.request_of(offline(), named, to_write)
    assert found.url.endswith("logistics/Items('a%2Fb%20%27%27c%27%27%3F%23')")
    assert found.body == b""


@pytest.mark.statement("A-18")
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ({}, r"needs a value for \{id\}"),
        ({"id": "  "}, r"needs a value for \{id\}"),
        ({"id": "P-100"}, "'P-100' is no key"),
    ],
)
def test_a_path_value_that_is_missing_is_refused_before_anything_is_sent(path, says):
    with pytest.raises(Refused, match=says):
        record_writing.request_of(offline(), ITEMS, ToWrite("logistics/Items", "update", path))
    with pytest.raises(Refused, match=r"value for \{channelId\}"):
        record_writing.fill("channels/{channelId}/orders", path)


@pytest.mark.statement("A-16")
def test_an_action_that_the_entity_does_not_allow_is_refused():
    reading = replace(ITEMS, actions=frozenset())
    with pytest.raises(Refused, match="'create'"):
        record_writing.request_of(offline(), reading, create())


ROWS = [
    ("created", None, "", Outcome.BOOKED, True),
    ("request lost", "drop_before", "", Outcome.UNKNOWN, False),
    ("answer lost", "drop_after_commit", "", Outcome.UNKNOWN, True),
    ("cut in the headers", "cut_at_byte", "12", Outcome.UNKNOWN, True),
    ("cut in the body", "cut_at_byte", "700", Outcome.UNKNOWN, True),
    ("breaks off in the JSON", "dying_swan", "", Outcome.UNKNOWN, True),
    ("502 after the commit", "error_after_commit", "502", Outcome.UNKNOWN, True),
    ("408 after the commit", "error_after_commit", "408", Outcome.UNKNOWN, True),
    ("500 without Exact's body", "error_after_commit", "500", Outcome.UNKNOWN, True),
    ("maintenance page, 200", "html_200", "", Outcome.UNKNOWN, False),
    ("maintenance page, 200, stored", "html_200", "after", Outcome.UNKNOWN, True),
    ("maintenance page, 503", "html_503", "", Outcome.UNKNOWN, False),
    ("200 and nothing", "empty_200", "after", Outcome.UNKNOWN, True),
    ("fault with Exact's body", "problem_500", "", Outcome.REFUSED_UNKNOWN, False),
    ("fault with Exact's body, stored", "problem_500", "after", Outcome.REFUSED_UNKNOWN, True),
    ("known refusal", "refuse", "Verplicht: Omschrijving", Outcome.REFUSED_KNOWN, False),
    ("is there already", "refuse", "Gegeven bestaat reeds.", Outcome.NUMBER_IN_USE, False),
    ("says nothing", "transient_400", "", Outcome.REJECTED, False),
    ("throttled", "429", "minute", Outcome.THROTTLED, False),
    ("token refused", "401", "", Outcome.TOKEN_REFUSED, False),
]


@pytest.mark.parametrize(
    ("fault", "value", "outcome", "is_there"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_each_row_of_the_table(connected: Side, fault, value, outcome, is_there):
    session = session_for(connected)
    if fault:
        connected.sandbox.faults.add(fault, value=value, method="POST", path="*logistics/Items*")
    request = record_writing.request_of(session, ITEMS, create())
    written = record_writing.send(connected.outside.wire, session, request)
    assert written.outcome is outcome
    assert stored(connected) == (["P-100"] if is_there else [])
    if outcome is Outcome.BOOKED:
        assert written.record is not None
        assert written.record["Code"] == "P-100"


def test_update_and_delete_answer_204_and_a_missing_record_is_said(connected: Side):
    session, wire = session_for(connected), connected.outside.wire
    made = record_writing.send(
        wire, session, record_writing.request_of(session, ITEMS, create()))  # fmt: skip
    key = {"id": str((made.record or {})["ID"])}
    body = json.dumps({"Description": "Lavendel 13 cm"}).encode()
    for action, outcome in (("update", Outcome.BOOKED), ("delete", Outcome.BOOKED),
                            ("delete", Outcome.REJECTED)):  # fmt: skip
        asked = ToWrite("logistics/Items", action, key, body=body)
        request = record_writing.request_of(session, ITEMS, asked)
        assert record_writing.send(wire, session, request).outcome is outcome, action


def test_a_record_is_found_back_by_what_we_gave_it(connected: Side):
    session, wire = session_for(connected), connected.outside.wire
    mark = record_finding.mark_for(ITEMS, ARTICLE)
    assert mark is not None
    assert mark.unique
    wanted = ToFind({name: ARTICLE[name] for name in mark.properties}, ARTICLE)
    absent = record_finding.find(wire, session, ITEMS, SHOWN, wanted)
    assert (absent.good, absent.rows) == (True, ())
    record_writing.send(wire, session, record_writing.request_of(session, ITEMS, create()))
    found = record_finding.find(wire, session, ITEMS, SHOWN, wanted)
    assert len(found.rows) == 1
    assert record_finding.differences(ITEMS, ARTICLE, found.rows[0]) == []
    other = ARTICLE | {"Description": "Buxus"}
    assert record_finding.differences(ITEMS, other, found.rows[0]) == ["Description"]


def test_an_empty_list_proves_nothing_without_the_right_to_read(connected: Side):
    Visitor(connected.sandbox).admin("settings", rights="lost")
    wanted = ToFind({"Code": "P-100"}, ARTICLE)
    found = record_finding.find(
        connected.outside.wire, session_for(connected), ITEMS, SHOWN, wanted
    )
    assert not found.good


@pytest.mark.parametrize("fault", ["html_200", "drop_before", "html_503", "dying_swan"])
def test_a_failed_look_is_not_good(connected: Side, fault: str):
    connected.sandbox.faults.add(fault, method="GET", path="*logistics/Items*")
    wanted = ToFind({"Code": "P-100"}, ARTICLE)
    found = record_finding.find(
        connected.outside.wire, session_for(connected), ITEMS, SHOWN, wanted
    )
    assert not found.good


@pytest.mark.parametrize(
    ("name", "sent", "found", "equal"),
    [
        ("CostPriceStandard", "12.50", Decimal("12.500000000000002"), True),
        ("CostPriceStandard", 12.5, Decimal("12.51"), False),
        ("IsSalesItem", True, 1, True),
        ("Code", "p-100 ", "P-100", True),
        ("StartDate", "2026-03-14", "/Date(1773446400000)/", True),
        ("StartDate", "2026-03-15", "/Date(1773446400000)/", False),
        ("Description", None, "", True),
        ("Lines", [{"Quantity": 2}], {"results": [{"Quantity": Decimal(2)}]}, True),
        ("Lines", [{"Quantity": 2}], {"results": []}, False),
        ("Lines", [{"Quantity": 2}], {"results": [{"Quantity": Decimal(3)}]}, False),
    ],
)
def test_what_counts_as_the_same(name, sent, found, equal):
    wrong = record_finding.differences(ITEMS, {name: sent}, {name: found})
    assert wrong == ([] if equal else [name])
