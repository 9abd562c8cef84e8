"""The test cases that OASIS publishes with the grammar of OData 4.0, as an oracle of our parser.

They come with the npm package odata-v4-parser, as test/odata-abnf-testcases.xml: each has a rule,
an input, and for what is no OData the place where that shows. What is right is taken, or refused
with 501 as not offered; what is wrong is refused. Exceptions are listed here, each with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from urllib.parse import unquote

import pytest
from lxml import etree

from retailvista.feed import edm, negotiating, options, shaping
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery, NotOffered
from retailvista.feed.language import checking, lexing, parsing
from retailvista.feed.model import IDENTIFIER, EntitySet, Model, Navigation, Property
from tests.feed.outsiders import PACKAGES
from tests.feed.stock import NOW

CASES = PACKAGES / "odata-v4-parser" / "test" / "odata-abnf-testcases.xml"


def _table(name: str, columns: str, *ways: Navigation) -> EntitySet:
    properties = [Property("Id", Edm.INT32, nullable=False)]
    properties += [Property(column, Edm.STRING) for column in columns.split()]
    return EntitySet(name, "Id", tuple(properties), ways)


SHOP = Model(
    (
        _table(
            "Orders", "Name Rating ReleaseDate",
            Navigation("Items", "Lines", "Id", "Id", many=True),
            Navigation("Customer", "Customers", "Id", "Id"),
            Navigation("Category", "Customers", "Id", "Id"),
        ),
        _table("Lines", "Quantity Name", Navigation("Product", "Products", "Id", "Id")),
        _table("Products", "Name Price"),
        _table("Customers", "Name"),
    )
)  # fmt: skip


def expression(text: str) -> None:
    parsing.parse(unquote(text))


def query(text: str) -> None:
    """Options that are looked at by themselves; $select and $expand need a model."""
    found = options.from_address(text)
    for name in ("filter", "orderby"):
        if found.text(name) is not None:
            parsing.parse_many(found.text(name))
    for value in found.aliases.values():
        parsing.parse(value)
    found.number("top")
    found.number("skip")
    found.yes("count")


def address(text: str) -> None:
    query(text.partition("?")[2].partition("#")[0])


def shape(text: str) -> None:
    scope = checking.Scope.of(SHOP, SHOP.sets[0], NOW, {})
    shaping.shape_of(scope, options.from_address(text))


def value(kind: Edm) -> Callable[[str], None]:
    return lambda text: edm.parse(text, kind)


def text_value(text: str) -> None:
    [word, _end] = lexing.words(unquote(text))
    assert word.type == Edm.STRING


def identifier(text: str) -> None:
    if not IDENTIFIER.fullmatch(text):
        raise BadQuery


def preference(text: str) -> None:
    """What is not known is passed over; a page size that is none changes nothing."""
    size, applied = negotiating.page_size_of(text.removeprefix("Prefer: "), 500, 1000)
    if "maxpagesize" in text and not applied:
        raise BadQuery
    assert size in (20, 50, 500)


RULES: dict[str, Callable[[str], None]] = {
    **dict.fromkeys(["commonExpr", "boolCommonExpr", "boolcommonExpr", "notExpr", "isofExpr",
                     "firstMemberExpr", "primitiveLiteral"], expression),
    "anyExpr": lambda text: expression(f"Items/{text}"),
    **dict.fromkeys(["filter", "orderby", "queryOptions", "customQueryOption"], query),
    **dict.fromkeys(["odataRelativeUri", "odataUri"], address),
    **dict.fromkeys(["expand", "select"], shape),
    "dateValue": value(Edm.DATE), "dateTimeOffsetValue": value(Edm.INSTANT),
    "timeOfDayValue": value(Edm.TIME), "durationValue": value(Edm.DURATION),
    "decimalValue": value(Edm.DECIMAL), "doubleValue": value(Edm.DECIMAL),
    "singleValue": value(Edm.DECIMAL), "guidValue": value(Edm.GUID),
    "booleanValue": value(Edm.BOOLEAN), "byteValue": value(Edm.INT32),
    "sbyteValue": value(Edm.INT32), "int16Value": value(Edm.INT32),
    "int32Value": value(Edm.INT32), "int64Value": value(Edm.INT64),
    "string": text_value, "odataIdentifier": identifier,
    **dict.fromkeys(["preference", "prefer", "maxpagesizePreference"], preference),
}  # fmt: skip
YEARS = "years before 1 and after 9999 occur in no books"
COMPLEX = "no property of a feed has properties of its own"
BLANKS = "blanks around a name and a value change no meaning"
TWICE = "the same option twice is an error (Part 1, 11.2.1), which the grammar cannot say"
NO_FLOATS = "a feed has exact numbers alone"
EXCEPTIONS = {
    "0000-01-01": YEARS, "-10000-04-01": YEARS,
    "0000-01-01T00:00Z": YEARS, "-10000-04-01T00:00Z": YEARS,
    "-INF": NO_FLOATS, "INF": NO_FLOATS, "NaN": NO_FLOATS,
    "$filter =true": BLANKS, "$filter= true": BLANKS,
    "$expand=Address/Country": COMPLEX, "$expand=Addresses/Country": COMPLEX,
    "$format=json&$format=atom&$format=xml&$format=text/html": TWICE,
    "$format=JSON&$format=Atom&$format=XML&$format=text/html": TWICE,
    "$entity?$format=json": "the path is refused; here its query is looked at",
}  # fmt: skip
# Whole addresses are looked at for the part behind the question mark.
WHOLE = ("odataRelativeUri", "odataUri")


@cache
def cases() -> list[tuple[str, str, bool]]:
    """Rule, input, and whether it is right, of all cases that have to do with a query."""
    found = []
    for case in etree.parse(CASES).getroot().iter("{*}TestCase"):
        rule, text = case.get("Rule"), case.findtext("{*}Input")
        if rule in RULES and (rule not in WHOLE or "?" in text):
            found.append((rule, text, case.get("FailAt") is None))
    return found


def taken(check: Callable[[str], None], text: str) -> str:
    try:
        check(text)
    except NotOffered:
        return "not offered"
    except BadQuery:
        return "refused"
    return "taken"


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_grammar(rule):
    seen = 0
    for found, text, is_right in cases():
        if found == rule and text not in EXCEPTIONS:
            answer = taken(RULES[rule], text)
            assert answer != ("refused" if is_right else "taken"), (rule, text)
            seen += 1
    assert seen, rule


def test_exceptions_are_still_exceptions():
    for text, reason in EXCEPTIONS.items():
        [(rule, is_right)] = {(rule, right) for rule, found, right in cases() if found == text}
        assert taken(RULES[rule], text) == ("refused" if is_right else "taken"), (text, reason)


def test_the_cases_are_there():
    assert len(cases()) == 351
    assert sum(1 for _rule, _text, is_right in cases() if not is_right) == 33
