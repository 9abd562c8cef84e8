"""Receipts and reports as values and rows; when a day is ready; what the Z reports say."""

import json
from dataclasses import replace
from datetime import date

import pytest

from retailvista.ledger.declaration import (
    Declaration,
    Result,
    ZReport,
    control,
    covered_by_z,
    last_written,
    ready_because,
)
from retailvista.ledger.receipt import Receipt, ReceiptLine, Tender, counting

DAY = date(2026, 3, 10)


def a_receipt(nr="1", at="12:00:00", gross=1090, kind="11001", on=DAY, **changes) -> Receipt:
    line = ReceiptLine("1", "PLANT", "A1", "Geranium", "1", gross, gross, 0, "G")
    cash = Tender("CASH", gross, "EUR", "", "12001")
    receipt = Receipt("1", "K1", nr, kind, kind, on, on, at, (line,), (cash,))
    return replace(receipt, **changes)


def a_z(number="1", at="2026-03-10T18:00:00", **changes) -> ZReport:
    return ZReport("K1", number, at, **changes)


def test_gross_is_net_plus_vat_or_it_is_no_receipt():
    line = ReceiptLine("1", "PLANT", "", "", "1", 1090, 1000, 91)
    with pytest.raises(ValueError, match="K1/1 line 1"):
        a_receipt(lines=(line,))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"own_type": "VERKOOP", "voided": True, "training": True, "rounding_gl": "9411"},
        {"written_on": date(2026, 3, 11), "reference": "T1", "stated_total": 0},
        {"currency": "NOK", "tenders": ()},
    ],
)
def test_a_receipt_survives_its_row(changes):
    receipt = a_receipt(**changes)
    again = Receipt.from_row("1", json.loads(json.dumps(receipt.to_row())))
    assert again == receipt
    assert len(json.dumps(receipt.to_row())) < 260


def test_a_receipt_knows_its_sums():
    gone = ReceiptLine("2", "PLANT", "", "", "1", 5000, 5000, 0, kind="D")
    receipt = a_receipt()
    receipt = replace(receipt, lines=(*receipt.lines, gone))
    assert (receipt.total, receipt.paid, receipt.rounding, receipt.vat) == (1090, 1090, 0, 0)
    assert receipt.written == "2026-03-10T12:00:00"
    assert receipt.has_cash
    assert receipt.tenders[0].is_cash
    assert a_receipt(kind="11008").sales_type == "11008"
    dropped = [a_receipt(voided=True), a_receipt(training=True), a_receipt(kind="11007")]
    assert counting([receipt, *dropped]) == [receipt]


def test_a_report_survives_its_row():
    full = a_z(
        kind="X", cash_sales=1, returns=2, payments={"PIN": 3}, opening_float=0, counted=4,
        grand_total=5, store="Lisse",
    )  # fmt: skip
    for report in (full, a_z()):
        assert ZReport.from_row(json.loads(json.dumps(report.to_row()))) == report
    assert full.on == DAY


def test_a_declaration_is_one_store_and_one_day():
    with pytest.raises(ValueError, match="another store or day"):
        Declaration("1", DAY, (a_receipt(on=date(2026, 3, 11)),))
    with pytest.raises(ValueError, match="another store or day"):
        Declaration("2", DAY, (a_receipt(),))
    with pytest.raises(ValueError, match="twice"):
        Declaration("1", DAY, (a_receipt(), a_receipt()))


def test_a_declaration_counts_what_is_booked():
    odd = replace(a_receipt("2"), tenders=(Tender("CASH", 1091, "EUR", "", "12001"),))
    day = Declaration("1", DAY, (a_receipt(), odd, a_receipt("3", voided=True)))
    assert (day.total, day.paid, day.rounding, day.vat) == (2180, 2181, 1, 0)


def test_a_day_is_covered_when_each_register_has_a_later_z():
    early, late = a_receipt("1", "09:00:00"), a_receipt("2", "18:30:00")
    other = replace(a_receipt("3"), register="K2")
    assert covered_by_z(last_written([early]), [a_z()])
    assert not covered_by_z(last_written([late, early]), [a_z()])
    assert not covered_by_z(last_written([early, other]), [a_z()])
    assert not covered_by_z(last_written([early]), [a_z(kind="X")])
    assert covered_by_z(last_written([late]), [a_z("2", "2026-03-11T08:00:00"), a_z()])


@pytest.mark.parametrize(
    ("reports", "made_on", "person", "why"),
    [
        ((a_z(),), None, False, "z_report"),
        ((), date(2026, 3, 11), False, "file_made_later"),
        ((), DAY, False, ""),
        ((), None, True, "person"),
        ((), None, False, ""),
    ],
)
def test_why_a_day_is_ready(reports, made_on, person, why):
    written = last_written([a_receipt()])
    said = ready_because(DAY, written, reports, file_made_on=made_on, closed_by_person=person)
    assert said == why


def results(receipts, reports) -> list[tuple[str, str, Result]]:
    return [(check.z_number, check.what, check.result) for check in control(receipts, reports)]


def test_each_z_report_controls_its_own_window():
    receipts = [
        a_receipt("1", "09:00:00"),
        a_receipt("2", "17:00:00", -200),
        a_receipt("3", "19:00:00", 300),
        a_receipt("4", "10:00:00", 400, on=date(2026, 3, 11)),
        a_receipt("5", "10:30:00", 9900, voided=True),
        a_receipt("6", "11:00:00", -50, "11010"),
    ]
    # The second window spans midnight; its drawer is counted and proves itself.
    reports = [
        a_z("1", cash_sales=890, opening_float=1000, counted=1840),
        a_z("2", "2026-03-11T18:00:00", cash_sales=700, opening_float=1840, counted=2540),
        a_z("3", "2026-03-11T19:00:00", cash_sales=1, opening_float=0),
    ]
    assert results(receipts, reports) == [
        ("1", "cash_sales", Result.PASSED),
        ("1", "closing_is_opening", Result.UNKNOWN),
        ("1", "counted_is_expected", Result.PASSED),
        ("2", "cash_sales", Result.PASSED),
        ("2", "closing_is_opening", Result.PASSED),
        ("2", "counted_is_expected", Result.PASSED),
        ("3", "cash_sales", Result.FAILED),
        ("3", "closing_is_opening", Result.FAILED),
        ("3", "counted_is_expected", Result.UNKNOWN),
    ]


def test_the_first_window_has_no_known_start():
    said = results([a_receipt()], [a_z(cash_sales=5)])
    assert said[0] == ("1", "cash_sales", Result.UNKNOWN)


def test_a_drawer_without_pay_outs_proves_nothing_when_it_differs():
    receipts, report = [a_receipt()], a_z(cash_sales=1090, opening_float=0, counted=90)
    assert results(receipts, [report])[2][2] is Result.UNKNOWN
    receipts.append(a_receipt("2", "13:00:00", -500, "11010"))
    assert results(receipts, [report])[2][2] is Result.FAILED
