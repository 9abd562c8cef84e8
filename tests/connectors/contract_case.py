"""A provider put to the test: the service it speaks to, and what is known of its books."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from retailvista.connectors.http import RequestsWire
from retailvista.connectors.port import (
    EntryToBook,
    LineToBook,
    Provider,
    Registration,
    Session,
    TokenPair,
)
from retailvista.connectors.records import Records, RecordsSession, Way
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock

KEY = "RV:1a2b3c-1-1"
NUMBER = 26000001
ON = date(2026, 3, 10)
INT32 = 2**31 - 1


@dataclass(frozen=True)
class RecordsCase:
    """What is known of one kind of record: a body to create, a change, a key that nobody has."""

    entity: str
    body: Mapping[str, Any]
    change: Mapping[str, Any]
    absent: str
    # Where faults hit, as a pattern of paths.
    path: str
    way: Way | None = None
    of: Callable[[Case], Records] = lambda case: case.own_records


@dataclass(frozen=True)
class Case:
    """A provider and the service it speaks to."""

    provider: Provider
    sandbox: Sandbox
    clock: TestClock
    registration: Registration
    # Logs a person in and gives the code that comes back.
    code: Callable[[], str]
    division: int
    journal_code: str
    # Two accounts without VAT: one to debit, one to credit.
    accounts: tuple[str, str]
    # Where faults hit, as patterns of paths: the entries, and where a posting key is looked for.
    entries: str
    keys: str
    records: RecordsCase | None = None

    @property
    def own_records(self) -> Records:
        """Those of the provider."""
        assert self.provider.records is not None
        return self.provider.records

    def records_session(self) -> RecordsSession:
        """A login at work on records."""
        found = self.session()
        return RecordsSession(found.site, found.division, found.access_token)

    @property
    def wire(self) -> RequestsWire:
        return RequestsWire(self.clock, (), [self.registration.site])

    def tokens(self) -> TokenPair:
        """A new login."""
        reply = self.provider.authorizer.redeem(self.wire, self.registration, self.code())
        return self.provider.authorizer.read_tokens(reply)

    def refreshed(self, pair: TokenPair) -> TokenPair:
        reply = self.provider.authorizer.refresh(self.wire, self.registration, pair.refresh_token)
        return self.provider.authorizer.read_tokens(reply)

    def session(self, division: int | None = None) -> Session:
        chosen = self.division if division is None else division
        found = Session(self.registration.site, chosen, self.tokens().access_token)
        if chosen == self.division:
            self.provider.books.prepare(self.wire, found)
        return found

    def entry(self, number: int = NUMBER, key: str = KEY, cents: int = 1250) -> EntryToBook:
        """12.50 from one account to the other."""
        lines = tuple(
            LineToBook(code, amount, "", 0, f"{key} {text}")
            for code, amount, text in zip(
                self.accounts, (cents, -cents), ("Till", "Till again"), strict=True
            )
        )
        return EntryToBook(self.division, self.journal_code, number, 2026, 3, ON, "EUR", lines)

    def payload(self, session: Session, **more: object) -> bytes:
        master = self.provider.books.master(self.wire, session)
        return self.provider.books.render(self.entry(**more), master)

    def fail(self, name: str, method: str = "POST", value: str = "", path: str = "") -> None:
        """What goes wrong with the next call, to the entries if nothing else is said."""
        self.sandbox.faults.add(name, value=value, method=method, path=path or self.entries)
