"""Golden payloads: the bytes that are sent, and the doubles and dates that come back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from retailvista.connectors.exact_online import reading
from retailvista.connectors.exact_online.payloads import amount, render
from retailvista.connectors.port import GlAccount, LineToBook, MasterData
from retailvista.errors import Refused
from tests.connectors.exact_online.books import ENTRY
from tests.sandbox.visitor import GROENHOF


def account(code: str, guid: str) -> GlAccount:
    return GlAccount(guid, code, "", 90, False, "", 0, True)


PIN = "00000002-0000-4000-8000-000000000002"
HARDWARE = "00000003-0000-4000-8000-000000000003"
MASTER = MasterData(
    division=GROENHOF,
    currency="EUR",
    fetched_at=datetime(2026, 3, 14, tzinfo=UTC),
    gl_accounts={"1210": account("1210", PIN), "8220": account("8220", HARDWARE)},
    journals={},
    vat_codes={},
    cost_centres=frozenset(),
    periods=(),
)

GOLDEN = (
    b'{"JournalCode":"91","FinancialYear":2026,"FinancialPeriod":3,"Currency":"EUR",'
    b'"EntryNumber":26000001,"GeneralJournalEntryLines":['
    b'{"Date":"2026-03-14T00:00:00","GLAccount":"00000002-0000-4000-8000-000000000002",'
    b'"Description":"Ontvangen PIN RV.5f2d.1.7","AmountFC":121.00},'
    b'{"Date":"2026-03-14T00:00:00","GLAccount":"00000003-0000-4000-8000-000000000003",'
    b'"Description":"Omzet hardware 21% RV.5f2d.1.7","AmountFC":-100.00,'
    b'"VATCode":"2","AmountVATFC":-21.00}]}'
)


def test_the_golden_payload():
    assert render(ENTRY, MASTER) == GOLDEN
    assert render(ENTRY, MASTER) == render(replace(ENTRY), MASTER)
    assert b"AmountDC" not in GOLDEN
    json.loads(GOLDEN)


def test_a_refund_a_cost_centre_and_signs_that_json_knows():
    line = LineToBook("8220", 5, "2", 1, 'Retour "caf\u00e9" \\ \u20ac', "K01")
    sent = render(replace(ENTRY, lines=(line,)), MASTER)
    assert sent.isascii()
    row = json.loads(sent, parse_float=Decimal)["GeneralJournalEntryLines"][0]
    assert row["Description"] == 'Retour "caf\u00e9" \\ \u20ac'
    assert row["CostCenter"] == "K01"
    assert (row["AmountFC"], row["AmountVATFC"]) == (Decimal("0.05"), Decimal("0.01"))


def test_an_account_that_is_not_there_is_refused_before_sending():
    line = LineToBook("9999", 5, "", 0, "")
    with pytest.raises(Refused, match="9999"):
        render(replace(ENTRY, lines=(line,)), MASTER)


def test_vat_without_a_code_and_numbers_beyond_int32_cannot_be_written():
    with pytest.raises(AssertionError):
        render(replace(ENTRY, lines=(LineToBook("1210", 5, "", 1, ""),)), MASTER)
    with pytest.raises(AssertionError):
        render(replace(ENTRY, entry_number=2**31), MASTER)


@given(some.integers(-(10**13), 10**13))
def test_every_amount_survives_the_way_out_and_back(minor: int):
    assert Decimal(amount(minor)) * 100 == minor
    assert reading.minor(Decimal(amount(minor))) == minor


@given(some.integers(-(10**11), 10**11))
def test_a_double_on_the_other_side_gives_the_same_cents(minor: int):
    double = json.loads(amount(minor))
    assert reading.minor(json.loads(json.dumps(double), parse_float=Decimal)) == minor


DATES = [
    ("/Date(1717027200000)/", date(2024, 5, 30)),
    ("/Date(1782404229433)/", date(2026, 6, 25)),
    ("/Date(-62135596800000)/", date(1, 1, 1)),
    ("/Date(1774915200000+0200)/", date(2026, 3, 31)),
    ("2026-03-31T00:00:00", date(2026, 3, 31)),
    ("/Date(999999999999999999)/", None),
    ("nonsense", None),
    (None, None),
]


@pytest.mark.parametrize(("wire", "day"), DATES)
def test_dates_are_the_wall_clock_read_as_if_it_were_utc(wire: str | None, day: date | None):
    assert reading.day(wire) == day


def test_padded_codes_fractions_and_header_rows():
    assert reading.words("AB ") == "AB"
    assert reading.words(None) == ""
    assert reading.basis_points(Decimal("0.09")) == 900
    entry = reading.stored_entry(
        {"EntryID": "x", "EntryNumber": 1, "Division": 2, "JournalCode": "91 "},
        [{"LineNumber": 2, "AmountFC": 1}, {"LineNumber": 0}, {"LineNumber": 1, "VATCode": "2  "}],
    )
    assert entry.journal_code == "91"
    assert entry.lines is not None
    assert [line.line_number for line in entry.lines] == [1, 2]
    assert entry.lines[0].vat_code == "2"
