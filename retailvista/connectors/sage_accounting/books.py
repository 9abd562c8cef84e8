"""port.Books for Sage Accounting: each method is a few GETs, or one POST.

What the process remembers (ids of businesses, nominal codes of accounts) follows from what Sage
said and is asked for again where it is missing; nothing is decided by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from retailvista.connectors.port import (
    Answer,
    Division,
    EntryToBook,
    Look,
    MasterData,
    Outcome,
    ProviderUser,
    Sending,
    Session,
    TokenRefused,
    Wire,
)
from retailvista.connectors.sage_accounting import looking, master, payloads, urls
from retailvista.connectors.sage_accounting.answers import answer_of
from retailvista.connectors.sage_accounting.businesses import Businesses
from retailvista.connectors.sage_accounting.client import call, error_of
from retailvista.connectors.sage_accounting.reading import Row, number_in, words
from retailvista.errors import Later, Refused, Unknown

UNPREPARED = "Which business this is for was not asked yet."
_Wanted = Callable[[Row], bool]


class SageBooks:
    """The books of the businesses of a login."""

    def __init__(self, businesses: Businesses) -> None:
        self._businesses = businesses
        # Nominal code by account id, per site and business.
        self._codes: dict[tuple[str, str], dict[str, str]] = {}

    def prepare(self, wire: Wire, session: Session) -> None:
        """Which business the division is."""
        self._businesses.id_of(wire, session)

    def me(self, wire: Wire, session: Session) -> ProviderUser:
        return master.read_user(wire, session)

    def divisions(self, wire: Wire, session: Session) -> list[Division]:
        return self._businesses.listed(wire, session)

    def master(self, wire: Wire, session: Session) -> MasterData:
        business = self._businesses.id_of(wire, session)
        found = master.read_master(wire, session, business)
        codes = {account.id: account.code for account in found.gl_accounts.values()}
        self._codes[session.site, business] = codes
        return found

    def render(self, entry: EntryToBook, master_data: MasterData) -> bytes:
        return payloads.render(entry, master_data)

    def book(self, wire: Wire, session: Session, payload: bytes) -> Answer:
        """One POST and nothing before it: a claim must not grow old while something is asked."""
        business = self._businesses.known(session)
        if not business:
            return Answer(Outcome.NOT_SENT, UNPREPARED)
        url = urls.of(session.site, urls.JOURNALS)
        reply = call(wire, session, "POST", url, business, payload)
        return answer_of(reply, session.division)

    def look(self, wire: Wire, session: Session, journal_code: str, low: int, high: int) -> Look:
        def is_wanted(row: Row) -> bool:
            return low <= number_in(words(row.get("reference"))) <= high

        return self._look(wire, session, journal_code, looking.since_year_of(low), is_wanted)

    def look_for_key(
        self, wire: Wire, session: Session, journal_code: str, posting_key: str
    ) -> Look:
        def is_wanted(row: Row) -> bool:
            lines = looking.lines_of(row) or ()
            return any(posting_key in words(line.get("details")) + " " for line in lines)

        return self._look(wire, session, journal_code, "", is_wanted)

    def sees_entries(self, wire: Wire, session: Session, journal_code: str) -> bool:
        del journal_code  # Sage has one list of journals for all of them
        try:
            business = self._businesses.id_of(wire, session)
        except (Later, Refused, TokenRefused):
            return False
        return looking.sees_journals(wire, session, business)

    def create_gl(
        self, wire: Wire, session: Session, code: str, name: str, *, profit_and_loss: bool
    ) -> None:
        if not code.isdigit():
            raise Refused("A nominal code in Sage has digits only.")
        account = {
            "ledger_account_type_id": "OVERHEADS" if profit_and_loss else "CURRENT_ASSETS",
            "included_in_chart": True,
            "name": name[:60],
            "display_name": name[:60],
            "nominal_code": int(code),
        }
        business = self._businesses.id_of(wire, session)
        url = urls.of(session.site, "ledger_accounts")
        body = json.dumps({"ledger_account": account}).encode()
        reply = call(wire, session, "POST", url, business, body)
        if reply.status == 201:
            return
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown(f"Sage did not answer; look whether account {code} is there.")
        raise error_of(reply)

    def remove_entry(self, wire: Wire, session: Session, external_id: str) -> bool:
        """Void a journal."""
        business = self._businesses.id_of(wire, session)
        url = urls.of(session.site, f"{urls.JOURNALS}/{external_id}")
        return call(wire, session, "DELETE", url, business).status in (200, 204)

    def _look(
        self, wire: Wire, session: Session, journal_code: str, since: str, is_wanted: _Wanted
    ) -> Look:
        try:
            business = self._businesses.id_of(wire, session)
        except TokenRefused as error:
            return Look(good=False, problem=str(error), login_refused=True)
        except (Later, Refused) as error:
            until = error.not_before if isinstance(error, Later) else None
            return Look(good=False, problem=str(error), not_before=until)
        found = looking.read_journals(wire, session, business, since)
        if (blind := looking.blind_because(found)) is not None:
            return blind
        rows = [row for row in looking.there(found.rows, journal_code) if is_wanted(row)]
        try:
            codes = self._codes_of(wire, session, business, rows)
        except (Later, Refused, TokenRefused) as error:
            return Look(good=False, problem=str(error))
        return looking.entries(rows, session, journal_code, codes)

    def _codes_of(
        self, wire: Wire, session: Session, business: str, rows: list[Row]
    ) -> dict[str, str]:
        """Nominal codes of the accounts in these journals; asked for when one is not known."""
        place = session.site, business
        known = self._codes.get(place, {})
        if not looking.account_ids(rows) <= known.keys():
            accounts = master.read_accounts(wire, session, business)
            known = self._codes[place] = {account.id: account.code for account in accounts}
        return known
