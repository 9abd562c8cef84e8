"""port.Books for a service that keeps no books of ours: who logs in; nothing is posted there."""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn
from urllib.parse import urlsplit

from retailvista.connectors.odata import metadata
from retailvista.connectors.odata.client import call, error_of
from retailvista.connectors.port import (
    Answer,
    Division,
    EntryToBook,
    Look,
    MasterData,
    ProviderUser,
    Session,
    Wire,
)
from retailvista.connectors.records import RecordsSession
from retailvista.errors import Refused

NO_BOOKS = "An OData service keeps no books: flows read and write it, journals are not posted."


class OdataBooks:
    """What a login and a test ask; everything else is refused."""

    def prepare(self, wire: Wire, session: Session) -> None:
        """One place, with nothing to find out."""

    def me(self, wire: Wire, session: Session) -> ProviderUser:
        """OData has no word for it: the login is told apart by its token. Raises the four errors.

        The service document (Protocol 4.01, 11.1.1) shows whether it is let in.
        """
        opened = (session.site, session.division, session.access_token, session.scheme)
        reply = call(wire, RecordsSession(*opened), "GET", f"{session.site}/")
        if reply.status in (0, 401, 403, 429) or reply.status >= 500:
            raise error_of(reply)
        mark = hashlib.sha256(session.access_token.reveal().encode()).hexdigest()[:24]
        return ProviderUser(mark, urlsplit(session.site).hostname or session.site)

    def divisions(self, wire: Wire, session: Session) -> list[Division]:
        """The service itself, when its $metadata can be read."""
        opened = (session.site, session.division, session.access_token, session.scheme)
        found = self.catalogue(wire, RecordsSession(*opened))
        name = f"{urlsplit(session.site).hostname}: {len(found)}"
        return [Division(1, name, "")]

    def catalogue(self, wire: Wire, session: RecordsSession) -> list[dict[str, Any]]:
        """What the service has, in the small form. Raises the four errors."""
        url = f"{session.site}/$metadata"
        reply = call(wire, session, "GET", url, accept="application/xml")
        if reply.status != 200 or not reply.body:
            raise error_of(reply)
        return metadata.read(reply.body)

    def master(self, wire: Wire, session: Session) -> MasterData:
        self._refuse()

    def render(self, entry: EntryToBook, master: MasterData) -> bytes:
        self._refuse()

    def book(self, wire: Wire, session: Session, payload: bytes) -> Answer:
        self._refuse()

    def look(self, wire: Wire, session: Session, journal_code: str, low: int, high: int) -> Look:
        self._refuse()

    def look_for_key(
        self, wire: Wire, session: Session, journal_code: str, posting_key: str
    ) -> Look:
        self._refuse()

    def sees_entries(self, wire: Wire, session: Session, journal_code: str) -> bool:
        self._refuse()

    def create_gl(
        self, wire: Wire, session: Session, code: str, name: str, *, profit_and_loss: bool
    ) -> None:
        self._refuse()

    def remove_entry(self, wire: Wire, session: Session, external_id: str) -> bool:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Refused(NO_BOOKS)
