"""The demo's journals, counted a second time: plain lxml and Decimal, nothing of our reader.

Per day: turnover by group, rate and sale or refund; VAT by rate; takings by payment type; rounding.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from lxml import etree
from sqlalchemy import select

from retailvista.journals.models import JournalLine, JournalRow
from retailvista.ledger.journal import LineKey
from tests.journals.shop import (
    APRIL,
    APRIL_LINKS,
    GROENHOF,
    UNDECLARED,
    Shop,
    norwegian,
)

NS = "{http://www.auditfiles.nl/XAA/3.1}"
OPENING_FLOAT = "11007"
CENT = Decimal("0.01")
Counted = dict[tuple[str, str, str, str, str], int]  # day, role, code, rate, sign -> minor units


def cents(amount: Decimal) -> int:
    return int(amount.quantize(CENT, rounding=ROUND_HALF_UP) * 100)


def text(element: etree._Element, path: str) -> str:
    return element.findtext("/".join(NS + step for step in path.split("/")), "") or ""


def second_count(files: list[Path]) -> Counted:
    """Signed minor units, debit + and credit -."""
    found: Counted = defaultdict(int)
    for file in files:
        tree = etree.parse(str(file))
        meaning = {
            text(basic, "basicID"): text(basic, "predefinedBasicID")
            for basic in tree.iter(NS + "basic")
            if text(basic, "basicType") == "11"
        }
        for receipt in tree.iter(NS + "cashtransaction"):
            own_type = text(receipt, "transType")
            left_out = (text(receipt, "voidTransaction"), text(receipt, "trainingID"))
            if "true" in left_out or "1" in left_out:
                continue
            if meaning.get(own_type, own_type) != OPENING_FLOAT:
                count_receipt(receipt, found)
    return {key: minor for key, minor in found.items() if minor}


def count_receipt(receipt: etree._Element, found: Counted) -> None:
    day = (text(receipt, "bookDate") or text(receipt, "transDate"))[:10]
    gross: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    vat: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for line in receipt.iter(NS + "ctLine"):
        if text(line, "lineType").upper() == "DELETED":
            continue
        amount, tax = Decimal(text(line, "lineAmntIn")), Decimal(text(line, "vat/vatAmnt") or "0")
        if text(line, "amntTp") == "D" and amount > 0:
            amount, tax = -amount, -abs(tax)
        rate = text(line, "vat/vatPerc").split(".")[0] if tax else ""
        key = (text(line, "artGroupID") or group_of(line), rate, "-" if amount < 0 else "+")
        gross[key] += amount
        vat[key] += tax
    total = 0
    for (group, rate, sign), amount in gross.items():
        whole, tax = cents(amount), cents(vat[(group, rate, sign)])
        total += whole
        found[(day, "S", group, rate, sign)] -= whole - tax
        if tax:
            found[(day, "V", "", rate, sign)] -= tax
    paid = 0
    for payment in receipt.iter(NS + "payment"):
        minor = cents(Decimal(text(payment, "paidAmnt")))
        paid += minor
        found[(day, "P", text(payment, "paymentType"), "", "")] += minor
    found[(day, "R", "", "", "")] -= paid - total


def group_of(line: etree._Element) -> str:
    """Some tills name the group at the article only."""
    article = text(line, "artID")
    for one in line.getroottree().iter(NS + "article"):
        if text(one, "artID") == article:
            return text(one, "artGroupID")
    return ""


def as_built(shop: Shop) -> Counted:
    """The same facts from the journals that stand."""
    query = (
        select(JournalRow.business_date, JournalLine)
        .join(JournalLine, JournalLine.journal_id == JournalRow.id)
        .where(JournalRow.state != "withdrawn")
    )
    found: Counted = defaultdict(int)
    for on, line in shop.see(lambda s: s.execute(query).all()):
        key = LineKey.from_text(line.key)
        rate = f"{line.vat_bp // 100}" if line.vat_bp is not None else ""
        code = key.code.partition("/")[0]
        signed = line.amount if line.side == "D" else -line.amount
        found[(on.isoformat(), key.role, code, rate, key.sign)] += signed
    return {key: minor for key, minor in found.items() if minor}


def difference(first: Counted, second: Counted) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        key: (first.get(key, 0), second.get(key, 0))
        for key in sorted(first.keys() | second.keys())
        if first.get(key, 0) != second.get(key, 0)
    }


def test_the_garden_centre_counted_twice(shop: Shop) -> None:
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    assert len(shop.build().built) == 3
    counted = second_count(GROENHOF)
    assert difference(counted, as_built(shop)) == {}
    assert len(counted) > 40


def test_the_april_export_counted_twice(shop: Shop) -> None:
    norwegian(shop).read(APRIL)
    shop.import_links(APRIL_LINKS)
    shop.import_links(UNDECLARED)
    assert len(shop.build().built) == 6
    counted = second_count([APRIL])
    assert difference(counted, as_built(shop)) == {}
    assert sorted({key[0] for key in counted}) == [
        f"2018-04-{day}" for day in (19, 20, 24, 25, 26, 30)
    ]


@pytest.mark.parametrize("change", [b"10.00", b"1.00"])
def test_the_second_count_sees_a_difference(tmp_path: Path, shop: Shop, change: bytes) -> None:
    """A check that cannot fail is no check: one amount less is found."""
    shop.read(GROENHOF[0])
    shop.link()
    shop.build()
    content = GROENHOF[0].read_bytes()
    start = content.index(b"<paidAmnt>") + len(b"<paidAmnt>")
    end = content.index(b"</paidAmnt>", start)
    changed = tmp_path / "changed.xaa"
    changed.write_bytes(content[:start] + change + content[end:])
    assert difference(second_count([changed]), as_built(shop))
