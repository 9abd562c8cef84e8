"""Fills a site with real till files, journals, connectors and runs, more in the foreign company.

Numbers are per company, so the foreign company has more of everything: its last ones do not exist
in our own company.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import registering as companies
from retailvista.companies import tokens
from retailvista.companies.models import User
from retailvista.companies.scope import company_scope
from retailvista.connectors import registering
from retailvista.connectors.models import Connector
from retailvista.feed import feeds
from retailvista.flows import arriving, keeping, scheduling
from retailvista.flows.definition import INBOX, FlowSpec, SourceSpec, TargetSpec
from retailvista.flows.models import INCOMING
from retailvista.flows.scheduling import When
from retailvista.journals import building, importing, links
from retailvista.journals.models import ReceiptRow, TillFile
from retailvista.runs import asking, schedules
from tests.web.site import Site

FILES = sorted((Path(__file__).parents[2] / "demo/till-files").glob("groenhof-*.xaa"))


def fill(site: Site) -> None:
    """One journal at groenhof, three at bloemhof, and so on."""
    for alias, many, store in (("groenhof", 1, "1"), ("bloemhof", 3, "B7")):
        session = site.outside.sessions()
        with company_scope(site.companies[alias]):
            if store != "1":
                companies.add_store(session, store, "Canarium winkel", actor="test")
            journals(session, many, store)
            connectors(session, many)
            for n in range(many):
                name = "sales" if alias == "groenhof" else f"canarium-{n}"
                number = feeds.add_feed(session, name, "test")
                feeds.add_own_tables(session, number, [o.name for o in feeds.origins()], "test")
            flows(session, many)
            person = session.scalars(select(User).where(User.email == f"viewer@{alias}.nl")).one()
            db.end_reading(session)
            for n in range(many):
                tokens.create_token(session, person, f"t{n}", ["journals:read"], None, "test")
                with db.transaction(session):
                    asking.ask(session, "build", f"Canarium {n}")
        session.close()


def journals(session: Session, many: int, store: str) -> None:
    for file in FILES[:many]:
        with file.open("rb") as stream:
            result = importing.import_till_file(session, file.name, stream, store, "test")
        assert not result.problems
    links.initialise(session, "test")
    built = building.build_journals(session, None, "test")
    assert len(built.built) == many, built.problems


def connectors(session: Session, many: int) -> None:
    for number in range(1, many + 1):
        registering.reserve(session, "exact-online", "test")
        with db.transaction(session):
            row = session.scalars(select(Connector).where(Connector.number == number)).one()
            row.draft, row.name = False, f"Canarium {number}"
            row.site = "https://start.exactonline.nl"
            schedules.add_defaults(session, row.id)


def flows(session: Session, many: int) -> None:
    """Flows into the inbox, each with a schedule and an item; they wait for a login."""
    for number in range(1, many + 1):
        spec = FlowSpec(
            name=f"Canarium flow {number}", kind=INCOMING, disabled=True,
            source=SourceSpec(connector=1, entities=("crm/Accounts",)),
            target=TargetSpec(entity=INBOX),
        )  # fmt: skip
        row = keeping.add_flow(session, spec, "test")
        scheduling.add_schedule(session, number, When(every_minutes=60), "test", enabled=False)
        record = {"ID": str(number), "Name": f"Canarium {number}"}
        with db.transaction(session):
            place = arriving.Place(row.id, 0, "crm/Accounts")
            arriving.keep(session, place, [arriving.Arrival(str(number), record)])


def a_receipt(site: Site, alias: str) -> tuple[str, str]:
    """Register and number of a receipt of the company."""
    session = site.outside.sessions()
    with company_scope(site.companies[alias]):
        found = session.execute(select(ReceiptRow.register, ReceiptRow.nr).limit(1)).one()
    session.close()
    return found.register, found.nr


def fingerprints(site: Site, alias: str) -> list[str]:
    session = site.outside.sessions()
    with company_scope(site.companies[alias]):
        found = list(session.scalars(select(TillFile.sha256).order_by(TillFile.id)))
    session.close()
    return [sha256[:16] for sha256 in found]
