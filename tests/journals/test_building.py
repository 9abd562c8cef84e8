"""Receipts become journals: held with reasons, rebuilt, late, gapless."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.errors import NotFound, Refused
from retailvista.journals.building import build_again, withdraw_journal
from retailvista.journals.declaring import DayFilter, close_day, store_days
from retailvista.journals.links import missing_links, set_link
from retailvista.journals.models import JournalLine, JournalRow, ReceiptRow
from retailvista.journals.reversing import reverse_journal
from tests.journals.shop import (
    APRIL,
    APRIL_LINKS,
    GROENHOF,
    UNDECLARED,
    Shop,
    norwegian,
    receipt,
    till_file,
)

PLANT = "kind,code,vat,gl_code\ngroup,PLANT,9,8210\n"


def days(shop: Shop) -> list[tuple[int, str]]:
    """(day of the month, state), oldest first."""
    found = shop.see(store_days)
    return sorted((day.business_date.day, day.state) for day in found)


def release_all(session: Session) -> None:
    """As a release does to the journal; the export has stories of its own."""
    with db.transaction(session):
        session.execute(
            update(JournalRow).where(JournalRow.state == "built").values(state="released")
        )


@pytest.fixture
def plants(shop: Shop) -> Shop:
    """A shop whose links suffice for `receipt()`."""
    shop.link()
    shop.import_links(PLANT)
    return shop


def test_a_store_of_a_country_whose_vat_rates_are_not_known_is_named(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.set_store(country="US")
    with pytest.raises(Refused, match="does not know the VAT rates of the country 'US'"):
        plants.build()
    plants.set_store(country="GB")
    plants.build()


def test_april_is_held_by_its_undeclared_payments_until_they_are_linked(shop: Shop) -> None:
    norwegian(shop)
    shop.read(APRIL)
    shop.import_links(APRIL_LINKS)
    first = shop.build()
    assert [one.business_date.day for one in first.built] == [19, 20, 24, 30]
    held = {(one.business_date.day, one.problem.code) for one in first.problems}
    assert held == {(25, "payment_unlinked"), (26, "payment_unlinked")}
    texts = " ".join(one.problem.message_nl for one in first.problems)
    assert "'4000' (niet verklaard" in texts and "'4100' (niet verklaard" in texts
    assert all(one.problem.place.receipt.startswith("0215/01/") for one in first.problems)
    missing = shop.see(missing_links)
    found = [(m.kind, m.code, m.count, m.declared) for m in missing]
    assert found == [("payment", "4100", 5, False), ("payment", "4000", 1, False)]
    assert days(shop)[3:5] == [(25, "held"), (26, "held")]

    shop.import_links(UNDECLARED)
    second = shop.build()
    assert [one.business_date.day for one in second.built] == [25, 26]
    assert second.problems == ()
    assert shop.see(missing_links) == []
    assert {state for _, state in days(shop)} == {"built"}
    listed = shop.journals()
    assert [row.business_date.day for row in listed] == [19, 20, 24, 30, 25, 26]
    assert all(row.debit == row.credit and row.currency == "NOK" for row in listed)


def test_the_worked_example_comes_out_to_the_cent(shop: Shop) -> None:
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    result = shop.build()
    assert result.problems == ()
    assert [one.business_date.day for one in result.built] == [10, 11, 12]
    first = shop.journals()[0]
    assert (first.debit, first.credit) == (1203763, 1203763)
    assert first.reference == "RV-1-1-2026-03-10-1"


def test_initialise_first_or_import_first_both_work(shop: Shop) -> None:
    shop.link()
    shop.read(GROENHOF[0])
    held = shop.build()
    assert held.built == () and held.problems[0].problem.code == "group_unlinked"
    shop.link()
    assert len(shop.build().built) == 1


def test_until_leaves_later_days_alone(plants: Shop) -> None:
    plants.read(till_file(receipt(1), receipt(2, on="2026-03-11")))
    assert len(plants.build(until=date(2026, 3, 10)).built) == 1
    assert days(plants) == [(10, "built"), (11, "ready")]


def test_a_second_build_changes_nothing(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    assert len(plants.build().built) == 1
    assert plants.build().built == ()
    assert len(plants.journals(with_withdrawn=True)) == 1


def test_receipts_before_the_release_rebuild_under_a_new_number(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.build()
    plants.read(till_file(receipt(2)))
    (built,) = plants.build().built
    assert (built.sequence, built.kind, built.debit) == (2, "day", 2180)
    everything = plants.journals(with_withdrawn=True)
    assert [(row.number, row.state) for row in everything] == [(1, "withdrawn"), (2, "to_release")]
    assert [row.number for row in plants.journals()] == [2]


def test_receipts_after_the_release_make_a_late_journal(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.build()
    plants.do(release_all)
    plants.read(till_file(receipt(2)))
    (late,) = plants.build().built
    assert (late.kind, late.debit) == ("late", 1090)
    plants.read(till_file(receipt(3)))
    (larger,) = plants.build().built
    assert (larger.kind, larger.debit) == ("late", 2180)
    assert [row.debit for row in plants.journals()] == [1090, 2180]
    numbers = plants.see(
        lambda s: [
            tuple(row)
            for row in s.execute(
                select(JournalRow.kind, JournalRow.number).order_by(JournalRow.sequence)
            )
        ]
    )
    assert numbers == [("day", 1), ("late", 1), ("late", 2)]


def test_a_late_receipt_with_a_problem_takes_the_unreleased_journal_back(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.build()
    plants.read(till_file(receipt(2, group="UNKNOWN")))
    result = plants.build()
    assert result.built == () and result.problems[0].problem.code == "group_unlinked"
    assert plants.journals() == []
    assert days(plants) == [(10, "held")]
    plants.import_links("kind,code,gl_code\ngroup,UNKNOWN,8220\n")
    assert plants.build().built[0].debit == 2180


def test_a_changed_link_rebuilds_only_what_it_changes(plants: Shop) -> None:
    plants.read(till_file(receipt(1), receipt(2, on="2026-03-11", group="ANDERS")))
    plants.import_links("kind,code,gl_code\ngroup,ANDERS,8220\n")
    plants.build()
    plants.do(set_link, "group", "PLANT", "", "9", "8211", "tester")
    (built,) = plants.build().built
    assert (built.sequence, built.business_date.day) == (3, 10)
    assert [row.number for row in plants.journals()] == [2, 3]


def test_a_link_never_changes_what_was_released(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.build()
    plants.do(release_all)
    plants.do(set_link, "group", "PLANT", "", "9", "8211", "tester")
    assert plants.build().built == ()
    assert len(plants.journals(with_withdrawn=True)) == 1


def test_withdrawn_and_built_again(plants: Shop) -> None:
    plants.read(till_file(receipt(1)))
    plants.build()
    plants.do(withdraw_journal, 1, "tester")
    assert days(plants) == [(10, "ready")]
    assert [one.sequence for one in plants.build().built] == [2]
    with pytest.raises(Refused, match="withdrawn"):
        plants.do(withdraw_journal, 1, "tester")
    with pytest.raises(NotFound, match="no journal 77"):
        plants.do(withdraw_journal, 77, "tester")
    with pytest.raises(Refused, match="not reversed"):
        plants.do(build_again, 2, "tester")


def test_a_person_closes_a_day(plants: Shop) -> None:
    plants.read(till_file(receipt(1), made_on="2026-03-10", made_at="18:00:00"))
    assert plants.build().built == ()
    day = plants.see(store_days)[0]
    assert "later bestand" in day.reason_word("nl")
    plants.do(close_day, "1", date(2026, 3, 10), "chef@winkel.example")
    day = plants.see(store_days)[0]
    assert (day.state_word("nl"), day.closed_by) == ("Gereed", "chef@winkel.example")
    assert len(plants.build().built) == 1
    with pytest.raises(Refused, match="already built"):
        plants.do(close_day, "1", date(2026, 3, 10), "chef@winkel.example")
    with pytest.raises(NotFound, match="no receipts of 2026-03-12"):
        plants.do(close_day, "1", date(2026, 3, 12), "chef@winkel.example")


@pytest.mark.parametrize(
    ("post_from", "expected", "reason"),
    [
        (None, [(10, "open"), (11, "open")], "no start date"),
        (date(2026, 3, 11), [(10, "too_old"), (11, "ready")], "before the start"),
        (date(2026, 3, 10), [(10, "ready"), (11, "ready")], "made after the day"),
    ],
)
def test_nothing_is_built_before_the_start_of_posting(
    plants: Shop, post_from: date | None, expected: list[tuple[int, str]], reason: str
) -> None:
    plants.set_company(post_from=post_from)
    plants.read(till_file(receipt(1), receipt(2, on="2026-03-11")))
    assert days(plants) == expected
    tenth = plants.see(store_days, DayFilter(to_on=date(2026, 3, 10)))[0]
    assert reason in tenth.reason_word("en")
    assert len(plants.build().built) == sum(state == "ready" for _, state in expected)


def test_a_day_of_free_articles_is_done_without_a_journal(plants: Shop) -> None:
    plants.read(till_file(receipt(1, cents=0)))
    assert plants.build().built == ()
    day = plants.see(store_days)[0]
    assert (day.state, day.reason_word("nl")) == ("built", "er viel niets te boeken")


def test_a_journal_of_more_than_500_lines_is_a_problem(plants: Shop) -> None:
    groups = [f"G{nr}" for nr in range(1, 520)]
    plants.import_links("kind,code,gl_code\n" + "".join(f"group,{g},8220\n" for g in groups))
    plants.read(till_file(*(receipt(nr, group=g) for nr, g in enumerate(groups, start=1))))
    (found,) = plants.build().problems
    assert found.problem.code == "journal_too_large"
    assert "521" in found.problem.message_nl


def test_turnover_carries_the_cost_centre_of_the_store(plants: Shop) -> None:
    plants.set_store(cost_centre="LISSE")
    plants.read(till_file(receipt(1)))
    plants.build()
    row = plants.see(lambda s: s.scalars(select(JournalRow)).one())
    found = plants.see(
        lambda s: [
            (line.gl_code, line.cost_centre)
            for line in s.scalars(select(JournalRow).where(JournalRow.id == row.id)).one().lines
        ]
    )
    assert found == [("1210", ""), ("8210", "LISSE"), ("1510", "")]


def test_every_receipt_is_in_one_journal(shop: Shop) -> None:
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    shop.build()
    ids = shop.see(lambda s: s.scalars(select(ReceiptRow.journal_id)).all())
    assert None not in ids
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", ["Ontvangen PIN", "Omzet Planten 9%", "Btw 9% omzet"]),
        ("en", ["Received PIN", "Turnover Planten 9%", "VAT 9% turnover"]),
    ],
)
def test_lines_are_described_in_the_language_of_the_company(
    plants: Shop, language: str, said: list[str]
) -> None:
    plants.set_company(language=language)
    plants.read(till_file(receipt(1)))
    plants.build()
    query = select(JournalLine.description).order_by(JournalLine.journal_id, JournalLine.nr)
    assert plants.see(lambda s: s.scalars(query).all()) == said
    plants.do(_exported)
    plants.do(reverse_journal, 1, "counted twice", "tester")
    word = {"nl": "Tegenboeking", "en": "Reversal"}[language]
    mirrored = plants.see(lambda s: s.scalars(query).all())[3:]
    assert mirrored == [f"{word} {text}" for text in said]


def _exported(session: Session) -> None:
    with db.transaction(session):
        session.execute(update(JournalRow).values(state="exported"))
