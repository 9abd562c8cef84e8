"""Releasing: a bookkeeper, or the switch 'automatic', lets a journal go to its connector.

Invariants: a journal goes to exactly one connector, its store's, else the company's only one, a
reversal to the books of what it takes back; its entry number is reserved in the transaction that
releases it; a journal that may not go keeps the reason on its own row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.models import Store
from retailvista.connectors.choosing import connectors_of, only_that_posts, posting_connectors
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.journals.csvfile import decimal
from retailvista.journals.journal_rows import BUILT, RELEASED, held_journal
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.opening import open_export

PROBLEM_MAX = 500


@dataclass(frozen=True, slots=True)
class NotReleased:
    """A journal that was not released, and why."""

    sequence: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseResult:
    """Which journals were released, and which not."""

    released: tuple[int, ...] = ()
    refused: tuple[NotReleased, ...] = ()


def connector_of_store(session: Session, store_id: int) -> Connector:
    """Where the journals of a store go, or Refused with the remedy."""
    store = session.scalars(select(Store).where(Store.id == store_id)).one()
    if store.connector_id is not None:
        own = [row for row in connectors_of(session) if row.id == store.connector_id]
        if not own:
            raise Refused(f"The connector of store {store.code} was removed. Choose another one.")
        return own[0]
    if (only := only_that_posts(session)) is not None:
        return only
    posting = posting_connectors(session)
    if not posting:
        raise Refused("No connector posts journals yet. Add one and choose its journal code.")
    numbers = ", ".join(str(connector.number) for connector in posting)
    raise Refused(
        f"Store {store.code} has no connector and several could post ({numbers})."
        " Choose the connector of the store."
    )


def connector_of_journal(session: Session, row: JournalRow) -> Connector:
    """Where a journal goes: a reversal into the books that hold what it takes back, wherever its
    store posts today. Refused with the remedy.
    """
    if row.reverses_id is None:
        return connector_of_store(session, row.store_id)
    booked = session.execute(_BOOKED, {"of_journal": row.reverses_id}).one_or_none()
    if booked is None:
        raise Refused("Nothing tells which books hold the journal that this reversal takes back.")
    own = next((one for one in connectors_of(session) if one.id == row.connector_id), None)
    if own is None:
        raise Refused(
            f"The connector of journal {booked.sequence} was removed; its reversal goes into no"
            f" other books. Enter it by hand in division {booked.division}, journal"
            f" {booked.journal_code}."
        )
    if (own.site, own.division, own.journal_code) != booked[1:]:
        raise Refused(
            f"Journal {booked.sequence} stands in division {booked.division}, journal"
            f" {booked.journal_code}, and connector {own.number} posts elsewhere by now. Set the"
            " connector back for this reversal, or enter it there by hand."
        )
    return own


_BOOKED = (
    select(JournalRow.sequence, Export.site, Export.division, Export.journal_code)
    .join(Export, Export.journal_id == JournalRow.id)
    .where(JournalRow.id == bindparam("of_journal"), Export.live)
)


def release(session: Session, sequences: Iterable[int] | None, actor: str) -> ReleaseResult:
    """Release these journals, or with None every journal that waits for it, oldest day first."""
    wanted = _waiting(session) if sequences is None else list(sequences)
    released: list[int] = []
    refused: list[NotReleased] = []
    for sequence in wanted:
        try:
            _release_one(session, sequence, actor)
        except Refused as why:
            refused.append(NotReleased(sequence, str(why)))
            _keep_reason(session, sequence, str(why))
        else:
            released.append(sequence)
    return ReleaseResult(tuple(released), tuple(refused))


def release_automatic(session: Session) -> ReleaseResult:
    """Release what goes to connectors that a bookkeeper switched to automatic."""
    wanted = []
    with db.reading(session):
        ways: dict[tuple[int, int | None], bool] = {}
        for row in session.scalars(_WAITING):
            way = (row.store_id, row.reverses_id)
            if way not in ways:
                ways[way] = _is_automatic(session, row)
            if ways[way]:
                wanted.append(row.sequence)
    return release(session, wanted, "system") if wanted else ReleaseResult()


def _is_automatic(session: Session, row: JournalRow) -> bool:
    try:
        return connector_of_journal(session, row).automatic
    except Refused:
        # Nobody switched anything: the journals wait, and releasing by hand tells the reason.
        return False


_WAITING = (
    select(JournalRow)
    .where(JournalRow.state == BUILT)
    .order_by(JournalRow.business_date, JournalRow.sequence)
)


def _waiting(session: Session) -> list[int]:
    with db.reading(session):
        return list(session.scalars(_WAITING.with_only_columns(JournalRow.sequence)))


def _release_one(session: Session, sequence: int, actor: str) -> None:
    with db.transaction(session):
        row = held_journal(session, sequence)
        if row.state != BUILT:
            raise Refused(f"Journal {sequence} is {row.state}; only a built journal is released.")
        _check_balance(row)
        connector = connector_of_journal(session, row)
        row.connector_id = connector.id
        export = open_export(session, row, connector, actor)
        row.state, row.problem = RELEASED, ""
        row.released_at, row.released_by = db.now(session), actor
        audit.record(
            session,
            actor,
            "journal.released",
            f"journal {sequence}",
            connector=connector.number,
            entry_number=export.entry_number,
        )


def _check_balance(row: JournalRow) -> None:
    """A journal is made balanced; what was done to its rows since is not sent."""
    sums = [sum(line.amount for line in row.lines if line.side == side) for side in ("D", "C")]
    if sums != [row.debit, row.credit]:
        debit, credit = (decimal(minor) for minor in sums)
        raise Refused(
            f"Journal {row.sequence} does not balance: debit {debit}, credit {credit}."
            " Withdraw it and build its day again."
        )


def _keep_reason(session: Session, sequence: int, reason: str) -> None:
    with db.transaction(session):
        row = session.scalars(
            select(JournalRow).where(JournalRow.sequence == sequence)
        ).one_or_none()
        if row is not None and row.state == BUILT:
            row.problem = reason[:PROBLEM_MAX]
