"""What is sent, what the books must hold, and every way in which they can hold something else."""

from dataclasses import replace

import pytest

from retailvista.ledger.posting import post
from retailvista.ledger.stored import (
    EXACT,
    OWN,
    ExpectedStored,
    StoredLine,
    VatCodeFacts,
    check_vat_codes,
    compare_answered,
    compare_stored,
    expected_stored,
    net_of,
    sent_lines,
)
from tests.ledger.day_case import DAYS, read_case

EXCLUSIVE = {
    "1": VatCodeFacts("1", "E", 900, "1510", "1520"),
    "2": VatCodeFacts("2", "E", 2100, "1500", "1520"),
}
INCLUSIVE = {
    "1": VatCodeFacts("1", "I", 900, "1510", "1520"),
    "2": VatCodeFacts("2", "I", 2100, "1500", "1520"),
}
MIXED = {"1": EXCLUSIVE["1"], "2": INCLUSIVE["2"]}


def example_a():
    case = read_case(DAYS / "example-a.txt")
    return post(case.declaration, case.links)


def stored_by_exact(facts, *, netted=False):
    """The entry as the books store it: our lines, and a VAT line per line or per account."""
    expected = expected_stored(example_a(), EXACT, facts)
    made = [
        StoredLine(facts[line.vat_code].gl_to_pay, line.vat, line.vat_code, 0, "pay", True)
        for line in expected.own
        if line.vat
    ]
    if netted:
        made = [
            StoredLine(gl, sum(m.amount for m in made if m.gl_code == gl), "", 0, "pay", True)
            for gl in sorted({line.gl_code for line in made})
        ]
    return expected, [*expected.own, *made]


def test_example_a_with_exclusive_codes():
    sent = sent_lines(example_a(), EXACT, EXCLUSIVE)
    assert sum(line.amount for line in sent) == 108_750
    assert sum(line.vat for line in sent) == -108_750
    assert not {line.gl_code for line in sent} & {"1500", "1510", "1520"}
    plants = next(line for line in sent if line.gl_code == "8210")
    assert (plants.amount, plants.vat_code, plants.vat) == (-500_000, "1", -45_000)
    back = next(line for line in sent if line.gl_code == "8220" and line.amount > 0)
    assert (back.amount, back.vat_code, back.vat) == (10_000, "2", 2_100)


def test_example_a_with_inclusive_codes():
    sent = sent_lines(example_a(), EXACT, INCLUSIVE)
    assert sum(line.amount for line in sent) == 0
    assert next(line for line in sent if line.gl_code == "8210").amount == -545_000


def test_example_a_with_own_vat_lines():
    sent = sent_lines(example_a(), OWN, {})
    assert sum(line.amount for line in sent) == 0
    assert {(line.vat_code, line.vat) for line in sent} == {("", 0)}
    assert sum(line.amount for line in sent if line.gl_code == "1500") == -61_950


def test_an_unknown_mode_is_no_mode():
    with pytest.raises(ValueError, match="VAT mode"):
        sent_lines(example_a(), "both", EXCLUSIVE)


def test_what_cannot_balance_is_not_sent(monkeypatch):
    journal = example_a()
    monkeypatch.setattr(type(journal), "own_lines", lambda self: iter(self.lines[:5]))
    with pytest.raises(AssertionError, match="out of balance"):
        sent_lines(journal, EXACT, EXCLUSIVE)


@pytest.mark.parametrize("facts", [EXCLUSIVE, INCLUSIVE, MIXED], ids=["E", "I", "mixed"])
@pytest.mark.parametrize("netted", [False, True], ids=["per line", "netted"])
def test_the_books_hold_the_same_entry_whatever_the_type(facts, netted):
    expected, found = stored_by_exact(facts, netted=netted)
    assert expected.net_by_gl == example_a().net_by_gl()
    assert expected.vat == {("1", "pay"): -46_800, ("2", "pay"): -61_950}
    assert compare_stored(expected, found) == []
    assert ExpectedStored.from_json(expected.to_json()) == expected


def test_vat_codes_told_by_the_vat_lines_alone_are_enough():
    expected, found = stored_by_exact(EXCLUSIVE)
    bare = [line if line.is_vat else line._replace(vat=0, direction="") for line in found]
    assert compare_stored(expected, bare) == []


def change(found, pick, **changes):
    index = next(i for i, line in enumerate(found) if pick(line))
    return [*found[:index], found[index]._replace(**changes), *found[index + 1 :]]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda f: f[1:], {"own_line", "net"}),
        (lambda f: [*f, f[0]], {"own_line", "net"}),
        (lambda f: change(f, lambda x: x.gl_code == "1210", amount=729_127), {"own_line", "net"}),
        (lambda f: change(f, lambda x: x.gl_code == "1210", gl_code=""), {"own_line", "net"}),
        (lambda f: change(f, lambda x: x.vat_code == "1", vat_code="3"), {"own_line", "vat"}),
        (lambda f: change(f, lambda x: x.vat == 2_100, direction="claim"), {"vat"}),
        (lambda f: change(f, lambda x: x.is_vat and x.amount > 0, gl_code="1520"), {"net"}),
        (lambda f: [x for x in f if not x.is_vat], {"net"}),
        (lambda f: change(f, lambda x: x.vat == -45_000, vat=-44_999), {"vat"}),
    ],
    ids=[
        "line missing", "line twice", "one cent", "account emptied", "other VAT code",
        "refund taken as purchase VAT", "VAT on another account", "VAT lines not made",
        "VAT recomputed",
    ],
)  # fmt: skip
def test_every_difference_is_seen(spoil, what):
    expected, found = stored_by_exact(EXCLUSIVE)
    assert {difference.what for difference in compare_stored(expected, spoil(found))} == what


def test_vat_codes_that_do_not_fit_are_named():
    def unfit(facts):
        return [(p.place.line, p.message_en) for p in check_vat_codes(example_a(), facts)]

    assert unfit(EXCLUSIVE) == []
    assert [line for line, _ in unfit({})] == ["7", "8"]
    assert "does not exist" in unfit({})[0][1]
    base_only = {"1": replace(EXCLUSIVE["1"], type="B"), "2": EXCLUSIVE["2"]}
    assert "cannot carry" in unfit(base_only)[0][1]
    no_account = {"1": EXCLUSIVE["1"], "2": replace(EXCLUSIVE["2"], gl_to_pay="")}
    assert "no account" in unfit(no_account)[0][1]
    with pytest.raises(ValueError, match="unknown type"):
        VatCodeFacts("1", "X", 900)


def test_turnover_at_zero_keeps_its_code():
    case = read_case(DAYS / "three-kinds-of-zero.txt")
    journal = post(case.declaration, case.links)
    facts = {"20": VatCodeFacts("20", "B", 0), "21": VatCodeFacts("21", "N", 0)}
    assert check_vat_codes(journal, facts) == []
    sent = sent_lines(journal, EXACT, facts)
    assert [(line.gl_code, line.amount, line.vat_code) for line in sent] == [
        ("1210", 15_000, ""), ("8110", -10_000, "20"), ("8120", -5_000, "21"),
    ]  # fmt: skip
    expected = expected_stored(journal, EXACT, facts)
    assert expected.vat == {}
    assert compare_stored(expected, expected.own) == []


@pytest.mark.parametrize("facts", [EXCLUSIVE, INCLUSIVE, MIXED], ids=["E", "I", "mixed"])
@pytest.mark.parametrize("netted", [False, True], ids=["line by line", "netted"])
def test_an_answer_with_lines_fits_as_sent_as_stored_and_with_the_vat_lines(facts, netted):
    expected, stored = stored_by_exact(facts, netted=netted)
    sent = net_of(sent_lines(example_a(), EXACT, facts))
    for shown in (sent, net_of(expected.own), net_of(stored)):
        assert compare_answered(expected, sent, shown) == []


@pytest.mark.parametrize("facts", [EXCLUSIVE, INCLUSIVE, MIXED], ids=["E", "I", "mixed"])
def test_an_answer_with_other_totals_names_the_account(facts):
    expected, stored = stored_by_exact(facts)
    sent = net_of(sent_lines(example_a(), EXACT, facts))
    for at, line in enumerate(stored):
        off = [*stored[:at], line._replace(amount=line.amount + 1), *stored[at + 1 :]]
        assert {wrong.place for wrong in compare_answered(expected, sent, net_of(off))} == {
            line.gl_code
        }
        missing = [*stored[:at], *stored[at + 1 :]]
        assert compare_answered(expected, sent, net_of(missing)) or not line.amount
        dropped = [*stored[:at], line._replace(gl_code=""), *stored[at + 1 :]]
        assert compare_answered(expected, sent, net_of(dropped)) or not line.amount
