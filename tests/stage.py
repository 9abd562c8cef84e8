"""A company that is logged in to a sandbox, with journals ready to be exported.

Used by the stories of the export, by the simulation and by the benchmark. The login is written
straight into both sides here; that it works by browser is shown elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlencode

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.models import Company, Instance, Store
from retailvista.companies.scope import company_scope
from retailvista.connectors import chains
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.models import Connector, Grant, PostingSeat
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import TokenPair, Wire
from retailvista.connectors.registry import provider_named
from retailvista.connectors.sealing import client_secret_place
from retailvista.connectors.visits import fetch_master
from retailvista.journals.day_receipts import StoreRef
from retailvista.journals.evidence import ExportFacts, read_facts
from retailvista.journals.exporting import export_pass
from retailvista.journals.journal_rows import Snapshot, add_journal
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.releasing import release
from retailvista.journals.working import PassCounts
from retailvista.ledger.journal import Journal
from retailvista.sandbox.answers import Request
from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.tokens import consent
from retailvista.vault import Secret, Vault
from tests.store_days import day_journal
from tests.world import add_company, new_database, session_maker

INSTALLATION = "1a2b3c4d-0000-4000-8000-000000000001"
CLIENT_ID, CLIENT_SECRET = "stage-app", "stage-secret"
CALLBACK = "http://groenhof.retailvista.localhost:8000/oauth.ashx?provider=25"
USER = "boekhouder@groenhof.example"
JOURNAL_CODE = "91"
CONNECTOR_NUMBER = 25
FIRST_DAY = date(2026, 3, 1)
TOKEN_LIFE = timedelta(seconds=600)


@dataclass(slots=True)
class Stage:
    """Both sides and everything between."""

    clock: Clock
    sandbox: Sandbox
    engine: Engine
    sessions: Callable[[], Session]
    outside: Outside
    company_id: int = 0
    connector_id: int = 0

    def export(self, *, until_idle: bool = False) -> PassCounts:
        """One pass of what the engine does."""
        return export_pass(self.outside, self.company_id, until_idle=until_idle)

    day: ClassVar[Callable[[str, date, int], Journal]] = staticmethod(day_journal)

    def add_days(self, count: int, first: date = FIRST_DAY, gross: int = 12100) -> list[int]:
        """Journals of so many days, built; their sequences."""
        session = self.sessions()
        try:
            with company_scope(self.company_id), db.transaction(session):
                store = StoreRef.of(session.scalars(select(Store)).one())
                return [
                    add_journal(
                        session,
                        self.day(store.code, first + timedelta(days=n), gross + n),
                        store,
                        Snapshot({}, [], []),
                    ).sequence
                    for n in range(count)
                ]
        finally:
            session.close()

    def release(self, sequences: list[int] | None = None) -> int:
        """Release, so that exports are opened; how many."""
        session = self.sessions()
        try:
            with company_scope(self.company_id):
                result = release(session, sequences, "test")
                assert not result.refused, result.refused
                return len(result.released)
        finally:
            session.close()

    def exports(self) -> list[Export]:
        """Every live export as stored now, oldest first."""
        session = self.sessions()
        try:
            with company_scope(self.company_id), db.reading(session):
                return list(
                    session.scalars(select(Export).where(Export.live).order_by(Export.entry_number))
                )
        finally:
            session.close()

    def states(self) -> list[str]:
        """The stored state of every live export."""
        return [export.state for export in self.exports()]

    def connector(self) -> Connector:
        """The connector as stored now."""
        session = self.sessions()
        try:
            with company_scope(self.company_id), db.reading(session):
                return session.scalars(select(Connector)).one()
        finally:
            session.close()

    def change(self, action: Callable[[Session], object]) -> None:
        """Let a test change rows in one transaction."""
        session = self.sessions()
        try:
            with company_scope(self.company_id), db.transaction(session):
                action(session)
        finally:
            session.close()

    def ask(self, action: Callable[[Session], object]) -> object:
        """Call a use case that opens its own transaction."""
        session = self.sessions()
        try:
            with company_scope(self.company_id):
                return action(session)
        finally:
            session.close()

    def booked(self) -> list[tuple[int, str]]:
        """(entry number, text of its first line) of all entries in the books."""
        rows = self.sandbox.store.rows(
            "SELECT e.EntryNumber, (SELECT l.Description FROM line l WHERE l.EntryID = e.EntryID"
            " AND l.LineNumber > 0 ORDER BY l.LineNumber LIMIT 1)"
            " FROM entry e ORDER BY e.EntryNumber, e.EntryID"
        )
        return [(int(number), str(text)) for number, text in rows]

    def join(self, session: Session, site: str) -> int:
        """Log the company in; the id of its connector."""
        pair = log_in(self.sandbox, self.clock)
        books = {"division": GROENHOF, "journal_code": JOURNAL_CODE}
        return connect(session, self, site, pair, provider="exact-online", name="Exact", **books)

    def close(self) -> None:
        """Give files and sockets back."""
        self.engine.dispose()


def open_stage(
    folder: Path,
    clock: Clock,
    sandbox: Sandbox,
    wire: Wire | None = None,
    *,
    site: str = "",
    master: bool = True,
    engine: Engine | None = None,
    kind: type[Stage] = Stage,
) -> Stage:
    """A new database, or this empty one, with a company that is logged in to this sandbox."""
    engine = engine or new_database(folder, clock)
    site = site or sandbox.url
    wire = wire or RequestsWire(clock, (), [site])
    outside = outside_for(engine, clock, wire, folder, "test-worker")
    stage = kind(clock, sandbox, engine, session_maker(engine), outside)
    session = stage.sessions()
    try:
        with db.transaction(session):
            session.add(
                Instance(uuid=INSTALLATION, key_id="k", key_check="", created_at=db.now(session))
            )
        stage.company_id = add_company(session)
        with company_scope(stage.company_id):
            stage.connector_id = stage.join(session, site)
            if master:
                fetch_master(outside, stage.connector_id)
    finally:
        session.close()
    return stage


def outside_for(engine: Engine, clock: Clock, wire: Wire, folder: Path, owner: str) -> Outside:
    """The outside of one worker process."""
    spool = folder / "spool"
    spool.mkdir(exist_ok=True)
    vault = Vault(INSTALLATION, {"k": b"0" * 32})
    return Outside(session_maker(engine), vault, wire, clock, spool, owner, INSTALLATION)


def connect(session: Session, stage: Stage, site: str, pair: TokenPair, **books: object) -> int:
    """A connector with the login that brought this pair of tokens; its id."""
    provider, vault = provider_named(str(books["provider"])), stage.outside.vault
    with db.transaction(session):
        now = db.now(session)
        company = session.scalars(select(Company)).one()
        grant = Grant(
            holder_key="h", site=site, client_id=CLIENT_ID, provider_user_id=USER, calls_today=0
        )
        session.add(grant)
        session.flush()
        values = chains.pair_values(vault, company.id, grant.id, pair, provider)
        for name, value in values.items():
            setattr(grant, name, value)
        place = client_secret_place(company.id, CONNECTOR_NUMBER)
        connector = Connector(
            number=CONNECTOR_NUMBER,
            draft=False,
            site=site,
            client_id=CLIENT_ID,
            client_secret_sealed=vault.seal(Secret(CLIENT_SECRET), place),
            callback_url=CALLBACK,
            division_currency="EUR",
            grant_id=grant.id,
            created_at=now,
            **books,
        )
        session.add(connector)
        session.flush()
    return connector.id


def log_in(sandbox: Sandbox, clock: Clock, divisions: Sequence[int] = (GROENHOF,)) -> TokenPair:
    """What the callback gets: a first pair of tokens."""
    sandbox.store.add_app(CLIENT_ID, CLIENT_SECRET, CALLBACK)
    code = consent(sandbox.store, CLIENT_ID, USER, list(divisions), CALLBACK)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
    request = Request("POST", "/api/oauth2/token", headers, urlencode(form).encode())
    answer = sandbox.carry_out(request)
    assert answer.status == 200, answer.body
    tokens = json.loads(answer.body)
    now = clock.now()
    access, refresh = Secret(tokens["access_token"]), Secret(tokens["refresh_token"])
    return TokenPair(access, refresh, now, now, TOKEN_LIFE)


def set_seat(stage: Stage, **values: object) -> None:
    """What is proven about the seat, without proving it again."""

    def change(session: Session) -> None:
        seat = session.scalars(select(PostingSeat)).one()
        for name, value in values.items():
            setattr(seat, name, value)

    stage.change(change)


def facts_by_sequence(stage: Stage) -> dict[int, ExportFacts]:
    """Live exports by the sequence of their journal."""
    session = stage.sessions()
    try:
        with company_scope(stage.company_id), db.reading(session):
            sequences = dict(
                session.execute(select(JournalRow.id, JournalRow.sequence)).tuples().all()
            )
            return {sequences[facts.journal_id]: facts for facts in read_facts(session)}
    finally:
        session.close()
