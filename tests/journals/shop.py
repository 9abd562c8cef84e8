"""A shop whose till files become journals: a company on a SQLite file of its own."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import Company, Store
from retailvista.companies.scope import company_scope
from retailvista.journals.building import BuildResult, build_journals
from retailvista.journals.importing import ImportResult, import_till_file
from retailvista.journals.links import import_links, initialise
from retailvista.journals.listing import JournalFilter, ListedJournal, list_journals
from tests.world import add_company, new_database, session_maker

DEMO = Path(__file__).resolve().parents[2] / "demo" / "till-files"
GROENHOF = sorted(DEMO.glob("groenhof-*.xaa"))
APRIL = DEMO / "teststore-2018-04.xaa"

# The decision for the Norwegian test store, without its two undeclared payment types.
APRIL_LINKS = """kind,code,sales_type,vat,gl_code,name
fallback,,,,vat,
fallback,25,,,3000,
fallback,15,,,3010,
vat,25,,3,2700,
vat,15,,31,2701,
payment,1,,,1920,Contant
payment,2,,,1930,Betaalautomaat
rounding,,,,7770,
"""
UNDECLARED = "kind,code,gl_code\npayment,4000,1930\npayment,4100,1940\n"

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<auditfile xmlns="http://www.auditfiles.nl/XAA/3.1">
<header><curCode>{currency}</curCode><dateCreated>{made_on}</dateCreated>
<timeCreated>{made_at}</timeCreated></header>
<company><companyName>Winkel</companyName><taxRegistrationCountry>NL</taxRegistrationCountry>
<basics>
<basic><basicType>04</basicType><basicID>PLANT</basicID><basicDesc>Planten</basicDesc></basic>
<basic><basicType>12</basicType><basicID>PIN</basicID>
<predefinedBasicID>12002</predefinedBasicID><basicDesc>PIN</basicDesc></basic>
</basics>
<location><name>{location}</name><cashregister><registerID>K1</registerID>
"""
RECEIPT = """<cashtransaction><nr>{nr}</nr><transType>11001</transType>
<transAmntIn>{gross}</transAmntIn><transAmntEx>{net}</transAmntEx><amntTp>C</amntTp>
<transDate>{on}</transDate><transTime>{at}</transTime>
<ctLine><lineID>1</lineID><artGroupID>{group}</artGroupID><artID>1</artID><qnt>1</qnt>
<lineAmntIn>{gross}</lineAmntIn><lineAmntEx>{net}</lineAmntEx><amntTp>C</amntTp>
<vat><vatCode>9</vatCode><vatPerc>9</vatPerc><vatAmnt>{vat}</vatAmnt></vat></ctLine>
<payment><paymentType>{paid_by}</paymentType><paidAmnt>{gross}</paidAmnt></payment>
</cashtransaction>
"""
TAIL = "</cashregister></location></company></auditfile>\n"


def receipt(
    nr: int, on: str = "2026-03-10", cents: int = 1090, group: str = "PLANT", at: str = "10:00:00",
    paid_by: str = "PIN",
) -> str:  # fmt: skip
    """One receipt with 9 % VAT, paid by card."""
    net = round(cents * 100 / 109)
    texts = {name: f"{minor / 100:.2f}" for name, minor in (
        ("gross", cents), ("net", net), ("vat", cents - net))}  # fmt: skip
    return RECEIPT.format(nr=nr, on=on, at=at, group=group, paid_by=paid_by, **texts)


def till_file(
    *receipts: str, made_on: str = "2026-03-13", made_at: str = "06:00:00", location: str = "",
    currency: str = "EUR",
) -> bytes:  # fmt: skip
    """A till file with these receipts of register K1."""
    head = HEAD.format(made_on=made_on, made_at=made_at, location=location, currency=currency)
    return (head + "".join(receipts) + TAIL).encode()


@dataclass(slots=True)
class Shop:
    """One company and what its bookkeeper does."""

    sessions: Callable[[], Session]
    company_id: int

    def do(self, action: Callable[..., object], *args: object, **more: object) -> object:
        """Call a use case that opens its own transaction."""
        with self.sessions() as session, company_scope(self.company_id):
            return action(session, *args, **more)

    def see(self, action: Callable[..., object], *args: object, **more: object) -> object:
        """Call a reading function."""
        with self.sessions() as session, company_scope(self.company_id), db.reading(session):
            return action(session, *args, **more)

    def read(self, file: Path | bytes, name: str = "till.xaa", store: str | None = None
             ) -> ImportResult:  # fmt: skip
        content = file.read_bytes() if isinstance(file, Path) else file
        with self.sessions() as session, company_scope(self.company_id):
            return import_till_file(session, name, io.BytesIO(content), store, "tester")

    def build(self, until: date | None = None) -> BuildResult:
        with self.sessions() as session, company_scope(self.company_id):
            return build_journals(session, until, "tester")

    def link(self) -> None:
        self.do(initialise, "tester")

    def import_links(self, text: str) -> None:
        with self.sessions() as session, company_scope(self.company_id):
            done = import_links(session, text, "tester")
            assert not done.problems, done.problems

    def journals(self, **which: object) -> list[ListedJournal]:
        """Oldest first."""
        found = self.see(list_journals, JournalFilter(**which))
        return sorted(found.rows, key=lambda row: row.number)

    def set_store(self, **values: object) -> None:
        with self.sessions() as session, company_scope(self.company_id), db.transaction(session):
            session.execute(update(Store).values(**values))

    def set_company(self, **values: object) -> None:
        with self.sessions() as session, db.transaction(session):
            own = update(Company).where(Company.id == self.company_id)
            session.execute(own.values(**values))

    def count(self, model: type) -> int:
        return len(self.see(lambda session: session.scalars(select(model)).all()))


def open_shop(folder: Path, clock: Clock) -> Shop:
    """A Dutch shop with one store, on an empty database."""
    sessions = session_maker(new_database(folder, clock))
    with sessions() as session:
        return Shop(sessions, add_company(session))


def norwegian(shop: Shop) -> Shop:
    """The same shop as the test store of April 2018: kroner, whole-krone rounding."""
    shop.set_store(currency="NOK", country="NO", rounding_step=100, zone="Europe/Oslo")
    return shop
