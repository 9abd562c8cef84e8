"""Pass 1 over a till file: check every record and spool it as the row it will become.

Invariants: nothing is stored yet, so a file that is refused leaves nothing behind; each receipt
key occurs once in the spool; rows are texts on disk, so memory stays flat for any file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO, BinaryIO, NamedTuple

from retailvista.errors import Refused
from retailvista.journals.intake.till_codes import ARTICLE_GROUP, PAYMENT
from retailvista.journals.intake.xaa import TillFileReader, read_till_file
from retailvista.journals.seen import Seen
from retailvista.ledger.declaration import ZReport
from retailvista.ledger.receipt import Receipt

HASH_BYTES = 16
SpooledRow = tuple[int, str, str, str, str, int, str, str]
_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class KnownStore(NamedTuple):
    """What a file may be read into."""

    id: int
    code: str
    currency: str


class StoreChoice:
    """Which store a location of the file stands for."""

    def __init__(
        self, stores: list[KnownStore], locations: dict[str, int], given: str | None
    ) -> None:
        self._by_id = {store.id: store for store in stores}
        self._locations = locations
        self._given: KnownStore | None = None
        if given:
            named = [store for store in stores if store.code == given]
            if not named:
                raise Refused(f"There is no store {given!r}. Give the code of an existing store.")
            self._given = named[0]
        self.used: dict[str, KnownStore] = {}

    def code_of(self, location: str, register: str) -> str:
        """The code of the store; the reader asks it for every record."""
        found = self._given or self._at(location, register)
        self.used[found.code] = found
        return found.code

    def _at(self, location: str, register: str) -> KnownStore:
        named = self._by_id.get(self._locations.get(location.strip(), 0))
        if named is not None:
            return named
        if len(self._by_id) == 1:
            return next(iter(self._by_id.values()))
        where = repr(location) if location else "without a name"
        raise Refused(
            f"Location {where} (register {register}) is not known as a till location of a store."
            " Add it to the store, or give the store when importing."
        )


@dataclass(slots=True)
class TillPass:
    """What pass 1 found; `rows()` gives the spooled rows again."""

    reader: TillFileReader
    spool: IO[str]
    stores: StoreChoice
    seen: Seen = field(default_factory=Seen)
    receipts: int = 0
    repeated: int = 0
    z_reports: list[ZReport] = field(default_factory=list)
    days: dict[tuple[str, date], dict[str, str]] = field(default_factory=dict)

    def rows(self) -> Iterator[SpooledRow]:
        """(store id, register, nr, business date, currency, total, hash, content) per receipt."""
        self.spool.seek(0)
        for line in self.spool:
            store_id, register, nr, on, currency, total, digest, content = line.split("\t", 7)
            yield int(store_id), register, nr, on, currency, int(total), digest, content[:-1]


def check_till_file(raw: BinaryIO, name: str, stores: StoreChoice, spool: IO[str]) -> TillPass:
    """Read the whole file once. Refused names the line or the receipt and the remedy."""
    reader = read_till_file(raw, name, store_of=stores.code_of)
    found = TillPass(reader, spool, stores)
    keys: dict[str, str] = {}
    for record in reader:
        if isinstance(record, ZReport):
            if record.kind == "Z":
                found.z_reports.append(record)
            continue
        _check_currency(name, reader.currency, stores.used[record.store])
        _spool(found, record, keys, name)
    found.seen.group_names = reader.codes.names(ARTICLE_GROUP)
    found.seen.payment_names = reader.codes.names(PAYMENT)
    if not found.receipts:
        raise Refused(f"{name}: there is no receipt in this file. Check the period of the export.")
    return found


def _check_currency(name: str, currency: str, store: KnownStore) -> None:
    if currency != store.currency:
        raise Refused(
            f"{name}: the amounts are in {currency}, store {store.code} books in"
            f" {store.currency}. Nothing is converted: choose the right store or file."
        )


def _spool(found: TillPass, receipt: Receipt, keys: dict[str, str], name: str) -> None:
    found.receipts += 1
    content = _to_text(receipt.to_row())
    digest = hashlib.blake2b(content.encode(), digest_size=HASH_BYTES).hexdigest()
    key = f"{receipt.store}\t{receipt.register}\t{receipt.nr}"
    if key.count("\t") != 2 or "\n" in key or "\r" in key:
        # Tabs and line ends separate the rows of the spool.
        raise Refused(
            f"{name}: receipt {receipt.key!r} has a line break in its number or register."
            " Ask the till supplier for a correct export."
        )
    known = keys.setdefault(key, digest)
    if known is not digest:
        if known != digest:
            raise Refused(
                f"{name}: receipt {receipt.key} occurs twice with different content."
                " Ask the till supplier for a correct export."
            )
        found.repeated += 1
        return
    found.seen.add(receipt)
    registers = found.days.setdefault((receipt.store, receipt.business_date), {})
    written = receipt.written
    if written > registers.get(receipt.register, ""):
        registers[receipt.register] = written
    store_id, total = found.stores.used[receipt.store].id, receipt.total
    on = receipt.business_date.isoformat()
    found.spool.write(
        f"{store_id}\t{receipt.register}\t{receipt.nr}\t{on}\t{receipt.currency}\t{total}"
        f"\t{digest}\t{content}\n"
    )
