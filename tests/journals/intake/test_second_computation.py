"""The same journals computed a second time: plain lxml and Decimal, none of our code.

Per day: turnover per register group, rate and sale or refund; VAT per rate and sale or refund;
payments per type; rounding. What the ledger posted must be exactly this.
"""

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from lxml import etree

from retailvista.journals.intake.xaa import read_till_file
from retailvista.journals.starting_links import proposed_links
from retailvista.ledger.checks import StoreFacts, check
from retailvista.ledger.declaration import Declaration
from retailvista.ledger.link_rows import LinkRow, links_of_rows
from retailvista.ledger.posting import post
from retailvista.ledger.problem import holding
from retailvista.ledger.receipt import Receipt

DEMO = Path(__file__).parents[3] / "demo/till-files"
GROENHOF = sorted(DEMO.glob("groenhof-*.xaa"))
TESTSTORE = DEMO / "teststore-2018-04.xaa"
CENT = Decimal("0.01")
MOVEMENTS = {"11008", "11010", "11011"}
APART = {*MOVEMENTS, "11005"}

Sums = dict[tuple[str, ...], Decimal]


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def computed(path: Path) -> dict[str, Sums]:
    """The second computation: day -> sums, debit + and credit -."""
    root = etree.parse(path).getroot()
    space = {"x": etree.QName(root).namespace}

    means = {
        (text(basic, "basicType"), text(basic, "basicID")): text(basic, "predefinedBasicID")
        for basic in root.iterfind(".//x:basic", space)
    }
    days: dict[str, Sums] = defaultdict(lambda: defaultdict(Decimal))
    for ticket in root.iterfind(".//x:cashtransaction", space):
        if "true" in (text(ticket, "voidTransaction"), text(ticket, "trainingID")):
            continue
        kind = means["11", text(ticket, "transType")]
        add_ticket(days[text(ticket, "transDate")], ticket, kind, space)
    return {day: {key: sums[key] for key in sums if sums[key]} for day, sums in days.items()}


def text(element, name: str) -> str:
    space = {"x": etree.QName(element).namespace}
    return element.findtext(f"x:{name}", "", space)


def add_ticket(sums: Sums, ticket, kind: str, space: dict[str, str]) -> None:
    """The four sorts of sums of one ticket; `own` first, as tickets are rounded per key."""
    own: Sums = defaultdict(Decimal)
    group = ""
    for line in ticket.iterfind("x:ctLine", space):
        gross, vat = Decimal(text(line, "lineAmntIn")), line.find("x:vat", space)
        if text(line, "lineType") == "DELETED" or gross == 0:
            continue
        group, rate = text(line, "artGroupID"), f"{Decimal(text(vat, 'vatPerc')):.0f}"
        key = (group, rate, "-" if gross < 0 else "+", kind if kind in APART else "")
        own["gross", *key] += gross
        own["vat", *key] += Decimal(text(vat, "vatAmnt"))
    for (what, *key), amount in own.items():
        if what == "gross":
            tax = cents(own["vat", *key])
            sums["line", *key] -= cents(amount) - tax
            sums["vat", *key[1:3]] -= tax
            sums[("rounding",)] += cents(amount)
    for payment in ticket.iterfind("x:payment", space):
        movement = (kind, group) if kind in MOVEMENTS else ("", "")
        amount = cents(Decimal(text(payment, "paidAmnt")))
        sums["paid", text(payment, "paymentType"), *movement] += amount
        sums[("rounding",)] -= amount


def posted(path: Path, more: list[LinkRow], facts: StoreFacts) -> dict[str, Sums]:
    """What the product posts, in the same words."""
    with path.open("rb") as stream:
        file = read_till_file(stream, path.name)
        receipts = [record for record in file if isinstance(record, Receipt)]
    names = file.codes.basics
    payments = {code: (text, standard) for code, (standard, text) in names["12"].items()}
    rows = proposed_links("NL", file.codes.names("04"), payments, [900, 2100])
    links = links_of_rows([*rows, *more])
    days: dict[str, Sums] = {}
    for day in sorted({receipt.business_date for receipt in receipts if receipt.counts}):
        own = tuple(receipt for receipt in receipts if receipt.business_date == day)
        declaration = Declaration(receipts[0].store, day, own, currency=facts.currency)
        assert not holding(check(declaration, links, facts))
        days[day.isoformat()] = in_words(post(declaration, links))
    return days


def in_words(journal) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for line in journal.lines:
        key, amount = line.key, Decimal(line.signed_minor) / 100
        rate = str(max(key.vat_bp, 0) // 100)
        match key.role:
            case "S":
                sums["line", key.code, rate, key.sign, key.sales_type] += amount
            case "V":
                sums["vat", rate, key.sign] += amount
            case "P":
                kind, _, group = key.code.partition("/")
                sums["paid", kind, key.sales_type, group] += amount
            case "R":
                sums[("rounding",)] += amount
    return dict(sums)


NORWAY = [
    LinkRow("fallback", "", "vat"), LinkRow("fallback", "25", "3000"),
    LinkRow("vat", "25", "2701", vat="3"), LinkRow("payment", "4000", "1921"),
    LinkRow("payment", "4100", "1922"),
]  # fmt: skip


@pytest.mark.parametrize("path", GROENHOF, ids=lambda path: path.stem)
def test_the_days_of_groenhof(path):
    second = computed(path)
    assert list(second) == [path.stem.removeprefix("groenhof-")]
    assert posted(path, [], StoreFacts()) == second


def test_the_april_of_the_test_store():
    second = computed(TESTSTORE)
    assert [day[-2:] for day in sorted(second)] == ["19", "20", "24", "25", "26", "30"]
    assert posted(TESTSTORE, NORWAY, StoreFacts("NO", "NOK", 100)) == second


def test_three_days_of_groenhof_are_shipped():
    assert [path.stem[-2:] for path in GROENHOF] == ["10", "11", "12"]


def test_the_second_computation_balances_by_itself():
    for path in (*GROENHOF, TESTSTORE):
        for day, sums in computed(path).items():
            assert sum(sums.values()) == 0, day
