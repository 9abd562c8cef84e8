"""RetailVista's own records as a source: journals, their lines, receipts, items of the inbox."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import update

from retailvista import db
from retailvista.errors import NotFound
from retailvista.flows import own_data
from retailvista.flows.own_data import OwnPage, Wanted
from retailvista.journals.models import JournalRow, TillFile
from tests.journals.shop import GROENHOF, Shop, open_shop


@pytest.fixture
def shop(tmp_path, clock) -> Shop:
    shop = open_shop(tmp_path, clock)
    for file in GROENHOF:
        assert shop.read(file).state == "read"
    shop.link()
    return shop


def read(shop: Shop, entity: str, wanted: Wanted | None = None) -> OwnPage:
    return shop.see(own_data.page, entity, wanted or Wanted())


def everything(shop: Shop, entity: str, since: str = "") -> tuple[list[tuple[str, dict]], str]:
    """All pages, and the mark of the last one."""
    rows, address, mark = [], "", ""
    while True:
        page = read(shop, entity, Wanted(since, address))
        rows += page.rows
        address, mark = page.next, page.mark
        if not address:
            return rows, mark


def test_receipts_come_once_in_the_order_they_were_stored(shop: Shop):
    rows, mark = everything(shop, "receipts")
    assert len(rows) > 10
    assert len({key for key, _row in rows}) == len(rows)
    assert all(Decimal(row["total"]).as_tuple().exponent == -2 for _key, row in rows)
    assert everything(shop, "receipts", mark) == ([], mark)


def test_receipts_of_a_file_that_is_being_read_wait_and_are_not_passed_over(shop: Shop):
    whole, _mark = everything(shop, "receipts")

    def reading(session, state):
        with db.transaction(session):
            session.execute(update(TillFile).where(TillFile.id == 2).values(state=state))

    shop.do(reading, "reading")
    before, mark = everything(shop, "receipts")
    assert 0 < len(before) < len(whole)
    shop.do(reading, "read")
    after, _mark = everything(shop, "receipts", mark)
    assert before + after == whole


def as_released(session) -> None:
    """As a release leaves them, without a connector to release to."""
    with db.transaction(session):
        values = {"state": "released", "released_at": db.now(session)}
        session.execute(update(JournalRow).values(**values))


def test_lines_of_released_journals_balance(shop: Shop):
    shop.build()
    assert everything(shop, "journal_lines")[0] == []
    shop.do(as_released)
    rows, mark = everything(shop, "journal_lines")
    assert rows
    assert sum(Decimal(row["amount"]) for _key, row in rows) == 0
    assert {row["side"] for _key, row in rows} == {"D", "C"}
    again, _mark = everything(shop, "journal_lines", mark)
    # What was released within the overlap comes again; the inbox knows it by its content.
    assert dict(again) == dict(rows)


def test_journals_come_with_their_state_in_the_books(shop: Shop):
    shop.build()
    rows, mark = everything(shop, "journals")
    assert [row["business_date"] for _key, row in rows] == [
        "2026-03-12", "2026-03-11", "2026-03-10"]  # fmt: skip
    assert [row["number"] for _key, row in rows] == [int(key) for key, _row in rows]
    assert {row["state"] for _key, row in rows} <= {"to_release", "not_ready"}
    assert all(row["debit"] == row["credit"] for _key, row in rows)
    assert mark == ""


def test_pages_go_on_where_they_were(shop: Shop, monkeypatch):
    whole, _mark = everything(shop, "receipts")
    monkeypatch.setattr(own_data, "PAGE", 7)
    assert everything(shop, "receipts")[0] == whole


def test_what_is_not_ours_is_named(shop: Shop):
    with pytest.raises(NotFound, match="salaries"):
        read(shop, "salaries")
