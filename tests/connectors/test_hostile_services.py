"""Services that answer with poison: what they say costs them an error, and us nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from retailvista.connectors import json_bodies
from retailvista.connectors.exact_online import reading as exact
from retailvista.connectors.odata import metadata
from retailvista.connectors.odata.client import value_of
from retailvista.connectors.odata.login import OdataLogin
from retailvista.connectors.odata.records import OdataRecords
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.connectors.records import Asked, RecordsSession, Way
from retailvista.connectors.sage_accounting import reading as sage
from retailvista.errors import Refused
from retailvista.flows.definition import TransformSpec
from retailvista.flows.transforms import preview
from retailvista.vault import Secret

NOW = datetime(2026, 3, 14, 9, tzinfo=UTC)
OPEN = '<E xmlns="e"><Schema Namespace="N">'
CLOSE = '<EntityContainer Name="C">{sets}</EntityContainer></Schema></E>'
POISON = [
    pytest.param(b"[" * 100_000, id="inner parts without end"),
    pytest.param(b'{"a":' * 10_000, id="inner objects without end"),
    pytest.param(b'{"a": 1e999999999}', id="a number of a gigabyte"),
    pytest.param(b'{"a": 1e-999999999}', id="as small"),
    pytest.param(b'{"a": 1e99999999999999999999}', id="larger than any"),
    pytest.param(b'{"a": 1.%s}' % (b"1" * 2_000), id="more digits than any"),
    pytest.param(b'{"a": %s}' % (b"9" * 5_000), id="a whole number of 5,000 digits"),
    pytest.param(b'{"a": NaN}', id="no number"),
    pytest.param(b'{"a": -Infinity}', id="without end"),
]


def reply_of(body: bytes, **headers: str) -> Reply:
    known = {"content-type": "application/json", **headers}
    return Reply(Sending.ANSWERED, 200, known, body, requested_at=NOW, answered_at=NOW)


@pytest.mark.parametrize("body", POISON)
def test_poison_in_json_is_no_answer(body: bytes):
    assert exact.read_json(reply_of(body)) is None
    assert sage.read_json(reply_of(body)) is None
    assert value_of(reply_of(body)) == {}


def test_honest_numbers_keep_every_digit():
    found = json_bodies.read(b"[1.50, 1.7976931348623157E+308, 5E-324, 0.10, 12]")
    assert [str(one) for one in found] == [
        "1.50", "1.7976931348623157E+308", "5E-324", "0.10", "12",
    ]  # fmt: skip
    assert isinstance(found[0], Decimal)


def test_half_a_character_does_not_keep_its_record_from_being_stored():
    body = rb'{"Name": "Tuin \ud83d\ude00 \ud800", "\udfff": ["\ud800"]}'
    assert value_of(reply_of(body)) == {"Name": "Tuin \U0001f600 �", "�": ["�"]}


@pytest.mark.parametrize("body", POISON)
def test_poison_inside_a_text_fails_its_own_record_only(body: bytes):
    tried = preview(TransformSpec(expression="Extra"), {"Extra": body.decode()}, "7")
    assert "makes no JSON" in tried.problem


@pytest.mark.parametrize("life", ["9" * 18, "9" * 5_000, "٣", "-1", "1e9"])
def test_a_token_that_says_to_live_for_ever_lives_an_hour(life: str):
    body = f'{{"access_token": "abc", "expires_in": "{life}"}}'.encode()
    assert OdataLogin().read_tokens(reply_of(body)).life == timedelta(hours=1)


def service(types: str, sets: str) -> bytes:
    return (OPEN + types + CLOSE.format(sets=sets)).encode()


def type_of(name: str, columns: int, base: str = "") -> str:
    inner = "".join(f'<Property Name="p{at}" Type="Edm.String"/>' for at in range(columns))
    return f'<EntityType Name="{name}" BaseType="N.{base}">{inner}</EntityType>'


def set_of(name: str, kind: str) -> str:
    return f'<EntitySet Name="{name}" EntityType="N.{kind}"/>'


def test_few_words_do_not_become_a_catalogue_without_end():
    """100 KB of metadata that would say a million columns."""
    sets = "".join(set_of(f"s{at}", "T") for at in range(400))
    with pytest.raises(Refused, match="too large"):
        metadata.read(service(type_of("T", 2_500), sets))


def test_types_that_are_made_from_one_another_without_end_come_to_an_end():
    types = "".join(type_of(f"T{at}", 1, f"T{at + 1}") for at in range(300))
    sets = "".join(set_of(f"s{at}", f"T{at}") for at in range(300))
    found = metadata.read(service(types, sets))
    assert max(len(row["properties"]) for row in found) == metadata.CHAIN_MAX


def test_actions_are_found_by_their_name_and_not_by_looking_through_all():
    """Each of them looked at all the others: an hour for 32 MB of these."""
    many = range(6_000)
    types = "".join(f'<Action Name="a{at}"><Parameter Name="x" Type="T"/></Action>' for at in many)
    sets = "".join(f'<ActionImport Name="a{at}" Action="N.a{at}"/>' for at in many)
    found = metadata.read(service(types, sets))
    assert len(found) == metadata.ENTITIES_MAX
    assert all(len(row["properties"]) == 1 for row in found)


@pytest.mark.parametrize(
    "name", ["../../v1/Me", "Orders?$top=1", "a/b", "<script>", "a b", "9", "x" * 129, ""]
)
def test_a_name_that_would_bend_an_address_is_no_table_and_no_column(name: str):
    text = name.replace("<", "&lt;")
    sets = set_of("Orders", "T") + set_of(text, "T") + f'<ActionImport Name="{text}" Action="x"/>'
    types = type_of("T", 1).replace("</E", f'<Property Name="{text}" Type="Edm.String"/></E')
    [only] = metadata.read(service(types, sets))
    assert only["name"] == "Orders"
    assert [column["name"] for column in only["properties"]] == ["p0"]


@pytest.mark.parametrize("code", ["utf-8", "utf-16"])
def test_metadata_with_entities_of_its_own_is_refused_in_any_coding(code: str):
    text = f'<?xml version="1.0" encoding="{code}"?><!DOCTYPE E [<!ENTITY a "Orders">]>'
    text += OPEN + type_of("T", 1) + CLOSE.format(sets=set_of("&a;", "T"))
    with pytest.raises(Refused, match="could not be read"):
        metadata.read(text.encode(code))


def test_a_scale_of_thousands_of_digits_is_none():
    types = type_of("T", 1).replace("/></E", f' Scale="{"9" * 5_000}"/></E')
    [row] = metadata.read(service(types, set_of("Orders", "T")))
    assert row["properties"][0]["scale"] == metadata.SCALE


class Pages:
    """A wire that answers with one page, and keeps where it was sent."""

    def __init__(self, link: str) -> None:
        self.link, self.asked = link, list[str]()

    def send(self, call: Call) -> Reply:
        self.asked.append(call.url)
        return reply_of(b'{"value": [], "@odata.nextLink": "%s"}' % self.link.encode())


@pytest.mark.parametrize(
    "link",
    [
        "https://thief.example/odata/Orders",
        "https://books.example.thief.example/odata/Orders",
        "https://books.example:444/odata/Orders",
        "https://books.example:99999/odata/Orders",
        "https://books.example@thief.example/odata/Orders",
        "http://books.example/odata/Orders",
        "//thief.example/odata/Orders",
        "https://[books.example/odata/Orders",
        "file:///etc/passwd",
        "gopher://books.example/",
    ],
)
def test_the_token_goes_to_the_service_and_nowhere_else(link: str):
    session = RecordsSession("https://books.example/odata", 1, Secret("sleutel"), "Bearer", {})
    wire, records, asked = Pages(link), OdataRecords(), Asked("Orders", Way.FULL)

    def read_on() -> None:
        page = records.page(wire, session, asked, "https://books.example/odata/Orders")
        records.page(wire, session, asked, page.next)

    with pytest.raises(Refused):
        read_on()
    assert wire.asked == ["https://books.example/odata/Orders"]
