"""The XML API: records one by one, a message for each, and downloads in pages.

Source: picqer's `Connection::upload` and `download`; support.streamtime.net 48698 for the words of
a duplicate. The inner structure stands in no public source.
"""

from __future__ import annotations

from urllib.parse import quote

import pytest
from lxml import etree

from tests.sandbox.visitor import GROENHOF, Reply, Visitor

RECORD = """<GLTransaction entry="{number}"><Journal code="91"/><Date>2026-03-14</Date>
<GLTransactionLine line="1"><GLAccount code="1210"/><Description>Pin</Description>
<Amount><Currency code="EUR"/><Value>{debit}</Value></Amount></GLTransactionLine>
<GLTransactionLine line="2"><GLAccount code="1205"/>
<Amount><Currency code="EUR"/><Value>-5.00</Value></Amount></GLTransactionLine></GLTransaction>"""
CROOKED = "De boeking is niet in evenwicht op: 2026 / 3 (Type: Overige) - Verschil: EUR 1,00"


def uploaded(visitor: Visitor, *records: str, topic: str = "GLTransactions") -> Reply:
    text = f"<eExact><GLTransactions>{''.join(records)}</GLTransactions></eExact>"
    where = f"/docs/XMLUpload.aspx?Topic={topic}&_Division_={GROENHOF}"
    return visitor.ask("POST", where, text.encode(), visitor.headers)


def messages(reply: Reply) -> list[tuple[str, str, str]]:
    """(type, key, text) of each."""
    assert reply.status == 200, reply.body
    return [
        (m.get("type", ""), m.find("Topic/Data").get("keyAlt"), m.findtext("Description"))
        for m in etree.fromstring(reply.body).iter("Message")
    ]


def test_each_record_is_booked_or_refused_for_itself(visitor: Visitor) -> None:
    good, crooked = RECORD.format(number=26000001, debit=5), RECORD.format(number=2, debit=6)
    reply = uploaded(visitor, good, crooked, good)
    assert messages(reply) == [
        ("2", "26000001", "Aangemaakt"),
        ("0", "2", CROOKED),
        ("0", "26000001", "Bestaat al - Boekstuknummer: 26000001, Dagboek: 91"),
    ]
    assert visitor.numbers() == [26000001]
    assert int(reply.headers["X-RateLimit-Minutely-Remaining"]) < 60, "it counts with REST"


def downloaded(visitor: Visitor, topic: str, paging: str = "") -> etree._Element:
    more = f"&TSPaging={paging}" if paging else ""
    where = f"/docs/XMLDownload.aspx?Topic={topic}&_Division_={GROENHOF}{more}"
    return etree.fromstring(visitor.ask("GET", where, None, visitor.headers).body)


def test_downloads_in_pages(visitor: Visitor) -> None:
    uploaded(visitor, RECORD.format(number=26000001, debit=5))
    (entry,) = downloaded(visitor, "GLTransactions").iter("GLTransaction")
    assert entry.get("entry") == "26000001"
    amounts = [line.findtext("Amount/Value") for line in entry.iter("GLTransactionLine")]
    assert amounts == ["5.0", "-5.0"]
    codes, paging = list[str](), ""
    while True:
        page = downloaded(visitor, "GLAccounts", paging)
        codes += [account.get("code", "") for account in page.iter("GLAccount")]
        topic = page.find("Topics/Topic")
        if int(topic.get("count")) < int(topic.get("pagesize")):
            break
        paging = topic.get("ts_d")
    known = visitor.sandbox.store.rows("SELECT Code FROM gl_account WHERE Division = ?", GROENHOF)
    assert len(codes) > 100, "more than one page"
    assert sorted(codes) == sorted(row[0] for row in known)


def test_the_door_is_that_of_the_rest_services(visitor: Visitor) -> None:
    assert messages(uploaded(visitor, topic="Items"))[0][:1] == ("0",)
    where = f"/docs/XMLDownload.aspx?Topic=GLAccounts&_Division_={GROENHOF}"
    assert visitor.ask("GET", where).status == 401
    assert (
        visitor.ask("GET", where.replace("1000001", "3000001"), None, visitor.headers).status == 403
    )
    assert visitor.ask("POST", where, b"", visitor.headers).status == 404


ODD = ("²", "nan", "1e400", "-", "abc", "9" * 5000, "0x1", "\u0660", "2026-13-45", "&#13;", " ")


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_values_are_refused_and_never_a_fault(visitor: Visitor, odd: str) -> None:
    for record in (
        RECORD.format(number=odd, debit=6),
        RECORD.format(number=7, debit=odd),
        RECORD.format(number=8, debit=5).replace("1210", odd),
        RECORD.format(number=9, debit=6).replace("2026-03-14", odd),
    ):
        ((kind, _, text),) = messages(uploaded(visitor, record))
        assert (kind, bool(text)) == ("0", True)
    for query in (f"Topic={odd}", f"Topic=GLAccounts&TSPaging={odd}", f"_Division_={odd}"):
        where = f"/docs/XMLDownload.aspx?_Division_={GROENHOF}&{quote(query, safe='=&')}"
        assert visitor.ask("GET", where, None, visitor.headers).status in (200, 400, 403, 414)
    assert visitor.numbers() == []


@pytest.mark.parametrize("text", ["<eExact>", '<!DOCTYPE x [<!ENTITY a "b">]><eExact/>'])
def test_what_is_no_plain_xml_is_400(visitor: Visitor, text: str) -> None:
    where = f"/docs/XMLUpload.aspx?Topic=GLTransactions&_Division_={GROENHOF}"
    assert visitor.ask("POST", where, text.encode(), visitor.headers).status == 400
