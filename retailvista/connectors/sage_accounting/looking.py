"""Looks: which of our journals are in the books of a business, with their lines.

Sage's list of journals has no filter but the moment of change, so a look reads the journals that
changed since our number's year began, 200 a page, and finds ours by reference and posting key.
Invariants: a look is good only when every page came whole; voided journals are not there; every
entry has all its lines, with the nominal codes of their accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from retailvista.connectors.port import Look, Reply, Sending, Session, StoredEntry, StoredLine, Wire
from retailvista.connectors.sage_accounting import urls
from retailvista.connectors.sage_accounting.client import Rows, call, read_list
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.master import ONLY_JOURNAL
from retailvista.connectors.sage_accounting.reading import (
    Row,
    day,
    minor,
    nested,
    number_in,
    read_object,
    said_in,
    words,
)

FIELDS = "date,reference,description,journal_code,journal_lines,created_at,deleted_at"
YEAR_FACTOR = 1_000_000


def since_year_of(number: int) -> str:
    """When the year of a number of ours began, a day early for the zones.

    >>> since_year_of(26000017)
    '2025-12-31T00:00:00Z'
    """
    return f"{1999 + number // YEAR_FACTOR % 100}-12-31T00:00:00Z"


def read_journals(wire: Wire, session: Session, business: str, since: str = "") -> Rows:
    """The journals that changed since a moment, or all."""
    return read_list(
        wire,
        session,
        business,
        urls.JOURNALS,
        attributes=FIELDS,
        updated_or_created_since=since,
    )


def blind_because(found: Rows) -> Look | None:
    """A look that saw nothing, and why; it never counts as absent. None: it is good."""
    if found.broken is not None:
        return blind(found.broken)
    return Look(good=False, problem=found.problem) if found.problem else None


def blind(reply: Reply) -> Look:
    """The same of one answer."""
    if reply.sending is not Sending.ANSWERED:
        return Look(good=False, problem=reply.problem)
    return Look(
        good=False,
        problem=f"{reply.status}: {said_in(reply) or 'no list in the answer'}",
        login_refused=reply.status == 401,
        not_before=throttled_until(reply),
    )


def there(rows: Iterable[Row], journal_code: str) -> list[Row]:
    """Rows of the journal code that are not voided."""
    return [
        row
        for row in rows
        if not row.get("deleted_at")
        and (journal_code == ONLY_JOURNAL or nested(row, "journal_code", "code") == journal_code)
    ]


def account_ids(rows: Iterable[Row]) -> set[str]:
    """The accounts that stand in the lines."""
    return {nested(line, "ledger_account") for row in rows for line in lines_of(row) or ()}


def lines_of(row: Row) -> list[Row] | None:
    """The lines of a journal; None when the list does not hold them."""
    found = row.get("journal_lines")
    if not isinstance(found, list) or not found:
        return None
    return found if all(isinstance(line, dict) and "debit" in line for line in found) else None


def entries(rows: list[Row], session: Session, journal_code: str, codes: Mapping[str, str]) -> Look:
    """The rows as entries, in order of their numbers; a row without its lines blinds."""
    found = []
    for row in rows:
        lines = lines_of(row)
        on = day(row.get("date"))
        if lines is None or on is None:
            return Look(good=False, problem=f"journal {row.get('reference')} without its lines")
        found.append(
            StoredEntry(
                external_id=words(row["id"]),
                entry_number=number_in(words(row.get("reference"))),
                division=session.division,
                journal_code=journal_code,
                year=on.year,
                period=on.month,
                lines=tuple(
                    _line(line, number, row, codes) for number, line in enumerate(lines, start=1)
                ),
            )
        )
    return Look(
        good=True, entries=tuple(sorted(found, key=lambda e: (e.entry_number, e.external_id)))
    )


def _line(line: Row, number: int, row: Row, codes: Mapping[str, str]) -> StoredLine:
    account = nested(line, "ledger_account")
    return StoredLine(
        gl_code=codes.get(account) or nested(line, "ledger_account", "displayed_as"),
        amount=minor(line.get("debit")) - minor(line.get("credit")),
        vat_code="",
        vat_amount=0,
        vat_type="",
        description=words(line.get("details")),
        cost_centre="",
        on=day(row.get("date")),
        line_number=number,
        gl_id=account,
    )


def sees_journals(wire: Wire, session: Session, business: str) -> bool:
    """Whether this login may read journals: without the right Sage refuses the list."""
    url = urls.of(session.site, urls.JOURNALS, items_per_page=1)
    reply = call(wire, session, "GET", url, business)
    return reply.status == 200 and isinstance(read_object(reply).get("$items"), list)
