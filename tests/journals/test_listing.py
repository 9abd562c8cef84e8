"""The list of journals, what is missing in it, and the CSV file."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.journals.completeness import missing_days, receipt_gaps
from retailvista.journals.csvfile import COLUMNS, journals_csv
from retailvista.journals.exporting_states import state_of
from retailvista.journals.listing import JournalFilter, list_journals, state_counts
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.reversing import reverse_journal
from tests.journals.shop import GROENHOF, Shop, receipt, till_file

FIRST = date(2026, 1, 1)


def filled(shop: Shop, days: int) -> Shop:
    """A shop with a built journal on every day from 1 January."""
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    dates = [(FIRST + timedelta(days=n)).isoformat() for n in range(days)]
    shop.read(till_file(*(receipt(nr, on=on) for nr, on in enumerate(dates, start=1))))
    assert len(shop.build().built) == days
    return shop


def test_pages_of_fifty_show_every_journal_once(shop: Shop) -> None:
    filled(shop, 60)
    first = shop.see(list_journals)
    assert (len(first.rows), first.totals.count) == (50, 60)
    assert first.totals.debit == {"EUR": 60 * 1090}
    second = shop.see(list_journals, None, first.after)
    assert (len(second.rows), second.after) == (10, "")
    days = [row.business_date for row in (*first.rows, *second.rows)]
    assert days == sorted(set(days), reverse=True)
    top = shop.see(list_journals, None, "nonsense")
    assert top.rows[0].business_date == days[0]


@pytest.mark.parametrize(
    ("which", "count"),
    [
        (JournalFilter(), 5),
        (JournalFilter(from_on=date(2026, 1, 2), to_on=date(2026, 1, 3)), 2),
        (JournalFilter(store_code="1"), 5),
        (JournalFilter(store_code="2"), 0),
        (JournalFilter(states=("to_release",)), 5),
        (JournalFilter(states=("verified", "posted")), 0),
        (JournalFilter(kind="late"), 0),
        (JournalFilter(connector_number=25), 0),
        (JournalFilter(text="2026-01-04"), 1),
        (JournalFilter(text="100%_"), 0),
        (JournalFilter(text="3"), 1),
    ],
)
def test_filters(shop: Shop, which: JournalFilter, count: int) -> None:
    filled(shop, 5)
    page = shop.see(list_journals, which)
    assert (len(page.rows), page.totals.count) == (count, count)


def test_json_has_strings_with_two_decimals(shop: Shop) -> None:
    filled(shop, 1)
    assert shop.journals()[0].to_json() == {
        "number": 1,
        "kind": "day",
        "store": "1",
        "business_date": "2026-01-01",
        "state": "to_release",
        "entry_number": None,
        "external_id": None,
        "debit": "10.90",
        "credit": "10.90",
        "problem": "",
    }


EXPORTS = [
    {"state": "ready"},
    {"state": "sending"},
    {"state": "sending", "unknown": True},
    {"state": "sending", "unknown": True, "decision": "person_decides"},
    {"state": "sending", "decision": "new_number_asked"},
    {"state": "posted"},
    {"state": "verified"},
    {"state": "rejected", "decision": "correct_and_try_again"},
    {"state": "conflict", "decision": "differs"},
]


def _open_exports(session: Session) -> None:
    """One journal in every state an export can have, one with a problem, one withdrawn."""
    with db.transaction(session):
        now = db.now(session)
        connector = Connector(number=25, draft=False, provider="exact-online", created_at=now)
        session.add(connector)
        session.flush()
        seat = PostingSeat(seat_key="k", connector_id=connector.id, division=1, journal_code="91")
        session.add(seat)
        session.flush()
        rows = session.scalars(select(JournalRow).order_by(JournalRow.sequence)).all()
        rows[0].problem = "the period is closed"
        rows[1].state = "withdrawn"
        for nr, (row, wanted) in enumerate(zip(rows[2:], EXPORTS, strict=False), start=1):
            row.state = "released"
            session.add(
                Export(
                    journal_id=row.id,
                    connector_id=connector.id,
                    seat_id=seat.id,
                    lane_key="l",
                    site="s",
                    division=1,
                    journal_code="91",
                    year=2026,
                    period=1,
                    entry_number=26_000_000 + nr,
                    posting_key=f"k{nr}",
                    state=wanted["state"],
                    decision=wanted.get("decision", ""),
                    unknown_since=now if wanted.get("unknown") else None,
                    not_before=now,
                    created_at=now,
                )
            )


def test_the_list_and_the_screens_use_the_same_words(shop: Shop) -> None:
    filled(shop, 12)
    shop.do(_open_exports)
    listed = {row.number: row.state for row in shop.journals(with_withdrawn=True)}

    def words(session: Session) -> dict[int, str]:
        exports = {export.journal_id: export for export in session.scalars(select(Export))}
        rows = session.scalars(select(JournalRow))
        return {row.sequence: state_of(row, exports.get(row.id)) for row in rows}

    assert listed == shop.see(words)
    assert set(listed.values()) == {
        *("not_ready", "withdrawn", "to_release", "ready", "sending", "being_checked"),
        *("decide", "posted", "verified", "rejected", "conflict"),
    }
    counts = shop.see(state_counts)
    assert counts["sending"] == 2 and sum(counts.values()) == 12
    found = shop.journals(text="26000001")
    assert [(row.entry_number, row.connector_number) for row in found] == [(26_000_001, 25)]


def test_missing_days_and_gaps_between_receipt_numbers(shop: Shop) -> None:
    shop.read(
        till_file(
            receipt(1, on="2026-03-02"),
            receipt(2, on="2026-03-03"),
            receipt(6, on="2026-03-05"),
            receipt(7, on="2026-03-05"),
        )
    )
    missing = shop.see(missing_days)
    assert [(m.store_code, m.on) for m in missing] == [("1", date(2026, 3, 4))]
    (gap,) = shop.see(receipt_gaps)
    assert (gap.register, gap.first, gap.last, gap.count) == ("K1", 3, 5, 3)
    assert (gap.after_on, gap.before_on) == (date(2026, 3, 3), date(2026, 3, 5))
    assert shop.see(receipt_gaps, date(2026, 3, 5), date(2026, 3, 5)) == []
    assert shop.see(missing_days, date(2026, 3, 5)) == []


def test_what_is_reversed_and_its_reversal_are_not_in_the_total(shop: Shop) -> None:
    filled(shop, 3)
    shop.do(_exported)
    shop.do(reverse_journal, 2, "counted twice", "tester")
    totals = shop.see(list_journals).totals
    assert (totals.count, totals.debit, totals.undone) == (4, {"EUR": 2180}, {"EUR": 2180})


def _exported(session: Session) -> None:
    with db.transaction(session):
        session.execute(update(JournalRow).values(state="exported"))


@pytest.mark.statement("R-54")
def test_the_csv_file_has_the_documented_columns_and_balances(shop: Shop) -> None:
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    shop.build()
    text = shop.see(journals_csv, [1, 2])
    table = list(csv.DictReader(io.StringIO(text)))
    assert tuple(table[0]) == COLUMNS
    first = [row for row in table if row["Journal entry"] == "1"]
    assert first[0]["Line number"] == "0" and first[0]["Description"] == "RV-1-1-2026-03-10-1"
    assert [row["Line number"] for row in first] == [str(nr) for nr in range(len(first))]
    plants = next(row for row in first if row["General ledger"] == "8210")
    assert (plants["Amount"], plants["VAT code"], plants["VAT amount"]) == (
        "-5000.00",
        "1",
        "-450.00",
    )
    assert {row["Date"] for row in first} == {"2026-03-10"}
    assert not any(row["General ledger"] in ("1500", "1510") for row in table)
    for entry in ("1", "2"):
        own = [row for row in table if row["Journal entry"] == entry]
        assert sum(Decimal(row["Amount"]) + Decimal(row["VAT amount"]) for row in own) == 0


def test_no_cell_of_the_csv_file_is_a_formula(shop: Shop) -> None:
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,@8210\n")
    shop.read(till_file(receipt(1)))
    shop.build()
    text = shop.see(journals_csv, [1])
    cells = [row["General ledger"] for row in csv.DictReader(io.StringIO(text))]
    assert cells == ["", "1210", "'@8210"]
