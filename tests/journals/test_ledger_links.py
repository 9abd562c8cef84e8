"""Ledger links: proposed without overwriting, imported whole or not at all, missing ones named."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista.companies.models import AuditEvent
from retailvista.errors import NotFound, Refused
from retailvista.journals.links import (
    import_links,
    initialise,
    links_of,
    list_links,
    missing_links,
    remove_link,
    set_link,
)
from retailvista.ledger.link_rows import LinkRow
from tests.journals.shop import APRIL, GROENHOF, Shop, norwegian, receipt, till_file


def test_initialise_proposes_what_files_use_and_never_overwrites(shop: Shop) -> None:
    before = shop.do(initialise, "tester")
    assert {(row.kind, row.code) for row in before.added} == {
        ("payment", "12001"),
        ("payment", "12002"),
        ("payment", "12003"),
        ("payment", "12005"),
        ("vat", "9"),
        ("vat", "21"),
        ("rounding", ""),
    }
    shop.do(set_link, "vat", "21", "", "4", "1501", "tester")
    for file in GROENHOF:
        shop.read(file, name=file.name)
    after = shop.do(initialise, "tester")
    added = {(row.kind, row.code, row.gl_code) for row in after.added}
    assert ("payment", "PIN", "1210") in added
    assert ("group", "PLANT", "8210") in added
    assert ("group_ledger", "CADEAU", "1645") in added
    assert after.kept == len(before.added)
    rows = shop.see(list_links)
    assert LinkRow("vat", "21", "1501", "", "4") in rows
    assert shop.see(missing_links) == []
    assert shop.do(initialise, "tester").added == ()


def test_what_is_not_recognised_is_left_out(shop: Shop) -> None:
    norwegian(shop)
    shop.read(APRIL)
    shop.link()
    kinds = {(m.kind, m.code) for m in shop.see(missing_links)}
    assert ("payment", "4000") in kinds
    assert ("vat", "25") in kinds
    assert sum(kind == "group" for kind, _ in kinds) == 7


def test_missing_links_count_and_name_a_receipt(shop: Shop) -> None:
    shop.link()
    shop.read(till_file(receipt(3, group="X"), receipt(4, group="X"), receipt(5, group="Y")))
    found = shop.see(missing_links)
    assert [(m.code, m.vat, m.count, m.example) for m in found] == [
        ("X", "9", 2, "K1/3"),
        ("Y", "9", 1, "K1/5"),
    ]


@pytest.mark.parametrize("code", ["0", "0 %", "0,00", "till:G"])
def test_a_vat_link_without_vat_needs_no_account(shop: Shop, code: str) -> None:
    shop.do(set_link, "vat", code, "", "20", "", "tester")
    (row,) = shop.see(list_links)
    assert (row.gl_code, row.vat) == ("", "20")


@pytest.mark.parametrize(("kind", "code"), [("vat", "9"), ("vat", "10"), ("payment", "0")])
def test_every_other_link_needs_an_account(shop: Shop, kind: str, code: str) -> None:
    with pytest.raises(Refused, match="G/L code"):
        shop.do(set_link, kind, code, "", "20", "", "tester")


def test_vat_on_a_link_without_an_account_holds_the_day(shop: Shop) -> None:
    shop.link()
    shop.import_links("kind,code,vat,gl_code\ngroup,PLANT,,8210\nvat,till:9,1,\n")
    shop.read(till_file(receipt(1)))
    assert [held.problem.code for held in shop.build().problems] == ["vat_unlinked"]
    assert ("vat", "till:9") in {(m.kind, m.code) for m in shop.see(missing_links)}


def test_one_rate_has_one_spelling(shop: Shop) -> None:
    for text in ("21", "21 %", "21,0", "21.00"):
        shop.do(set_link, "vat", text, "", "2", "1500", "tester")
        shop.do(set_link, "group", "POT", "", text, "8220", "tester")
    assert [(r.kind, r.code, r.vat) for r in shop.see(list_links)] == [
        ("group", "POT", "21"),
        ("vat", "21", "2"),
    ]
    links = shop.see(links_of)
    assert links.vat[2100].gl_code == "1500"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("colour", "X", "", "", "1"), "colour"),
        (("payment", "", "", "", "1210"), "needs a code"),
        (("payment", "PIN", "", "", ""), "G/L code"),
        (("payment", "PIN", "", "", "1" * 21), "at most 20"),
        (("group", "POT", "", "high", "8220"), "percentage"),
        (("vat", "hoog", "", "2", "1500"), "percentage"),
        (("fallback", "", "", "", "often"), "groups or vat"),
        (("group_ledger", "POT", "sometimes", "", "8220"), "non-sales"),
    ],
)
def test_a_link_that_cannot_be_is_refused(shop: Shop, row: tuple[str, ...], words: str) -> None:
    with pytest.raises(Refused, match=words):
        shop.do(set_link, *row, "tester")
    assert shop.see(list_links) == []


def test_a_link_is_removed_and_all_of_it_is_audited(shop: Shop) -> None:
    shop.do(set_link, "payment", "PIN", "", "", "1210", "tester")
    shop.do(remove_link, "payment", "PIN", "", "", "tester")
    assert shop.see(list_links) == []
    with pytest.raises(NotFound, match="no link payment PIN"):
        shop.do(remove_link, "payment", "PIN", "", "", "tester")
    actions = shop.see(lambda s: s.scalars(select(AuditEvent.action)).all())
    assert actions == ["link.set", "link.removed"]


def test_a_csv_with_semicolons_and_a_byte_order_mark_is_read(shop: Shop) -> None:
    done = shop.do(import_links, "\ufeffKind;Code;GL_code\nPayment;PIN;1210\n", "tester")
    assert (done.changed, done.same, done.problems) == (1, 0, ())
    done = shop.do(import_links, "kind,code,gl_code\npayment,PIN,1210\n", "tester")
    assert (done.changed, done.same) == (0, 1)


WITH_MISTAKES = """kind,code,sales_type,vat,gl_code
payment,PIN,,,1210
payment,,,,1210
group,POT,,high,8220
payment,PIN,,,1215
payment,CASH,,,1205,and,more
"""


def test_a_csv_with_mistakes_names_their_lines_and_stores_nothing(shop: Shop) -> None:
    done = shop.do(import_links, WITH_MISTAKES, "tester")
    assert [p.place.line for p in done.problems] == ["3", "4", "5", "6"]
    assert "line 2" in done.problems[2].message_en
    assert shop.see(list_links) == []
    unknown = shop.do(import_links, "kind,code,account\n", "tester")
    assert "account" in unknown.problems[0].message_en
