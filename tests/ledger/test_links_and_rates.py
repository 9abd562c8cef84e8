"""Links as rows and proposals; VAT rates with their dates; problems with place and remedy."""

from datetime import date

import pytest

from retailvista.journals.starting_links import ACCOUNT_NAMES, proposed_links
from retailvista.ledger.checks import StoreFacts, check
from retailvista.ledger.declaration import Declaration
from retailvista.ledger.link_rows import LinkRow, links_of_rows, rate_bp
from retailvista.ledger.links import Found, GroupKey, Links
from retailvista.ledger.problem import Place, Problem, holding
from retailvista.ledger.receipt import Receipt, ReceiptLine, Tender
from retailvista.ledger.vat import VatRate, legal_rate, legal_rates, nearest_rate, was_legal

DAY = date(2026, 3, 10)


@pytest.mark.parametrize(
    ("country", "on", "rates"),
    [
        ("NL", date(2018, 12, 31), [0, 600, 2100]),
        ("NL", date(2019, 1, 1), [0, 900, 2100]),
        ("BE", DAY, [0, 600, 1200, 2100]),
        ("NO", DAY, [0, 1200, 1500, 2500]),
        ("DK", DAY, [0, 2500]),
        ("GB", date(2009, 6, 1), [0, 500, 1500]),
        ("GB", date(2011, 1, 3), [0, 500, 1750]),
        ("GB", date(2021, 12, 1), [0, 500, 1250, 2000]),
        ("GB", DAY, [0, 500, 2000]),
        ("IE", date(2018, 4, 30), [0, 480, 900, 1350, 2300]),
        ("IE", date(2020, 10, 1), [0, 480, 900, 1350, 2100]),
        ("IE", DAY, [0, 480, 900, 1350, 2300]),
        ("XX", DAY, []),
    ],
)
def test_the_rates_of_a_day(country, on, rates):
    assert [rate.percent_bp for rate in legal_rates(country, on)] == rates


def test_a_rate_that_ended_was_legal():
    assert legal_rate("NL", 600, DAY) is None
    assert was_legal("NL", 600, DAY)
    assert not was_legal("NL", 900, date(2018, 12, 31))


@pytest.mark.parametrize(
    ("gross", "net", "rate"), [(32_80, 28_52, 1500), (116_00, 92_80, 2500), (5, 5, 0)]
)
def test_the_nearest_rate(gross, net, rate):
    assert nearest_rate("NO", gross, net, DAY).percent_bp == rate


def test_there_is_no_nearest_rate_to_nothing():
    assert nearest_rate("XX", 2, 1, DAY) is None
    assert nearest_rate("NO", 2, 0, DAY) is None


def test_a_rate_checks_itself():
    with pytest.raises(ValueError, match="no VAT rate"):
        VatRate("NL", 10_001, DAY)
    with pytest.raises(ValueError, match="end before"):
        VatRate("NL", 900, DAY, date(2020, 1, 1))


@pytest.mark.parametrize("text", ["", "hoog", "0.001", "101", "-1"])
def test_a_rate_that_cannot_be_read(text):
    with pytest.raises(ValueError, match="no VAT rate"):
        rate_bp(text)


def test_rows_that_cannot_be_read_are_refused():
    with pytest.raises(ValueError, match="no kind of ledger link"):
        links_of_rows([LinkRow("grootboek", "PLANT", "8210")])
    with pytest.raises(ValueError, match="fallback table"):
        links_of_rows([LinkRow("fallback", "", "guess")])


def test_a_group_with_two_ledgers():
    links = links_of_rows(
        [LinkRow("group_ledger", "X", "8300"), LinkRow("group_ledger", "X", "1650", "non-sales")]
    )
    line = ReceiptLine("1", "X", "", "", "1", 100, 100, 0)
    assert links.for_line(line, "") == Found("8300", "ledger", is_revenue=True)
    assert links.for_line(line._replace(kind="N"), "") == Found("1650", "ledger", is_revenue=False)


def test_the_proposals_book_what_they_recognise_and_leave_the_rest():
    groups = {
        "PLANT": "Planten", "HARDWARE": "", "CAFE": "Horeca", "CADEAU": "", "KASUIT": "",
        "AFSTORTING": "", "DEBITEUR": "", "0d67298e4d": "TEXTILES",
    }  # fmt: skip
    payments = {
        "CASH": ("Contant", "12001"), "2": ("Betaalautomaat", "12002"), "9": ("?", "12003"),
        "4000": ("", ""), "TUINBON": ("Nationale Tuinbon", "12999"),
    }  # fmt: skip
    rows = proposed_links("NL", groups, payments, [0, 900, 2100])
    links = links_of_rows(rows)
    assert links.groups[GroupKey("PLANT", "", 900)] == "8210"
    assert links.groups[GroupKey("KASUIT", "11010", None)] == "2000"
    assert links.groups[GroupKey("AFSTORTING", "11010", None)] == "1290"
    assert links.groups[GroupKey("DEBITEUR", "11005", None)] == "1309"
    assert links.payments == {"CASH": "1205", "2": "1210", "9": "1215", "TUINBON": "1225"}
    assert (links.vat[900], links.vat[2100]) == (("1510", "1"), ("1500", "2"))
    assert links.rounding_gl == "9411"
    assert not any(row.code in ("0d67298e4d", "4000") for row in rows)
    booked = {row.gl_code for row in rows} - {"1500", "1510"}
    assert booked <= set(ACCOUNT_NAMES)
    assert not [row for row in proposed_links("NO", {}, {}, [2500]) if row.kind == "vat"]


def test_a_problem_names_place_and_remedy():
    place = Place("a.xaa", "K1/7", "2", "paymentType")
    assert str(place) == "a.xaa > K1/7 > 2 > paymentType"
    problem = Problem("x", "fout", "wrong", place, "doe dit", "do this", holds=False)
    assert (problem.message("nl_BE"), problem.message("en")) == ("fout", "wrong")
    assert (problem.remedy("nl"), problem.remedy("en")) == ("doe dit", "do this")
    assert problem.to_json()["receipt"] == "K1/7"
    assert holding([problem]) == []
    with pytest.raises(ValueError, match="code and a message"):
        Problem("", "a", "b", place, "c", "d")
    with pytest.raises(ValueError, match="no remedy"):
        Problem("x", "a", "b", place, "", "d")


def test_store_facts_check_themselves():
    with pytest.raises(ValueError, match="country"):
        StoreFacts("XX")
    with pytest.raises(ValueError, match="negative"):
        StoreFacts("NL", "EUR", -5)


def a_receipt(nr: str, **changes) -> Receipt:
    line = ReceiptLine("1", "X", "", "", "1", 1090, 1000, 90, "L", 900)
    tender = Tender("PIN", 1090, "EUR", "", "12002")
    return Receipt(
        "1", "K1", nr, "11001", "11001", DAY, DAY, "12:00:00", (line,), (tender,), **changes
    )


def codes(*receipts: Receipt, links: Links | None = None) -> list[tuple[str, bool]]:
    found = links_of_rows(
        [
            LinkRow("group", "X", "8210"),
            LinkRow("payment", "PIN", "1210"),
            LinkRow("vat", "9", "1510", vat="1"),
        ]
    )
    problems = check(Declaration("1", DAY, receipts), links or found, StoreFacts())
    return [(problem.code, problem.holds) for problem in problems]


def test_a_stated_total_that_differs_holds_the_day():
    assert codes(a_receipt("1", stated_total=1100)) == [("total_differs", True)]


def test_a_receipt_in_another_currency_holds_the_day():
    assert codes(a_receipt("1", currency="NOK")) == [("wrong_currency", True)]


def test_gaps_in_the_numbers_are_shown_and_do_not_hold():
    assert codes(a_receipt("1"), a_receipt("4"), a_receipt("A1")) == [("numbers_missing", False)]


def test_a_vat_link_without_account_or_code_is_no_link():
    rows = [LinkRow("group", "X", "8210"), LinkRow("payment", "PIN", "1210")]
    for gl_code, code in (("1510", ""), ("", "1")):
        links = links_of_rows([*rows, LinkRow("vat", "9", gl_code, vat=code)])
        assert codes(a_receipt("1"), links=links) == [("vat_unlinked", True)]


def test_vat_without_a_base_holds_the_day():
    line = ReceiptLine("1", "X", "", "", "1", 1, 0, 1, "L", 900)
    tender = Tender("PIN", 1, "EUR", "", "12002")
    receipt = Receipt("1", "K1", "1", "11001", "11001", DAY, DAY, "12:00:00", (line,), (tender,))
    assert ("vat_side", True) in codes(receipt)
