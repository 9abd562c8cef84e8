"""Till files in: all or nothing, never twice, and every refusal says what to do."""

from __future__ import annotations

import gzip
import io
from datetime import date

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import Store, TillLocation
from retailvista.companies.scope import company_scope
from retailvista.journals.completeness import receipt_gaps
from retailvista.journals.declaring import store_days
from retailvista.journals.importing import import_till_file
from retailvista.journals.models import ReceiptRow, TillFile, ZReportRow
from tests.journals.shop import APRIL, Shop, norwegian, receipt, till_file


class Crash(BaseException):
    """The process died. Not an Exception, so that nothing can handle it."""


def test_the_april_file_once_and_again(shop: Shop) -> None:
    norwegian(shop)
    first = shop.read(APRIL)
    assert (first.receipts, first.new, first.known, first.problems) == (88, 88, 0, ())
    again = shop.read(APRIL, name="the same under another name")
    assert (again.receipts, again.new, again.known, again.again) == (88, 0, 88, True)
    assert shop.count(TillFile) == 1
    assert shop.count(ReceiptRow) == 88
    assert shop.count(ZReportRow) > 10


def test_an_overlapping_file_brings_only_what_is_new(shop: Shop) -> None:
    shop.read(till_file(*map(receipt, range(1, 4))))
    overlap = shop.read(till_file(*map(receipt, range(2, 6))), name="later.xaa")
    assert (overlap.receipts, overlap.new, overlap.known) == (4, 2, 2)
    assert shop.count(ReceiptRow) == 5


def test_the_same_number_with_other_content_is_named_and_the_first_stays(shop: Shop) -> None:
    shop.read(till_file(receipt(1), receipt(2, cents=1090)))
    other = shop.read(till_file(receipt(2, cents=2180), receipt(3)), name="other.xaa")
    assert (other.new, other.known) == (1, 0)
    (problem,) = other.problems
    assert problem.place.receipt == "K1/2"
    assert "K1/2" in problem.message("nl")
    totals = shop.see(lambda s: dict(s.execute(select(ReceiptRow.nr, ReceiptRow.total)).all()))
    assert totals == {"1": 1090, "2": 1090, "3": 1090}
    row = shop.see(lambda s: s.scalars(select(TillFile).where(TillFile.name == "other.xaa")).one())
    assert row.problem == (
        "Bon K1/2 is al ingelezen met een andere inhoud; de eerste blijft staan."
        " Vergelijk de bon met de kassa; boek een verschil met een correctie."
    )
    again = shop.read(till_file(receipt(2, cents=2180), receipt(3)), name="other.xaa")
    assert (again.again, again.known, again.problems[0].message_nl) == (True, 1, row.problem)


def test_a_code_that_a_later_file_declares_is_no_difference(shop: Shop) -> None:
    shop.read(till_file(receipt(1, paid_by="4000")))
    declared = till_file(receipt(1, paid_by="4000")).replace(b"<basicID>PIN<", b"<basicID>4000<")
    again = shop.read(declared, name="declared.xaa")
    assert (again.known, again.problems) == (1, ())


def test_a_number_twice_in_one_file_with_other_content_refuses_the_file(shop: Shop) -> None:
    result = shop.read(till_file(receipt(1), receipt(2), receipt(2, cents=218)))
    assert result.state == "refused"
    assert "K1/2" in result.problems[0].message_en
    assert shop.count(ReceiptRow) == 0


def test_a_repeated_receipt_counts_once(shop: Shop) -> None:
    result = shop.read(till_file(receipt(1), receipt(1)))
    assert (result.receipts, result.new, result.known) == (2, 1, 1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "no XML"),
        (till_file(), "no receipt"),
        (till_file(receipt(1))[:-60], "line"),
        (till_file(receipt(1), currency="NOK"), "books in EUR"),
        (till_file(receipt(1)).replace(b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>', 1), "entities"),
        (till_file(receipt(1)).replace(b"10.90", b"ten", 1), "receipt 1"),
        (till_file(receipt(1)).replace(b"<nr>1</nr>", b"<nr>1\n2</nr>"), "line break"),
        (gzip.compress(till_file(receipt(1)), mtime=0)[:-20], "packing"),
    ],
)
def test_a_refused_file_leaves_its_reason_and_nothing_else(
    shop: Shop, content: bytes, words: str
) -> None:
    result = shop.read(content)
    assert (result.state, result.receipts, result.new) == ("refused", 0, 0)
    assert words in result.problems[0].message_en
    assert result.problems[0].remedy("nl")
    kept = select(TillFile.state, TillFile.content_gz, TillFile.problem)
    state, stored, reason = shop.see(lambda s: s.execute(kept).one())
    assert (state, stored) == ("refused", b"")
    assert words in reason
    assert shop.count(ReceiptRow) == 0
    assert shop.see(store_days) == []


def test_a_refused_file_is_read_once_its_cause_is_gone(shop: Shop) -> None:
    file = till_file(receipt(1), currency="NOK")
    assert shop.read(file).state == "refused"
    shop.set_store(currency="NOK")
    assert shop.read(file).new == 1
    assert shop.count(TillFile) == 1


def test_packed_and_plain_are_the_same_file(shop: Shop) -> None:
    file = till_file(receipt(1))
    assert shop.read(gzip.compress(file, mtime=0)).new == 1
    assert shop.read(file).again
    kept = shop.see(lambda s: s.scalars(select(TillFile.content_gz)).one())
    assert gzip.decompress(kept) == file


def test_the_store_is_given_or_named_by_the_file_or_the_only_one(shop: Shop) -> None:
    def second_store(session: Session) -> None:
        with db.transaction(session):
            store = Store(code="2", name="Tweede")
            session.add(store)
            session.flush()
            session.add(TillLocation(store_id=store.id, name="Groenhof Sassenheim"))

    assert shop.read(till_file(receipt(1), location="Anywhere")).new == 1  # the only store
    shop.do(second_store)
    unknown = shop.read(till_file(receipt(2), location="Anywhere"))
    assert "'Anywhere'" in unknown.problems[0].message_en
    assert shop.read(till_file(receipt(2), location="Anywhere"), store="1").new == 1
    assert shop.read(till_file(receipt(1), location="Groenhof Sassenheim")).new == 1
    assert "no store '9'" in shop.read(till_file(receipt(7)), store="9").problems[0].message_en
    wrong = shop.read(till_file(receipt(2), location="Anywhere"), store="2")
    assert "already read for store 1" in wrong.problems[0].message_en
    query = select(Store.code, ReceiptRow.nr).join(ReceiptRow, ReceiptRow.store_id == Store.id)
    found = shop.see(lambda s: sorted(tuple(row) for row in s.execute(query)))
    assert found == [("1", "1"), ("1", "2"), ("2", "1")]


def _crash_at_commit(shop: Shop, content: bytes, commits: int) -> None:
    """Import until the process dies in the given commit."""
    left = [commits]

    def die(_session: Session) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Crash

    with shop.sessions() as session, company_scope(shop.company_id):
        event.listen(session, "before_commit", die)
        with pytest.raises(Crash):
            import_till_file(session, "till.xaa", io.BytesIO(content), None, "tester")


# Commits: known before, stores, the file row, batch 1, batch 2, the end.
@pytest.mark.parametrize("commits", [3, 4, 5, 6])
def test_a_crash_shows_nothing_and_a_second_import_finishes(shop: Shop, commits: int) -> None:
    file = till_file(*(receipt(nr) for nr in range(1, 2501)))
    _crash_at_commit(shop, file, commits)
    assert shop.see(store_days) == []
    assert shop.build().built == ()
    assert shop.see(receipt_gaps, date(2026, 1, 1), date(2026, 12, 31)) == []
    result = shop.read(file)
    assert (result.new, result.known, result.problems) == (2500, 0, ())
    assert shop.count(ReceiptRow) == 2500
    assert [day.state for day in shop.see(store_days)] == ["ready"]


def test_receipts_of_a_file_that_never_finished_pass_to_the_one_that_did(shop: Shop) -> None:
    receipts = [receipt(nr) for nr in range(1, 2501)]
    _crash_at_commit(shop, till_file(*receipts), 5)
    other = shop.read(till_file(*receipts, receipt(2501)), name="whole.xaa")
    assert (other.new, other.known) == (2501, 0)
    late = shop.read(till_file(*receipts))
    assert (late.new, late.known) == (0, 2500)


def test_a_file_made_on_the_day_itself_waits_for_a_later_one(shop: Shop) -> None:
    shop.read(till_file(receipt(1), made_on="2026-03-10", made_at="15:00:00"))
    assert [day.state for day in shop.see(store_days)] == ["open"]
    shop.read(till_file(receipt(1), receipt(2, on="2026-03-11"), made_on="2026-03-11"))
    found = [(day.business_date.day, day.state) for day in shop.see(store_days)]
    assert found == [(11, "open"), (10, "ready")]


def test_a_read_receipt_never_changes(shop: Shop) -> None:
    shop.read(till_file(receipt(1)))

    def tamper(session: Session) -> None:
        with db.transaction(session):
            session.execute(update(ReceiptRow).values(nr="9"))

    with pytest.raises(Exception, match="a receipt never changes"):
        shop.do(tamper)
