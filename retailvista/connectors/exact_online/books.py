"""port.Books for Exact Online: each method is one or a few GETs, or exactly one POST."""

from __future__ import annotations

import json

from retailvista.connectors.exact_online import looking, master, payloads, urls
from retailvista.connectors.exact_online.answers import answer_of
from retailvista.connectors.exact_online.client import bearer, error_of
from retailvista.connectors.port import (
    Answer,
    Call,
    Division,
    EntryToBook,
    Look,
    MasterData,
    ProviderUser,
    Reply,
    Sending,
    Session,
    Wire,
)
from retailvista.errors import Refused, Unknown

# Exact's own limit for a posting is far below; the export's lease is longer.
POST_SECONDS = 130.0
GENERAL = 90
PROFIT_AND_LOSS = 110


class ExactBooks:
    """Stateless: what is needed comes in as arguments."""

    def prepare(self, wire: Wire, session: Session) -> None:
        """The division stands in the address: nothing else must be known."""

    def me(self, wire: Wire, session: Session) -> ProviderUser:
        return master.read_me(wire, session)[0]

    def divisions(self, wire: Wire, session: Session) -> list[Division]:
        return master.read_divisions(wire, session)

    def master(self, wire: Wire, session: Session) -> MasterData:
        return master.read_master(wire, session)

    def render(self, entry: EntryToBook, master_data: MasterData) -> bytes:
        return payloads.render(entry, master_data)

    def book(self, wire: Wire, session: Session, payload: bytes) -> Answer:
        return answer_of(_post(wire, session, urls.ENTRIES, payload))

    def look(self, wire: Wire, session: Session, journal_code: str, low: int, high: int) -> Look:
        return looking.look(wire, session, journal_code, low, high)

    def look_for_key(
        self, wire: Wire, session: Session, journal_code: str, posting_key: str
    ) -> Look:
        return looking.look_for_key(wire, session, journal_code, posting_key)

    def sees_entries(self, wire: Wire, session: Session, journal_code: str) -> bool:
        return looking.sees_entries(wire, session, journal_code)

    def create_gl(
        self, wire: Wire, session: Session, code: str, name: str, *, profit_and_loss: bool
    ) -> None:
        body = {
            "Code": code,
            "Description": name[:60],
            "Type": PROFIT_AND_LOSS if profit_and_loss else GENERAL,
            "BalanceType": "W" if profit_and_loss else "B",
        }
        reply = _post(wire, session, "financial/GLAccounts", json.dumps(body).encode())
        if reply.status == 201:
            return
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown(f"Exact did not answer; look whether account {code} is there.")
        if reply.status == 500:
            error = error_of(reply)
            raise Refused(f"Exact refused account {code}.", said=error.said, http_status=500)
        raise error_of(reply)

    def remove_entry(self, wire: Wire, session: Session, external_id: str) -> bool:
        """Exact deletes entries that are open (status 20); others it refuses."""
        path = f"{urls.ENTRIES}(guid'{external_id}')"
        reply = wire.send(
            Call(
                method="DELETE",
                url=urls.of(session.site, session.division, path),
                headers={"Accept": "application/json"},
                secret_headers={"Authorization": bearer(session)},
            )
        )
        return reply.status in (200, 204)


def _post(wire: Wire, session: Session, path: str, body: bytes) -> Reply:
    """One POST. Never an Expect header: Exact answers that with 500."""
    return wire.send(
        Call(
            method="POST",
            url=urls.of(session.site, session.division, path),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "Prefer": "return=representation",
            },
            body=body,
            deadline_seconds=POST_SECONDS,
            secret_headers={"Authorization": bearer(session)},
        )
    )
