"""Streaming reader of the XAA family: XAA 3.1 and SAF-T Cash Register of Norway and Denmark.

Invariants: memory stays flat, every element is forgotten as soon as it is read; records come in
file order; what is wrong raises Refused with file and line, so the caller keeps nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from lxml import etree

from retailvista.errors import Refused
from retailvista.journals.intake.amounts import fine_amount, written_date, written_time
from retailvista.journals.intake.receipts import ReceiptMaker
from retailvista.journals.intake.recognise import BoundedStream, TillFormat, open_till_file
from retailvista.journals.intake.tags import TillTags
from retailvista.journals.intake.till_codes import EVENT, X_REPORT, Z_REPORT, TillCodes
from retailvista.ledger.declaration import ZReport
from retailvista.ledger.receipt import Receipt
from retailvista.ledger.rounding import half_up

ARTICLES_MAX = 200_000
_RECORDS = ("cashtransaction", "event", "registerID")
_HEADS = ("header", "basic", "vatCodeDetail", "article", "taxRegistrationCountry", "companyName")
_FORGOTTEN = ("customerSupplier", "employee", "ledgerAccount", "period", "streetAddress", "name")
StoreOf = Callable[[str, str], str]


def _by_location(location: str, register: str) -> str:
    del register
    return location


class TillFileReader:
    """Facts of the file, and its records by iterating over it once."""

    def __init__(self, stream: BoundedStream, found: TillFormat, store_of: StoreOf) -> None:
        self.format = found
        self.name = stream.name
        self.company = ""
        self.country = found.country
        self.currency = ""
        self.made_at = ""
        self.software = ""
        self.codes = TillCodes()
        self.vat_codes: dict[str, tuple[str, str]] = {}
        self.registers: list[tuple[str, str]] = []
        self._group_of_article: dict[str, str] = {}
        self._stream = stream
        self._store_of = store_of
        self._location = self._register = ""
        self._events = self._parse()
        self._ahead: list[Receipt | ZReport] = []
        self._maker: ReceiptMaker | None = None
        self._read_facts()

    @property
    def facts(self) -> dict[str, Any]:
        """JSON-able header facts, kept beside the file."""
        return {
            "format": self.format.code,
            "company": self.company,
            "country": self.country,
            "currency": self.currency,
            "made_at": self.made_at,
            "software": self.software,
            "vat_codes": {code: list(pair) for code, pair in self.vat_codes.items()},
            "basics": self.codes.to_json(),
        }

    def __iter__(self) -> Iterator[Receipt | ZReport]:
        yield from self._ahead
        self._ahead = []
        yield from self._events

    def _read_facts(self) -> None:
        """Up to the first record: everything before it describes the file."""
        first = next(self._events, None)
        if not self.currency:
            raise Refused(
                f"{self.name}: the header with its currency (curCode) is missing."
                " Export the file again from the till."
            )
        if first is not None:
            self._ahead.append(first)

    def _parse(self) -> Iterator[Receipt | ZReport]:
        """Every record; lxml is told to load nothing, resolve nothing and accept nothing huge."""
        space = f"{{{self.format.namespace}}}"
        wanted = {space + local: local for local in (*_RECORDS, *_HEADS, *_FORGOTTEN)}
        try:
            parsed = etree.iterparse(
                self._stream,
                events=("end",),
                tag=tuple(wanted),
                resolve_entities=False,
                no_network=True,
                load_dtd=False,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )
            for _, element in parsed:
                local = wanted[element.tag]
                if local == "cashtransaction":
                    yield self._receipt(element)
                elif local == "event":
                    report = self._report(element)
                    if report is not None:
                        yield report
                else:
                    self._note(local, element)
                    if local in ("registerID", "taxRegistrationCountry", "companyName"):
                        continue
                _forget(element)
                self._stream.heard()
        except etree.XMLSyntaxError as wrong:
            raise Refused(
                f"{self.name}, line {wrong.lineno}: the XML is broken ({wrong.msg})."
                " The file may be cut off; export or send it again."
            ) from wrong

    def _receipt(self, element: Any) -> Receipt:
        if self._maker is None:
            self._maker = ReceiptMaker(
                tags=TillTags.of(self.format.namespace),
                name=self.name,
                currency=self.currency,
                country=self.country,
                codes=self.codes,
                group_of_article=self._group_of_article,
                store_of=self._store_of,
            )
        return self._maker.make(element, self._location, self._register)

    def _note(self, local: str, element: Any) -> None:
        """Facts around the records."""
        parent = etree.QName(element.getparent()).localname
        if parent in ("company", "location", "cashregister"):
            self._note_place(local, parent, element)
            return
        own = {etree.QName(c).localname: c.text or "" for c in element if isinstance(c.tag, str)}
        if local == "header":
            self._note_header(own)
        elif local == "basic":
            self.codes.add(
                own.get("basicType", ""),
                own.get("basicID", ""),
                own.get("predefinedBasicID", ""),
                own.get("basicDesc", ""),
            )
        elif local == "vatCodeDetail":
            pair = (own.get("vatDesc", ""), own.get("standardVatCode", ""))
            self.vat_codes[own.get("vatCode", "")] = pair
        elif local == "article" and len(self._group_of_article) < ARTICLES_MAX:
            self._group_of_article[own.get("artID", "")] = own.get("artGroupID", "")

    def _note_place(self, local: str, parent: str, element: Any) -> None:
        """Whose receipts follow: company, location, register."""
        text = (element.text or "").strip()
        match parent, local:
            case "cashregister", "registerID":
                if not text:
                    raise Refused(f"{self.name}, line {element.sourceline}: registerID is empty.")
                self._register = text
                self.registers.append((self._location, text))
            case "location", "name":
                self._location = text
            case "company", "companyName":
                self.company = text
            case "company", "taxRegistrationCountry":
                self.country = text or self.country

    def _note_header(self, own: dict[str, str]) -> None:
        self.currency = own.get("curCode", "").strip()
        self.software = f"{own.get('softwareDesc', '')} {own.get('softwareVersion', '')}".strip()
        made_on = own.get("dateCreated", "").strip()
        try:
            made_at = written_time(own["timeCreated"]) if own.get("timeCreated") else "00:00:00"
            self.made_at = f"{written_date(made_on).isoformat()}T{made_at}" if made_on else ""
        except ValueError as wrong:
            raise Refused(f"{self.name}: the header says {wrong}.") from wrong

    def _report(self, element: Any) -> ZReport | None:
        """A Z or X report; every other event is not ours."""
        space = f"{{{self.format.namespace}}}"
        kind = self.codes.standard(EVENT, element.findtext(space + "eventType", "").strip())
        report = element.find(space + "eventReport")
        if report is None or kind not in (X_REPORT, Z_REPORT):
            return None
        try:
            return self._z_report(element, report, space, "Z" if kind == Z_REPORT else "X")
        except ValueError as wrong:
            raise Refused(f"{self.name}, line {element.sourceline}, report: {wrong}.") from wrong

    def _z_report(self, element: Any, report: Any, space: str, kind: str) -> ZReport:
        def cents(path: str) -> int | None:
            text = report.findtext("/".join(space + step for step in path.split("/")))
            return half_up(fine_amount(text)) if text else None

        payments: dict[str, int] = {}
        for paid in report.iterfind(f"{space}reportPayments/{space}reportPayment"):
            code = paid.findtext(space + "paymentType", "")
            amount = half_up(fine_amount(paid.findtext(space + "paymentAmnt", "0")))
            payments[code] = payments.get(code, 0) + amount
        on = written_date(element.findtext(space + "eventDate", ""))
        at = written_time(element.findtext(space + "eventTime", ""))
        return ZReport(
            register=self._register,
            number=report.findtext(space + "reportID", ""),
            at=f"{on.isoformat()}T{at}",
            kind=kind,
            cash_sales=cents("reportTotalCashSales/totalCashSaleAmnt"),
            returns=cents("reportReturnAmnt"),
            payments=payments,
            opening_float=cents("reportOpeningChangeFloat"),
            grand_total=cents("reportGrandTotalSalesNet"),
            store=self._store_of(self._location, self._register),
        )


def read_till_file(
    stream: BinaryIO, name: str, *, store_of: StoreOf = _by_location
) -> TillFileReader:
    """The reader of a file of the XAA family, plain or gzipped; else Refused.

    `store_of` says which store a location and register of the file belong to.
    """
    bounded, found = open_till_file(stream, name)
    return TillFileReader(bounded, found, store_of)


def _forget(element: Any) -> None:
    """Free the element; its predecessors too, as the parser still needs the element itself."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
