"""The bytes of a journal, and the number a business has with us."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailvista.connectors.port import EntryToBook, GlAccount, LineToBook, MasterData
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.connectors.sage_accounting.master import COSTS, GENERAL, REVENUE, VAT, months
from retailvista.connectors.sage_accounting.payloads import idempotency_id, render
from retailvista.errors import Refused

KEY = "RV:1a2b3c-1-1"
TYPES = {"1210": GENERAL, "4000": REVENUE, "2200": VAT, "7500": COSTS}
MASTER = MasterData(
    division=7,
    currency="EUR",
    fetched_at=datetime(2026, 3, 14, tzinfo=UTC),
    gl_accounts={
        code: GlAccount(f"id-{code}", code, code, kind, False, "", 0, True)
        for code, kind in TYPES.items()
    },
    journals={},
    vat_codes={},
    cost_centres=frozenset(),
    periods=(),
)


def entry(*lines: tuple[str, int], code: str = "JNL", number: int = 26000001) -> EntryToBook:
    found = tuple(LineToBook(gl, amount, "", 0, f"{KEY} é") for gl, amount in lines)
    return EntryToBook(7, code, number, 2026, 3, date(2026, 3, 10), "EUR", found)


DAY = (("1210", 1230), ("4000", -1000), ("2200", -230))


def test_the_bytes_of_a_day() -> None:
    sent = render(entry(*DAY), MASTER)
    assert sent.isascii()
    journal = json.loads(sent)["journal"]
    lines = journal.pop("journal_lines")
    assert journal == {
        "idempotency_id": idempotency_id(KEY, 26000001),
        "date": "2026-03-10",
        "reference": "RV26000001",
        "description": KEY,
        "total": 12.3,
    }
    shown = [
        (line["ledger_account_id"], line["debit"], line["credit"], line["include_on_tax_return"])
        for line in lines
    ]
    assert shown == [
        ("id-1210", 12.3, 0, False),
        ("id-4000", 0, 10, True),
        ("id-2200", 0, 2.3, True),
    ]
    assert {line["details"] for line in lines} == {f"{KEY} é"}


def test_france_names_its_journal_code() -> None:
    assert b'"journal_code":{"code":"OD"}' in render(entry(*DAY, code="OD"), MASTER)
    assert b"journal_code" not in render(entry(*DAY), MASTER)


def test_an_account_that_is_gone_is_refused_before_sending() -> None:
    with pytest.raises(Refused, match="9999"):
        render(entry(("9999", 5), ("1210", -5)), MASTER)


def test_what_does_not_balance_or_has_two_keys_is_never_rendered() -> None:
    with pytest.raises(AssertionError, match="balances"):
        render(entry(("1210", 5)), MASTER)
    one = entry(("1210", 5), ("4000", -5))
    other = replace(one.lines[0], description="RV:1a2b3c-1-2 x")
    with pytest.raises(AssertionError, match="posting key"):
        render(replace(one, lines=(other, one.lines[1])), MASTER)


def test_the_id_follows_from_key_and_number_alone() -> None:
    first = json.loads(render(entry(*DAY), MASTER))["journal"]["idempotency_id"]
    corrected = entry(("1210", 1230), ("7500", -1230))
    assert json.loads(render(corrected, MASTER))["journal"]["idempotency_id"] == first
    renumbered = json.loads(render(entry(*DAY, number=26000002), MASTER))["journal"]
    assert renumbered["idempotency_id"] != first
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=8))
def test_any_amounts_come_through_to_the_cent(amounts: list[int]) -> None:
    lines = [("1210", amount) for amount in amounts]
    journal = json.loads(render(entry(*lines, ("4000", -sum(amounts))), MASTER), parse_float=str)[
        "journal"
    ]
    cents = [int(line["debit"].replace(".", "")) for line in journal["journal_lines"]]
    assert cents == [*amounts, 0]
    assert int(journal["total"].replace(".", "")) == sum(amounts)


@given(st.text(alphabet="0123456789abcdef", min_size=32, max_size=32))
def test_every_business_has_a_number_that_fits(business: str) -> None:
    assert 0 < division_of(business) <= 2**31 - 1


def test_a_lockdown_in_the_middle_of_a_month_cuts_it_in_two() -> None:
    found = months(datetime(2026, 3, 14, tzinfo=UTC), date(2026, 2, 10), frozenset({"JNL"}))
    year = [period for period in found if period.year == 2026]
    shut = [(p.start, p.end) for p in year if p.closed_for]
    assert shut == [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 10)),
    ]
    assert (year[2].period, year[2].start, year[2].end) == (2, date(2026, 2, 11), date(2026, 2, 28))
    assert len(year) == 13
    assert all(period.closed_for for period in found if period.year < 2026)
