"""The filter language: what is understood, what is refused, what an expression is worth.

The examples follow OData 4.01 Part 2, chapter 5, and the ABNF construction rules.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from retailvista.feed.failures import BadQuery, NotOffered
from retailvista.feed.language import checking, evaluating, parsing
from tests.feed.stock import ITEMS, MODEL, NOW, filter_of, kept

ITEM = {
    "Id": 1, "Name": "O'Neil", "Code": "T-1", "Stock": 7, "Big": 9007199254740993,
    "Price": Decimal("0.10"), "Since": date(2026, 1, 31),
    "Changed": datetime(2026, 1, 31, 22, 30, 15, 250000, tzinfo=UTC), "Sold": None,
    "Mark": UUID("0a000000-0000-4000-8000-00000000000f"), "ParentId": None,
    "Parent": None, "Orders": [{"Nr": 1, "Text": "x", "Amount": Decimal("2.00"), "ItemId": 1}],
}  # fmt: skip

WORTH = [
    ("1 add 2 mul 3", 7),
    ("(1 add 2) mul 3", 9),
    ("7 div 2", 3),
    ("-7 div 2", -3),
    ("7 divby 2", Decimal("3.5")),
    ("7.0 div 2", Decimal("3.5")),
    ("-7 mod 3", -1),
    ("0.1 add 0.2", Decimal("0.3")),
    ("Price mul 3", Decimal("0.30")),
    ("-Stock", -7),
    ("Big sub 1", 9007199254740992),
    ("null add 1", None),
    ("length(Name)", 6),
    ("Name eq 'O''Neil'", True),
    ("name eq 'x'", BadQuery),
    ("contains(Name,'neil')", False),
    ("contains(tolower(Name),'neil')", True),
    ("CONTAINS(Name,'%')", False),
    ("indexof(Name,'N')", 2),
    ("indexof(Name,'?')", -1),
    ("substring(Name,2)", "Neil"),
    ("substring(Name,-2)", "il"),
    ("substring(Name,1,1)", "'"),
    ("concat(concat(Code,'/'),Name)", "T-1/O'Neil"),
    ("trim('  x ')", "x"),
    ("toupper('groß')", "GROSS"),
    ("startswith(Name,'')", True),
    ("endswith(Code,'-1')", True),
    ("year(Since)", 2026),
    ("month(Changed)", 1),
    ("day(2026-02-01T00:30:00+01:00)", 1),
    ("hour(Changed)", 22),
    ("minute(Changed)", 30),
    ("second(Changed)", 15),
    ("fractionalseconds(Changed)", Decimal("0.250000")),
    ("date(Changed)", date(2026, 1, 31)),
    ("time(Changed) gt 22:30", True),
    ("totaloffsetminutes(2026-01-01T00:00:00-05:30)", -330),
    ("totalseconds(duration'PT1M0.5S')", Decimal("60.500000")),
    ("Changed add duration'PT2H' gt 2026-02-01T00:30:15Z", True),
    ("Changed sub 2026-01-31T22:30:15Z", timedelta(milliseconds=250)),
    ("Changed lt 2026-01-31T23:30:15.2500001+01:00", False),
    ("Changed ge 2026-01-31T23:30:15.25 01:00", True),
    ("now() gt Changed", True),
    ("mindatetime() lt maxdatetime()", True),
    ("round(2.5)", Decimal(3)),
    ("round(-2.5)", Decimal(-3)),
    ("floor(-0.5)", Decimal(-1)),
    ("ceiling(0.5)", Decimal(1)),
    ("Mark eq 0A000000-0000-4000-8000-00000000000F", True),
    ("Mark eq '0a000000-0000-4000-8000-00000000000f'", True),
    ("Since eq '2026-01-31'", True),
    ("Stock eq '7'", True),
    ("Sold", None),
    ("not Sold", None),
    ("Sold and false", False),
    ("Sold or true", True),
    ("Sold eq null", True),
    ("null eq null", True),
    ("Sold ne false", True),
    ("Sold gt false", False),
    ("null ge null", True),
    ("null gt null", False),
    ("Stock in (1,7)", True),
    ("Code in ['T-1',\"x\"]", True),
    ("Sold in (null)", True),
    ("not (Stock in (1))", True),
    ("not(Stock eq 1)", True),
    ("Stock eq 1 or Stock eq 7 and Id eq 1", True),
    ("Stock gt 1 eq true", True),
    ("Parent eq null", True),
    ("Parent ne null", False),
    ("Parent/Name eq null", True),
    ("$it/Name eq Name", True),
    ("Orders/$count eq 1", True),
    ("Orders/any()", True),
    ("Orders/any(o:o/Amount eq 2 and o/Nr eq Id)", True),
    ("Orders/all(o:o/Amount gt 2)", False),
    ("1e2 eq 100.00", True),
    ("Stock EQ 7 AND TRUE", True),
    ("Code in []", False),
    ("Code in ['T-1','x']", True),
    ("( true )", True),
    ("(4 add 5) mod (4 sub 1) eq 0", True),
    ("now( ) eq now()", True),
    ("Orders/any( o : true )", True),
    ("Orders/any( )", True),
    ("Orders/any(o:$it/Stock eq 7)", True),
    ("not endswith(Name,'x')", True),
    ("concat(Name, Code) eq concat( Name , Code )", True),
    ("Big gt -9223372036854775808", True),
    ("2013-05-24 lt Since", True),
    ("23:59:59.9 gt time(Changed)", True),
    ("length('€ 5') eq 3", True),
]

REFUSED = [
    ("", BadQuery), ("Stock", BadQuery), ("Stock eq", BadQuery), ("eq 1", BadQuery),
    ("Stock eq 1)", BadQuery), ("(Stock eq 1", BadQuery), ("Stock eq1", BadQuery),
    ("Stock eq 'x'", BadQuery), ("Nothing eq 1", BadQuery), ("Name gt 1", BadQuery),
    ("not Name", BadQuery), ("Name eq 'a", BadQuery), ('Name eq "a', BadQuery),
    ("Orders eq null", BadQuery), ("Orders/Amount eq 1", BadQuery), ("Parent", BadQuery),
    ("Orders/any(Id:Id/Nr eq 1)", None), ("Orders/any($it:true)", BadQuery),
    ("Orders/any(o:Orders/any(o:true))", BadQuery), ("Parent/any(o:true)", BadQuery),
    ("contains(Name)", BadQuery), ("contains(Name,1)", BadQuery), ("soundex(Name)", BadQuery),
    ("cast(Stock,Edm.String) eq '7'", NotOffered), ("isof(Edm.String)", NotOffered),
    ("matchesPattern(Name,'x')", NotOffered), ("Name has Sales.Colour'Red'", NotOffered),
    ("any()", BadQuery), ("all(o:true)", BadQuery), ("Stock in (1,)", BadQuery),
    ("(true", BadQuery), ("true)", BadQuery), ("Stock eq(1)", BadQuery), ("(1)eq 1", BadQuery),
    ("Products('x')", BadQuery), ("Orders/$count(1)", BadQuery), (".Stock eq 1", BadQuery),
    ("$root/Items eq 1", NotOffered), ("$this eq 1", NotOffered), ("[Name,Code] eq []", NotOffered),
    ("case(Stock gt 0:1,true:0) eq 1", NotOffered), ("Price/@Core.Unit eq 'x'", NotOffered),
    ("Orders/$filter(Amount gt 1)/$count gt 1", NotOffered), ("geo.length(Name) gt 1", NotOffered),
    ("Stock has 1", BadQuery), ("Changed gt datetime'2026-01-01T00:00:00'", BadQuery),
    ("Mark eq guid'0a000000-0000-4000-8000-00000000000f'", BadQuery),
    ("Since eq 2026-02-30", BadQuery), ("Changed eq 2026-01-01T25:00:00Z", BadQuery),
    ("Stock eq 1;drop", BadQuery), ("Name eq '\x00", BadQuery), ("Stock eq ²", BadQuery),
    ("Stock add Name eq 1", BadQuery), ("Stock eq @a", None), ("Orders/all()", BadQuery),
    ("Stock eq 1 or", BadQuery), ("a/b/c eq 1", BadQuery), ("Stock in ()", BadQuery),
    ("Stock eq " + "9" * 70, BadQuery), ("Stock eq 1e9999", BadQuery),
    ("(" * 200 + "true" + ")" * 200, BadQuery), ("Stock add 1" + " add 1" * 500, BadQuery),
    ("not " * 300 + "true", BadQuery), ("true" + " and true" * 4000, BadQuery),
]  # fmt: skip


@pytest.mark.parametrize(("text", "worth"), WORTH)
def test_an_expression_is_worth(text, worth):
    scope = checking.Scope.of(MODEL, ITEMS, NOW, {})
    if worth is BadQuery:
        with pytest.raises(BadQuery):
            checking.check(parsing.parse(text), scope)
        return
    found = evaluating.value_of(checking.check(parsing.parse(text), scope), ITEM)
    assert found == worth
    assert type(found) is type(worth)


@pytest.mark.parametrize(("text", "error"), REFUSED)
def test_what_is_no_filter_is_refused_with_words(text, error):
    if error is None:
        filter_of(text)
        return
    with pytest.raises(error) as refused:
        filter_of(text)
    assert str(refused.value)


def test_many_conditions_are_one_filter():
    text = " or ".join(f"Stock eq {number}" for number in range(370))
    assert kept(filter_of(text), {"Items": [ITEM], "Orders": []}) == [1]


def test_an_alias_stands_for_its_value():
    rows = {"Items": [ITEM], "Orders": []}
    assert kept(filter_of("Stock eq @n", n="6 add 1"), rows) == [1]
    assert kept(filter_of("Stock eq @n"), rows) == []
    with pytest.raises(BadQuery, match="its own value"):
        filter_of("Stock eq @n", n="@n")


def test_division_by_zero_has_no_result():
    with pytest.raises(BadQuery, match="no result"):
        kept(filter_of("1 div (Stock sub 7) eq 1"), {"Items": [ITEM], "Orders": []})


def test_orders_have_a_direction():
    scope = checking.Scope.of(MODEL, ITEMS, NOW, {})
    found = checking.check_orders("Name desc, length(Name),Stock asc", scope)
    assert [falls for _term, falls in found] == [True, False, False]
