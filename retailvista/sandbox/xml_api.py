"""The XML API: upload of general entries, download of entries and accounts, as `<eExact>`.

Source: open clients that upload and download by it; no schema is public, so the inner structure is
the likeliest (docs/exact.md). Invariant: every record of an upload has one message of its own, and
a refused record leaves nothing behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from retailvista.sandbox import times
from retailvista.sandbox.answers import Answer, Refusal, Request
from retailvista.sandbox.endpoints import endpoints
from retailvista.sandbox.kinds import GENERAL
from retailvista.sandbox.refusals import said
from retailvista.sandbox.writes import Change

if TYPE_CHECKING:
    from retailvista.sandbox.api import Api
    from retailvista.sandbox.askers import Asker

UPLOAD, DOWNLOAD = "/docs/XMLUpload.aspx", "/docs/XMLDownload.aspx"
PAGE_ROWS = 100
ERROR, SUCCESS = "0", "2"
NUMBER = re.compile(r"[0-9]{1,9}")
AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
PAGING = re.compile(r"(0x)?[0-9A-Fa-f]{1,16}")
KIND = ("Content-Type", "text/xml; charset=utf-8")
EXISTS = (
    "Bestaat al - Boekstuknummer: {number}, Dagboek: {journal}",
    "Already exists - Entry number: {number}, Journal: {journal}",
)


def upload(api: Api, request: Request, asker: Asker) -> Answer:
    """Every record of the document, each for itself."""
    document = _document(request.body)
    root, topic = Element("eExact"), request.query.get("Topic", "")
    messages = SubElement(root, "Messages")
    if topic != "GLTransactions":
        _message(messages, ERROR, topic, "", _wrong_topic(topic))
    for record in document.iter("GLTransaction") if topic == "GLTransactions" else ():
        number, text = _book(api, request, asker, record)
        _message(messages, ERROR if text else SUCCESS, topic, number, text or _stored(asker))
    return _written(root)


def download(api: Api, request: Request, _: Asker) -> Answer:
    """One page of a topic; `TSPaging` of its last topic line leads to the next."""
    root, topic = Element("eExact"), request.query.get("Topic", "")
    reader = TOPICS.get(topic)
    if reader is None:
        _message(SubElement(root, "Messages"), ERROR, topic, "", _wrong_topic(topic))
        return _written(root)
    after = _stamp(request.query.get("TSPaging", "0"))
    found = list(reader(api, request.division or 0, after))
    listed = SubElement(root, topic)
    listed.extend(element for _, element in found)
    last = found[-1][0] if found else after
    SubElement(
        SubElement(root, "Topics"),
        "Topic",
        code=topic,
        ts_d=f"0x{last:016X}",
        count=str(len(found)),
        pagesize=str(PAGE_ROWS),
    )
    SubElement(root, "Messages")
    return _written(root)


def _document(body: bytes) -> Element:
    if b"<!" in body.replace(b"<!--", b"").replace(b"<![CDATA[", b""):
        raise Refusal(400, "A document type is not allowed.")
    try:
        return ET.fromstring(body)  # noqa: S314 - without a document type, see above
    except ET.ParseError as error:
        raise Refusal(400, f"The XML is not well-formed: {error}.") from error


def _book(api: Api, request: Request, asker: Asker, record: Element) -> tuple[str, str]:
    """The entry number, and what is wrong ('' when it is booked)."""
    number = record.get("entry", "")
    journal = _code(record, "Journal") or ""
    body = _body(api, request.division or 0, record) | {"JournalCode": journal}
    if NUMBER.fullmatch(number):
        body["EntryNumber"] = int(number)
    wanted = Request(
        "POST",
        f"/api/v1/{request.division}/{GENERAL.path}",
        {"accept": "application/json", "content-type": "application/json"},
        json.dumps(body).encode(),
        division=request.division,
        client_id=request.client_id,
    )
    wanted.headers["prefer"] = "return=representation"
    try:
        answer = api.writes.post(Change(wanted, asker, endpoints()[GENERAL.path], None, None))
    except Refusal as refusal:
        taken = {said("number-used", language) for language in ("nl", "en")}
        if refusal.text in taken:
            text = EXISTS[0 if asker.language == "nl" else 1]
            return number, text.format(number=number, journal=journal)
        return number, refusal.text
    api.webhooks.after(wanted, answer)
    return str(json.loads(answer.body)["d"]["EntryNumber"]), ""


def _body(api: Api, division: int, record: Element) -> dict[str, Any]:
    """The record as the REST service takes it."""
    by_code = {account.code: key for key, account in api.masters.of(division).accounts.items()}
    day = record.findtext("Date")
    lines: list[dict[str, Any]] = []
    for line in record.iter("GLTransactionLine"):
        value = (line.findtext("Amount/Value") or "0").strip()
        code = _code(line, "GLAccount")
        sent = {
            "Date": line.findtext("Date") or day,
            "GLAccount": by_code.get(code or ""),
            "Description": line.findtext("Description"),
            # What is no amount goes on as it is: the books say what is wrong with it.
            "AmountFC": float(value) if AMOUNT.fullmatch(value) else value,
            "VATCode": _code(line, "VAT"),
            "CostCenter": _code(line, "Costcenter"),
        }
        lines.append({name: known for name, known in sent.items() if known is not None})
    return {"GeneralJournalEntryLines": lines}


def _code(parent: Element, name: str) -> str | None:
    found = parent.find(name)
    return None if found is None else found.get("code")


def _message(messages: Element, kind: str, topic: str, key: str, text: str) -> None:
    message = SubElement(messages, "Message", type=kind)
    named = SubElement(message, "Topic", code=topic, node="GLTransaction")
    SubElement(named, "Data", keyAlt=key)
    SubElement(message, "Description").text = text


def _stored(asker: Asker) -> str:
    return "Aangemaakt" if asker.language == "nl" else "Created"


def _wrong_topic(topic: str) -> str:
    return f"The sandbox does not know the topic '{topic}'."


def _written(root: Element) -> Answer:
    return Answer(200, ET.tostring(root, "utf-8", xml_declaration=True), [KIND])


def _stamp(text: str) -> int:
    found = int(text, 16) if PAGING.fullmatch(text) else 2**63
    if found >= 2**63:
        raise Refusal(400, "TSPaging is the ts_d of the page before.")
    return found


# Topics of a download

Rows = Iterator[tuple[int, Element]]


def _accounts(api: Api, division: int, after: int) -> Rows:
    for stamp, key, body in api.store.rows(
        "SELECT Timestamp, key, body FROM record WHERE entity = 'financial/GLAccounts' "
        "AND Division = ? AND Timestamp > ? ORDER BY Timestamp LIMIT ?",
        *(division, after, PAGE_ROWS),
    ):
        known = json.loads(body)
        element = Element("GLAccount", code=known["Code"], ID=f"{{{key}}}")
        SubElement(element, "Description").text = known.get("Description")
        yield stamp, element


def _transactions(api: Api, division: int, after: int) -> Rows:
    for seq, entry_id, number, journal, status in api.store.rows(
        "SELECT seq, EntryID, EntryNumber, JournalCode, Status FROM entry "
        "WHERE Division = ? AND seq > ? ORDER BY seq LIMIT ?",
        *(division, after, PAGE_ROWS),
    ):
        element = Element("GLTransaction", entry=str(number), status=str(status))
        SubElement(element, "Journal", code=journal)
        for line in api.store.rows(
            "SELECT LineNumber, Date, GLAccountCode, Description, AmountFC, Currency, VATCode "
            "FROM line WHERE EntryID = ? AND LineNumber > 0 ORDER BY LineNumber",
            entry_id,
        ):
            element.append(_line(line))
        yield seq, element


def _line(row: tuple[Any, ...]) -> Element:
    number, day, account, text, amount, currency, vat = row
    line = Element("GLTransactionLine", line=str(number))
    SubElement(line, "Date").text = times.literal(day)[:10]
    SubElement(line, "GLAccount", code=account or "")
    SubElement(line, "Description").text = text
    value = SubElement(line, "Amount")
    SubElement(value, "Currency", code=currency or "")
    SubElement(value, "Value").text = str(amount)
    if vat:
        SubElement(line, "VAT", code=vat)
    return line


TOPICS: dict[str, Callable[[Api, int, int], Rows]] = {
    "GLAccounts": _accounts,
    "GLTransactions": _transactions,
}
