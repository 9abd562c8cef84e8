"""Every line leads to its receipts and back, to the cent; no company sees another's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.errors import NotFound
from retailvista.journals.building import build_again
from retailvista.journals.drilling import (
    LineReceipts,
    journal_of_receipt,
    journal_with_links,
    receipts_behind_line,
)
from retailvista.journals.links import list_links
from retailvista.journals.listing import state_counts
from retailvista.journals.models import JournalLine, JournalRow, ReceiptRow
from retailvista.journals.reversing import reverse_journal
from tests.journals.shop import (
    APRIL,
    APRIL_LINKS,
    GROENHOF,
    UNDECLARED,
    Shop,
    norwegian,
    open_shop,
    receipt,
    till_file,
)
from tests.world import add_company


def _groenhof(shop: Shop) -> Shop:
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    shop.build()
    return shop


def _april(shop: Shop) -> Shop:
    norwegian(shop).read(APRIL)
    shop.import_links(APRIL_LINKS)
    shop.import_links(UNDECLARED)
    shop.build()
    return shop


@pytest.mark.parametrize("filled", [_groenhof, _april])
def test_every_line_is_the_sum_of_its_receipts(shop: Shop, filled: object) -> None:
    filled(shop)
    checked = 0
    for row in shop.journals():
        lines = shop.see(lambda s, nr=row.number: list(journal_with_links(s, nr).lines))
        behind: list[LineReceipts] = [
            shop.see(receipts_behind_line, row.number, line.nr) for line in lines
        ]
        for line, found in zip(lines, behind, strict=True):
            signed = line.amount if line.side == "D" else -line.amount
            assert sum(share.amount for share in found.receipts) == signed == found.amount
            checked += 1
        assert sum(found.amount for found in behind) == 0
    assert checked > 30


def test_a_receipt_leads_to_its_journal_lines(shop: Shop) -> None:
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    shop.read(till_file(receipt(7), receipt(8)), name="dinsdag.xaa")
    trail = shop.see(journal_of_receipt, "1", "K1", "7")
    assert (trail.sequence, trail.file_name) == (None, "dinsdag.xaa")
    shop.build()
    trail = shop.see(journal_of_receipt, "1", "K1", "7")
    assert trail.sequence == 1 and trail.entry is None
    found = [(line.gl_code, line.amount) for line in trail.lines]
    assert found == [("1210", 1090), ("8210", -1000), ("1510", -90)]
    with pytest.raises(NotFound, match="K1/99"):
        shop.see(journal_of_receipt, "1", "K1", "99")
    with pytest.raises(NotFound, match="no line 9"):
        shop.see(receipts_behind_line, 1, 9)
    with pytest.raises(NotFound, match="no journal 9"):
        shop.see(receipts_behind_line, 9, 1)


def test_withdrawn_and_reversed_journals_still_lead_back(shop: Shop) -> None:
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    shop.read(till_file(receipt(1)))
    shop.build()
    shop.read(till_file(receipt(2)))
    shop.build()
    old = shop.see(receipts_behind_line, 1, 1)
    assert [share.nr for share in old.receipts] == ["1"]

    def exported(session: Session) -> None:
        with db.transaction(session):
            own = update(JournalRow).where(JournalRow.sequence == 2)
            session.execute(own.values(state="exported"))

    shop.do(exported)
    assert shop.do(reverse_journal, 2, "wrong account", "tester") == 3
    mirrored = shop.see(receipts_behind_line, 3, 1)
    assert [(s.nr, s.amount) for s in mirrored.receipts] == [("1", -1090), ("2", -1090)]
    assert shop.build().built == ()
    shop.do(build_again, 2, "tester")
    (built,) = shop.build().built
    assert (built.sequence, built.kind, built.debit) == (4, "day", 2180)
    assert [s.nr for s in shop.see(receipts_behind_line, 2, 1).receipts] == ["1", "2"]
    assert shop.see(journal_of_receipt, "1", "K1", "1").sequence == 4


def test_two_companies_in_one_database_share_nothing(tmp_path: Path, clock: Clock) -> None:
    first = open_shop(tmp_path, clock)
    with first.sessions() as session:
        second = Shop(first.sessions, add_company(session, 2, "Ander", "ander"))
    for shop in (first, second):
        shop.link()
        shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,9,8210\n")
    first.read(till_file(receipt(1), receipt(2)))
    same = second.read(till_file(receipt(1), receipt(2)))
    assert (same.new, same.again) == (2, False)
    second.read(till_file(receipt(3, on="2026-03-11")))
    assert len(first.build().built) == 1
    assert [one.sequence for one in second.build().built] == [1, 2]
    assert (first.count(ReceiptRow), second.count(ReceiptRow)) == (2, 3)
    assert (first.count(JournalLine), second.count(JournalLine)) == (3, 6)
    assert first.see(state_counts) == {"to_release": 1}
    assert [row.business_date for row in first.journals()] == [date(2026, 3, 10)]
    with pytest.raises(NotFound):
        first.see(journal_of_receipt, "1", "K1", "3")
    with pytest.raises(NotFound):
        first.see(receipts_behind_line, 2, 1)
    links = [row.code for row in second.see(list_links)]
    assert links == [row.code for row in first.see(list_links)]
    with pytest.raises(AssertionError, match="company_scope"), first.sessions() as session:
        session.scalars(select(ReceiptRow)).all()
