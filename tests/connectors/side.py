"""Our side beside a running sandbox: a company with a connector that logs in as people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.clock import Clock
from retailvista.companies.scope import company_scope
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.logins import LoginResult, finish_login, start_login
from retailvista.connectors.models import Connector, Grant, Lane
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import AppKeys, Wire
from retailvista.connectors.registering import reserve, save
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Vault
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor
from tests.world import add_company, new_database, session_maker

INSTALLATION = "5f2d9a10-0000-4000-8000-000000000001"
PERSON = "anna@groenhof.example"
BOUND = "hash-of-annas-session"


@dataclass
class Side:
    """The product's side of the wire, for one company."""

    sandbox: Sandbox
    clock: Clock
    engine: Engine
    outside: Outside
    sessions: Callable[[], Session]
    session: Session
    company_id: int

    provider: ClassVar[str] = "exact-online"
    books: ClassVar[Mapping[str, object]] = {
        "name": "Exact Online", "division": GROENHOF, "journal_code": "91",
    }  # fmt: skip

    def add_connector(self, number: int = 25, **more: object) -> Connector:
        """A saved connector with the sandbox's app."""
        reserve(self.session, self.provider, PERSON, number)
        values: dict[str, object] = {
            "site": self.sandbox.url,
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "callback_url": CALLBACK,
            **self.books,
        }
        if number != 25:  # no two connectors of a company have the same name
            values["name"] = f"{self.books['name']} {number}"
        problems = save(
            self.session,
            self.outside.vault,
            number,
            values | more,
            PERSON,
            provider_hosts=[self.sandbox.url],
            apps=self.outside.apps,
        )
        assert not [p for p in problems if not p.is_warning], problems
        return self.connector(number)

    def state_of_login(self, number: int = 25, *, again: bool = False, bound: str = BOUND) -> str:
        """Start a login; its state as it stands in the URL."""
        started = start_login(
            self.session, self.outside, number, bound, PERSON, confirm_again=again
        )
        assert parse_qs(urlsplit(started.url).query)["state"] == [started.state]
        return started.state

    def log_in(
        self, number: int = 25, user: str = BOOKKEEPER, *, again: bool = False
    ) -> LoginResult:
        """The whole login, with the sandbox's consent given by form."""
        state = self.state_of_login(number, again=again)
        return finish_login(self.outside, number, state, self.code_of(user), "", BOUND, PERSON)

    def code_of(self, user: str) -> str:
        """The code of this user's consent."""
        return Visitor(self.sandbox).code(user)

    def connector(self, number: int = 25) -> Connector:
        """The row as stored now."""
        query = select(Connector).where(Connector.number == number)
        return self._read(query)

    def grant(self) -> Grant:
        """The only grant as stored now."""
        return self._read(select(Grant))

    def lane(self) -> Lane:
        """The only lane as stored now."""
        return self._read(select(Lane))

    def change(self, row: object, **values: object) -> None:
        """Change a row behind the product's back."""
        with db.transaction(self.session):
            merged = self.session.merge(row)
            for name, value in values.items():
                setattr(merged, name, value)

    def token_calls(self) -> int:
        """How often the token endpoint was called."""
        self.sandbox.judge.flush()
        rows = self.sandbox.store.rows("SELECT path FROM call")
        return sum("oauth2/token" in path for (path,) in rows)

    def findings(self) -> list[str]:
        """What the sandbox's judge holds against us."""
        self.sandbox.judge.flush()
        return [row[0] for row in self.sandbox.store.rows("SELECT rule FROM finding")]

    def serve(self, apps: Mapping[str, AppKeys]) -> None:
        """Start again with these apps of the operator."""
        self.outside = replace(self.outside, apps=apps)

    def over(self, wire: Wire) -> Outside:
        """The same outside with another wire."""
        return replace(self.outside, wire=wire)

    def _read(self, query: object) -> object:
        with db.reading(self.session):
            return self.session.scalars(query.execution_options(populate_existing=True)).one()


def open_side(folder: Path, clock: Clock, sandbox: Sandbox) -> Side:
    """A fresh database beside the sandbox."""
    engine = new_database(folder, clock)
    sessions = session_maker(engine)
    outside = Outside(
        sessions=sessions,
        vault=Vault(INSTALLATION, {"k1": bytes(range(32))}),
        wire=RequestsWire(clock, (), [sandbox.url]),
        clock=clock,
        spool=folder / "spool",
        owner="test-worker",
        installation=INSTALLATION,
        provider_hosts=(sandbox.url,),
    )
    session = sessions()
    company_id = add_company(session)
    return Side(sandbox, clock, engine, outside, sessions, session, company_id)


__all__ = ["BOUND", "PERSON", "Side", "company_scope", "open_side"]
