"""Reading records page by page from the sandbox: what is new, what changed, what is gone."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

import pytest

from retailvista.connectors.exact_online import feeding
from retailvista.connectors.exact_online.catalogue import catalogue
from retailvista.connectors.record_visits import Reader, reader_for
from retailvista.connectors.records import Asked, RecordsSession, Row, Way
from retailvista.errors import Refused
from retailvista.sandbox import records as store
from retailvista.sandbox.overviews import refresh
from retailvista.vault import Secret
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF

LISTED = [entity for entity in catalogue().entities if entity.listed]
SESSION = RecordsSession("https://start.exactonline.nl", 7, Secret("x"))
ITEMS = "logistics/Items"


@pytest.fixture
def reader(connected: Side) -> Reader:
    connected.sandbox.store.set("limits", "off")
    return reader_for(connected.outside, connected.connector().id)


def everything(reader: Reader, asked: Asked) -> list[Row]:
    """All rows, page after page."""
    rows, address = [], ""
    while True:
        page = reader.page(asked, address)
        rows += page.rows
        address = page.next
        if not address:
            return rows


def address_of(key: str, way: Way, **more: object) -> str:
    return feeding.first(SESSION, catalogue().endpoint(key), Asked(key, way, **more))


def test_each_of_the_58_endpoints_answers_in_its_best_way(clock, reader: Reader):
    empty = []
    for entity in LISTED:
        clock.move(seconds=2)  # 30 calls a minute
        page = reader.page(Asked(entity.key, entity.way))
        columns = {found.name for found in entity.columns}
        for row in page.rows:
            assert columns <= row.keys(), entity.key
            assert all(row[name] is not None for name in entity.row_key), entity.key
        if not page.rows:
            empty.append(entity.table)
    # Nothing was booked, attached or deleted yet.
    assert empty == [
        *("Deleted", "Documents_DocumentAttachments", "FinancialTransaction_TransactionLines"),
        *("Financial_ReportingBalance", "Financial_GLAccountClassificationMappings"),
    ]


@pytest.mark.statement("D-36")
def test_only_what_changed_is_asked_for(connected: Side, reader: Reader):
    asked = Asked(ITEMS, Way.SYNC)
    page = reader.page(asked)
    assert len(page.rows) == 3
    later = Asked(ITEMS, Way.SYNC, since=page.mark)
    assert reader.page(later).rows == ()
    assert reader.page(later).mark == page.mark
    new = {"ID": page.rows[0]["ID"], "Code": "P100", "Description": "Lavendel"}
    store.put(connected.sandbox.store, GROENHOF, ITEMS, [new])
    changed = reader.page(later)
    assert [row["Description"] for row in changed.rows] == ["Lavendel"]
    assert int(changed.mark) > int(page.mark)


def test_pages_follow_one_another_until_the_last(connected: Side, reader: Reader):
    rows = [{"Code": f"N{number}", "Description": "x"} for number in range(2_005)]
    store.put(connected.sandbox.store, GROENHOF, ITEMS, rows)
    reader.page(Asked("hrm/Costcenters", Way.MODIFIED))
    calls = connected.lane().day_used
    assert len(everything(reader, Asked(ITEMS, Way.SYNC))) == 2_008
    assert connected.lane().day_used == calls + 3
    assert len(everything(reader, Asked(ITEMS, Way.BULK))) == 2_008
    assert connected.lane().day_used == calls + 6


def test_the_lane_is_free_between_two_pages(connected: Side, reader: Reader):
    reader.page(Asked(ITEMS, Way.SYNC))
    assert connected.lane().lease_until is None


def test_deletions_are_told_by_number_and_key(connected: Side, reader: Reader):
    row = reader.page(Asked(ITEMS, Way.SYNC)).rows[0]
    kept = store.find(connected.sandbox.store, ITEMS, GROENHOF, str(row["ID"]))
    assert kept is not None
    store.remove(connected.sandbox.store, kept, "anna")
    page = reader.page(Asked(reader.records.deletions(), Way.DELETED))
    told = [reader.records.deletion(found) for found in page.rows]
    assert [(found.deleted_as, found.key) for found in told] == [(9, row["ID"])]
    assert told[0].mark == page.mark


def test_modified_is_asked_from_before_the_mark(clock, reader: Reader):
    asked = Asked("hrm/Costcenters", Way.MODIFIED)
    page = reader.page(asked)
    assert page.mark == "2026-03-14T10:00:00"  # 09:00 UTC, as Exact writes it in March
    assert "Modified ge datetime'2026-03-14T08:45:00'" in unquote(
        address_of("hrm/Costcenters", Way.MODIFIED, since=page.mark)
    )
    clock.move(minutes=70)
    again = reader.page(Asked("hrm/Costcenters", Way.MODIFIED, since=page.mark))
    assert len(again.rows) == len(page.rows)
    clock.move(minutes=10)
    last = reader.page(Asked("hrm/Costcenters", Way.MODIFIED, since=again.mark))
    assert reader.page(Asked("hrm/Costcenters", Way.MODIFIED, since=last.mark)).rows == ()


def test_a_change_in_the_hour_that_october_repeats_is_not_missed():
    """A pass ends at 02:59 summer time; a row changed at 02:01 winter time lies before its mark."""
    mark = feeding.local(datetime.fromisoformat("2026-10-25T00:59:00+00:00"))
    assert mark.isoformat() == "2026-10-25T02:59:00"
    changed = feeding.local(datetime.fromisoformat("2026-10-25T01:01:00+00:00"))
    assert changed.isoformat() == "2026-10-25T02:01:00"
    assert changed > mark - feeding.OVERLAP


def test_a_filter_of_a_person_is_kept_beside_ours():
    address = address_of(
        "hrm/Costcenters",
        Way.MODIFIED,
        since="2026-03-14T10:00:00",
        query={"$filter": "Code eq 'W01'"},
    )
    assert "(Code eq 'W01') and Modified ge " in unquote(address)
    with pytest.raises(Refused, match="takes no filter"):
        address_of(ITEMS, Way.SYNC, query={"$filter": "Code eq 'W01'"})
    narrow = address_of(ITEMS, Way.SYNC, select=("Code",))
    assert narrow.endswith("$select=ID,Code,Timestamp")


def test_a_list_that_wants_a_filter_gets_one_that_keeps_everything(reader: Reader):
    by_feed = everything(reader, Asked(ITEMS, Way.SYNC))
    by_list = everything(reader, Asked(ITEMS, Way.FULL))
    assert {row["ID"] for row in by_list} == {row["ID"] for row in by_feed}


def test_a_beta_endpoint_has_its_word_before_the_division():
    address = address_of("beta/budget/BudgetScenarios", Way.MODIFIED)
    assert address.startswith(f"{SESSION.site}/api/v1/beta/7/budget/BudgetScenarios?")


def test_rows_are_counted_in_one_call(connected: Side, reader: Reader):
    rows = [{"Code": f"N{number}"} for number in range(70)]
    store.put(connected.sandbox.store, GROENHOF, ITEMS, rows)
    reader.page(Asked("hrm/Costcenters", Way.MODIFIED))
    calls = connected.lane().day_used
    assert reader.count(Asked(ITEMS, Way.SYNC)) == 73
    assert reader.count(Asked("hrm/Costcenters", Way.MODIFIED)) == 2
    assert connected.lane().day_used == calls + 2
    refresh(connected.sandbox.store, "aging", GROENHOF)
    assert reader.count(Asked("read/financial/AgingOverview", Way.FULL)) == 5


def test_the_rowversion_of_a_moment_is_where_bulk_hands_over_to_sync(
    connected: Side, clock, reader: Reader
):
    key = "salesorder/GoodsDeliveries"
    before = reader.mark_of(key, clock.now())
    changed = reader.page(Asked(key, Way.BULK)).rows[0]
    clock.move(minutes=5)
    store.put(connected.sandbox.store, GROENHOF, key, [{"EntryID": changed["EntryID"]}])
    page = reader.page(Asked(key, Way.SYNC, since=before))
    assert changed["EntryID"] in [row["EntryID"] for row in page.rows]
    assert reader.mark_of(ITEMS, clock.now()) == ""


def test_a_page_of_another_host_is_not_fetched(reader: Reader):
    with pytest.raises(Refused, match="another host"):
        reader.page(Asked(ITEMS, Way.SYNC), "https://elsewhere.example/api/v1/7/x")


@pytest.mark.parametrize("fault", ["html_200", "empty_200", "dying_swan", "cut_at_byte=400"])
def test_half_a_page_is_none(connected: Side, reader: Reader, fault: str):
    name, _, value = fault.partition("=")
    connected.sandbox.faults.add(name, value=value or None, path="*sync/Logistics/Items*")
    with pytest.raises(Exception, match="Exact Online"):
        reader.page(Asked(ITEMS, Way.SYNC))
    assert len(reader.page(Asked(ITEMS, Way.SYNC)).rows) == 3
