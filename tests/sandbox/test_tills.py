"""The till generator: same arguments, same bytes; files in the shape of the official schema."""

import io
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from retailvista.journals.intake.xaa import read_till_file
from retailvista.ledger.receipt import Receipt
from retailvista.sandbox import tills
from retailvista.sandbox.till_days import day_number

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "demo/till-files").glob("groenhof-*.xaa"))
RECIPES = {
    "10": ["--example"],
    "11": ["--lines", "260", "--registers", "2", "--seed", "11", "--first-day", "2026-03-11",
           "--lines-a-day", "130", "--first-nr", "26108", "--first-nr", "41000"],
    "12": ["--lines", "320", "--registers", "2", "--seed", "12", "--first-day", "2026-03-12",
           "--lines-a-day", "160", "--first-nr", "26154", "--first-nr", "41031"],
}  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    """The Norwegian schema, which is XAA 3.1 under another namespace."""
    text = (ROOT / "tests/data/saft-no-1.00.xsd").read_text(encoding="utf-8")
    norwegian = "urn:StandardAuditFile-Taxation-CashRegister:NO"
    assert norwegian in text
    return etree.XMLSchema(
        etree.fromstring(text.replace(norwegian, "http://www.auditfiles.nl/XAA/3.1").encode())
    )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_days_are_made_by_their_recipe(path, tmp_path, schema):
    assert tills.main([*RECIPES[path.stem[-2:]], str(tmp_path / "day.xaa")]) == 0
    assert (tmp_path / "day.xaa").read_bytes() == path.read_bytes()
    schema.assertValid(etree.parse(path))


def test_a_register_counts_on_over_the_days(tmp_path):
    tills.main(["--lines", "900", "--registers", "2", "--lines-a-day", "150", "--seed", "5",
                "--first-nr", "700", str(tmp_path / "x")])  # fmt: skip
    found = read_till_file(io.BytesIO((tmp_path / "x").read_bytes()), "f")
    receipts = [each for each in found if isinstance(each, Receipt)]
    assert len({receipt.business_date for receipt in receipts}) == 3
    for register, first in (("K1", 700), ("K2", day_number(date(2026, 1, 5)) * 10_000)):
        own = [int(each.nr) for each in receipts if each.register == register]
        assert own == [*range(first, first + len(own))], register


def test_another_seed_is_another_day(tmp_path):
    for seed in ("1", "2"):
        tills.main(["--lines", "50", "--seed", seed, str(tmp_path / seed)])
    assert (tmp_path / "1").read_bytes() != (tmp_path / "2").read_bytes()


@pytest.mark.parametrize("ask", [["--lines", "0"], ["--registers", "0"], ["--lines-a-day", "0"]])
def test_nothing_is_not_a_till_file(ask, tmp_path):
    with pytest.raises(SystemExit):
        tills.main([*ask, str(tmp_path / "x")])


def test_everything_that_makes_tills_awkward_is_in_a_large_file(tmp_path, schema):
    path = tmp_path / "large.xaa"
    tills.main(["--lines", "6000", "--registers", "2", "--seed", "3", str(path)])
    content = path.read_bytes()
    schema.assertValid(etree.fromstring(content))
    receipts = [r for r in read_till_file(io.BytesIO(content), "f") if isinstance(r, Receipt)]
    lines = [line for receipt in receipts for line in receipt.lines]
    assert abs(len(lines) - 6000) < 120
    assert len({receipt.key for receipt in receipts}) == len(receipts)
    assert {receipt.transaction_type for receipt in receipts} == {
        "11001", "11005", "11006", "11008", "11010",
    }  # fmt: skip
    assert {line.group for line in lines} == {
        "PLANT", "HARDWARE", "CAFE", "CADEAU", "STATIEGELD", "AANBETALING", "DEBITEUR", "KASUIT",
        "AFSTORTING", "KASVERSCHIL",
    }  # fmt: skip
    assert {tender.type for receipt in receipts for tender in receipt.tenders} == {
        "CASH", "PIN", "CREDITCARD", "CADEAUKAART", "TUINBON", "AANBETALING",
    }  # fmt: skip
    assert any(line.kind == "D" for line in lines)
    assert any(receipt.voided for receipt in receipts)
    assert any(receipt.training for receipt in receipts)
    assert b"<discount>" in content
    assert any(r.rounding for r in receipts if r.counts)
    assert any(t.amount < 0 < r.total for r in receipts for t in r.tenders)
    exchanged = [r for r in receipts if {line.is_refund for line in r.lines} == {True, False}]
    assert exchanged
