"""Import of a till file: all of it or nothing, and never anything twice.

Invariants: pass 1 checks everything before a row is written; receipts count only once the file
row says 'read', so a crash shows nothing and a second import finishes the work; a receipt that is
there stays as it is: the same number with other content is a problem that names it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.language import company_language
from retailvista.companies.models import Company, Store, TillLocation
from retailvista.companies.scope import scoped_company_id
from retailvista.errors import Refused
from retailvista.journals import storing
from retailvista.journals.arrival import Arrival, received
from retailvista.journals.declaring import note_days, refresh_open_days
from retailvista.journals.models import TillFile
from retailvista.journals.till_pass import (
    KnownStore,
    SpooledRow,
    StoreChoice,
    TillPass,
    check_till_file,
)
from retailvista.ledger.problem import Place, Problem

READING, READ, REFUSED = "reading", "read", "refused"
BATCH = 2000  # receipts per transaction: about a tenth of a second
NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did. `known` receipts were there already and stayed as they were.

    `state` is that of the file: read or refused; `again` = this very file was read before.
    """

    file: str
    format: str
    receipts: int
    new: int
    known: int
    problems: tuple[Problem, ...] = ()
    state: str = READ
    again: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "format": self.format,
            "receipts": self.receipts,
            "new": self.new,
            "known": self.known,
            "problems": [problem.to_json() for problem in self.problems],
        }


def import_till_file(
    session: Session, name: str, stream: BinaryIO, store_code: str | None, actor: str
) -> ImportResult:
    """Read a till file, plain or gzipped, into the company in scope."""
    name = name[-NAME_MAX:]
    with received(stream, name) as arrival:
        if arrival.refused:
            return _refuse(session, arrival, name, arrival.refused, actor)
        known = _read_before(session, arrival, name, store_code)
        if known is not None:
            return known
        try:
            return _read(session, arrival, name, store_code, actor)
        except Refused as refused:
            return _refuse(session, arrival, name, str(refused), actor)


def _read(
    session: Session, arrival: Arrival, name: str, store_code: str | None, actor: str
) -> ImportResult:
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="\n") as spool:
        stores = _store_choice(session, store_code)
        found = check_till_file(arrival.raw, name, stores, spool)
        file_id = _begin(session, arrival, name, found, actor)
        if file_id is None:
            meanwhile = _read_before(session, arrival, name, store_code)
            assert meanwhile is not None, "a file that was read stays read"
            return meanwhile
        return _store_all(session, file_id, name, found, actor)


def _read_before(
    session: Session, arrival: Arrival, name: str, store_code: str | None
) -> ImportResult | None:
    """The answer for a file whose bytes were read before."""
    with db.reading(session):
        row = session.scalars(
            select(TillFile).where(TillFile.sha256 == arrival.sha256, TillFile.state == READ)
        ).one_or_none()
    if row is None:
        return None
    stores = row.facts["stores"]
    if store_code and stores != [store_code]:
        problem = _file_problem(
            name,
            f"This file was already read for store {', '.join(stores)} on"
            f" {row.imported_at:%Y-%m-%d} as {row.name}; it cannot count for {store_code} too.",
        )
        return ImportResult(name, row.format, row.receipts, 0, row.receipts, (problem,), READ, True)
    remarks = tuple(_remark(name, line) for line in row.problem.splitlines())
    return ImportResult(name, row.format, row.receipts, 0, row.known + row.new, remarks, READ, True)


def _store_choice(session: Session, store_code: str | None) -> StoreChoice:
    with db.reading(session):
        stores = session.execute(select(Store.id, Store.code, Store.currency).order_by(Store.code))
        known = [KnownStore(*row) for row in stores]
        places = session.execute(select(TillLocation.name, TillLocation.store_id))
        locations = {name.strip(): store_id for name, store_id in places}
    return StoreChoice(known, locations, store_code)


def _begin(
    session: Session, arrival: Arrival, name: str, found: TillPass, actor: str
) -> int | None:
    """The file row in state 'reading': from here a crash can be continued.

    None when another import of the same file came to its end meanwhile.
    """
    facts = found.reader.facts | {
        "stores": sorted(found.stores.used),
        "seen": found.seen.to_json(),
    }
    with db.transaction(session):
        row = _file_row(session, arrival, name, actor)
        if row.state == READ:
            return None
        row.content_gz, row.state, row.problem = arrival.content_gz, READING, ""
        row.format, row.currency = found.reader.format.code, found.reader.currency
        row.facts, row.receipts = facts, found.receipts
        row.made_at = _made_at(session, found)
        session.flush()
        return row.id


def _file_row(session: Session, arrival: Arrival, name: str, actor: str) -> TillFile:
    """The row of this file, new or of an earlier try; as it is when it was read already."""
    lock_intake(session)
    row = session.scalars(
        select(TillFile)
        .where(TillFile.sha256 == arrival.sha256)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        row = TillFile(sha256=arrival.sha256, content_gz=b"", state=READING)
        session.add(row)
    if row.state != READ:
        row.name, row.size = name, arrival.size
        row.imported_by, row.imported_at = actor, db.now(session)
    return row


def lock_intake(session: Session) -> None:
    """Imports of one company take turns, per short transaction. SQLite writers do so anyhow."""
    own = select(Company.id).where(Company.id == scoped_company_id())
    session.execute(own.with_for_update(key_share=True))


def _made_at(session: Session, found: TillPass) -> datetime | None:
    """The moment in the header, which the till wrote in the zone of its store."""
    if not found.reader.made_at:
        return None
    first = next(iter(found.stores.used.values()))
    zone = session.scalar(select(Store.zone).where(Store.id == first.id))
    made = datetime.fromisoformat(found.reader.made_at)
    return made.replace(tzinfo=ZoneInfo(zone or "UTC")).astimezone(UTC)


def _made_on(found: TillPass) -> date | None:
    return date.fromisoformat(found.reader.made_at[:10]) if found.reader.made_at else None


def _store_all(
    session: Session, file_id: int, name: str, found: TillPass, actor: str
) -> ImportResult:
    """Pass 2: short batches, then one transaction that makes all of it count."""
    tally = storing.Tally()
    for batch in _batches(found.rows()):
        with db.transaction(session):
            lock_intake(session)
            storing.store_batch(session, file_id, batch, tally)
    problems = storing.problems_of(tally, name)
    with db.transaction(session):
        lock_intake(session)
        storing.take_over(session, file_id, tally)
        storing.store_z_reports(session, file_id, found.z_reports, found.stores.used)
        new = storing.count_new(session, file_id)
        row = session.scalars(select(TillFile).where(TillFile.id == file_id)).one()
        row.state, row.new = READ, new
        row.known = found.receipts - new - tally.conflicts
        language = company_language(session)
        row.problem = "\n".join(problem.in_full(language) for problem in problems)
        note_days(session, file_id, _days_by_id(found), _made_on(found))
        refresh_open_days(session)
        audit.record(
            session, actor, "file.read", name, receipts=found.receipts, new=new, known=row.known
        )
    return ImportResult(name, row.format, found.receipts, row.new, row.known, tuple(problems), READ)


def _batches(rows: Iterator[SpooledRow]) -> Iterator[list[SpooledRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _days_by_id(found: TillPass) -> dict[tuple[int, date], dict[str, str]]:
    used = found.stores.used
    return {(used[code].id, on): registers for (code, on), registers in found.days.items()}


def _refuse(session: Session, arrival: Arrival, name: str, reason: str, actor: str) -> ImportResult:
    """The refusal is kept with its reason; nothing of the file is."""
    with db.transaction(session):
        row = _file_row(session, arrival, name, actor)
        if row.state != READ:
            row.state, row.problem = REFUSED, reason
        audit.record(session, actor, "file.refused", name, reason=reason)
    problem = _file_problem(name, reason)
    return ImportResult(name, row.format, 0, 0, 0, (problem,), REFUSED)


def _remark(name: str, said: str) -> Problem:
    """What was said when the file was read first holds when it is handed in again."""
    return Problem(
        "remark_of_before",
        said,
        said,
        Place(file=name),
        "Dit bestand opnieuw inlezen lost het niet op.",
        "Reading this file again does not solve it.",
    )


def _file_problem(name: str, reason: str) -> Problem:
    return Problem(
        "file_refused",
        reason,
        reason,
        Place(file=name),
        "Volg de aanwijzing en lever het bestand opnieuw aan; er is niets van opgeslagen.",
        "Follow the advice and deliver the file again; nothing of it was stored.",
    )
