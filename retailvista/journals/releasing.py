"""Releasing: a bookkeeper, or the switch 'automatic', lets a journal go to its connector.

Invariants: a journal goes to exactly one connector, its store's, else the company's only one; its
entry number is reserved in the transaction that releases it; a journal that may not go keeps the
reason on its own row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.models import Store
from retailvista.connectors.choosing import connectors_of, only_that_posts, posting_connectors
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.journals.csvfile import decimal
from retailvista.journals.journal_rows import BUILT, RELEASED, held_journal
from retailvista.journals.models import JournalRow
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
    with db.reading(session):
        stores = set(session.scalars(select(JournalRow.store_id).where(JournalRow.state == BUILT)))
        automatic = {store_id for store_id in stores if _is_automatic(session, store_id)}
    if not automatic:
        return ReleaseResult()
    return release(session, _waiting(session, automatic), "system")


def _is_automatic(session: Session, store_id: int) -> bool:
    try:
        return connector_of_store(session, store_id).automatic
    except Refused:
        # Nobody switched anything: the journals wait, and releasing by hand tells the reason.
        return False


def _waiting(session: Session, store_ids: set[int] | None = None) -> list[int]:
    with db.reading(session):
        query = select(JournalRow.sequence).where(JournalRow.state == BUILT)
        if store_ids is not None:
            query = query.where(JournalRow.store_id.in_(store_ids))
        return list(session.scalars(query.order_by(JournalRow.business_date, JournalRow.sequence)))


def _release_one(session: Session, sequence: int, actor: str) -> None:
    with db.transaction(session):
        row = held_journal(session, sequence)
        if row.state != BUILT:
            raise Refused(f"Journal {sequence} is {row.state}; only a built journal is released.")
        _check_balance(row)
        connector = connector_of_store(session, row.store_id)
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
