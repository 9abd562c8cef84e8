"""Control (aansluiting): per day and journal, what we posted against what the books hold now.

Invariants: missing, extra, different and changed-by-hand are told apart and stored per day; the
control sends nothing and resends nothing; a blind look is no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import StoredEntry
from retailvista.connectors.visits import Visit, open_visit
from retailvista.errors import Later
from retailvista.journals import actions, claiming
from retailvista.journals.evidence import EXPORT, ExportFacts, add_evidence, read_facts
from retailvista.journals.finding import Blind, EntryIndex, entries_between, sight_of
from retailvista.journals.ladder import Found
from retailvista.journals.models import ControlDay, JournalRow
from retailvista.journals.numbering import YEAR_FACTOR

JOURNAL = db.table_of(JournalRow)
MISSING, EXTRA, DIFFERENT, CHANGED = "missing", "extra", "different", "changed"
IN_BOOKS = (claiming.POSTED, claiming.VERIFIED)
BLIND_WAIT = timedelta(minutes=15)
TEXTS = {
    MISSING: "Entry {0} is not in the books.",
    EXTRA: "Entry {0} was not made by RetailVista.",
}


@dataclass(frozen=True, slots=True)
class ControlDifference:
    """One entry that is not as it should be; `kind` is missing, extra, different or changed."""

    on: date
    kind: str
    entry_number: int
    text: str
    journal: int | None = None

    def to_json(self) -> dict[str, object]:
        """As stored on the day and printed by the command."""
        return {**asdict(self), "on": self.on.isoformat()}


@dataclass(frozen=True, slots=True)
class ControlResult:
    """How many days were compared, and what is wrong."""

    days: int = 0
    differences: tuple[ControlDifference, ...] = ()

    def __add__(self, other: ControlResult) -> ControlResult:
        return ControlResult(self.days + other.days, self.differences + other.differences)


@dataclass(slots=True)
class _Day:
    local: int = 0
    books: int = 0
    entries: int = 0
    differences: list[ControlDifference] = field(default_factory=list)


def control(
    outside: Outside,
    company_id: int,
    from_on: date,
    to_on: date,
    connector_number: int | None = None,
) -> ControlResult:
    """Compare the days of every journal the company posts to; Later when the books are blind."""
    result = ControlResult()
    with company_scope(company_id):
        session = outside.sessions()
        try:
            for seat in _seats(session, connector_number):
                with open_visit(outside, seat.connector_id, calls=1, posting=False) as visit:
                    result += _control_seat(session, visit, seat, (from_on, to_on))
        finally:
            session.close()
    return result


def _seats(session: Session, number: int | None) -> list[PostingSeat]:
    with db.reading(session):
        statement = (
            select(PostingSeat)
            .join(Connector, Connector.id == PostingSeat.connector_id)
            .where(Connector.deleted_at.is_(None))
            .order_by(PostingSeat.id)
        )
        if number is not None:
            statement = statement.where(Connector.number == number)
        return list(session.scalars(statement))


def _control_seat(
    session: Session, visit: Visit, seat: PostingSeat, span: tuple[date, date]
) -> ControlResult:
    with db.reading(session):
        exports = read_facts(
            session,
            EXPORT.c.seat_id == seat.id,
            JOURNAL.c.business_date.between(*span),
            limit=100_000,
        )
        known = read_facts(session, EXPORT.c.seat_id == seat.id, limit=1_000_000)
        now = db.now(session)
    if not exports:
        return ControlResult()
    try:
        index = EntryIndex(_entries(visit, seat, exports, known))
    except Blind as blind:
        raise Later(str(blind), not_before=blind.look.not_before or now + BLIND_WAIT) from blind
    days = _compare(exports, known, index, span)
    with db.transaction(session):
        for facts in exports:
            _found_after_all(session, facts, index)
        for on, day in sorted(days.items()):
            _store(session, seat, on, day)
        _mend_newest(session, seat, known, index)
    found = tuple(d for _, day in sorted(days.items()) for d in day.differences)
    return ControlResult(len(days), found)


def _entries(
    visit: Visit, seat: PostingSeat, exports: Sequence[ExportFacts], known: Sequence[ExportFacts]
) -> list[StoredEntry]:
    """Our numbers of these days, and whatever stands in the journal above our highest number."""
    found: dict[str, StoredEntry] = {}
    for year in sorted({facts.year for facts in exports}):
        own = [facts.entry_number for facts in exports if facts.year == year]
        highest = max(facts.entry_number for facts in known if facts.year == year)
        top = (highest // YEAR_FACTOR + 1) * YEAR_FACTOR - 1
        for low, high in ((min(own), max(own)), (highest + 1, top)):
            for entry in entries_between(visit, seat.journal_code, low, high, known=0):
                found[entry.external_id] = entry
    return list(found.values())


def _compare(
    exports: Sequence[ExportFacts],
    known: Sequence[ExportFacts],
    index: EntryIndex,
    span: tuple[date, date],
) -> dict[date, _Day]:
    days: dict[date, _Day] = {}
    for facts in exports:
        day = days.setdefault(facts.business_date, _Day())
        if facts.state in IN_BOOKS and facts.decision != actions.BOOKED_BY_HAND:
            day.entries += 1
            day.local += _debit(amount for amount in facts.expected.get("net", {}).values())
            difference = _of_export(facts, index)
            if difference is not None:
                day.differences.append(difference)
    numbers = {facts.entry_number for facts in known}
    keys = frozenset(facts.posting_key for facts in known)
    for entry in index.all:
        on = _date_of(entry)
        if on is None or not span[0] <= on <= span[1]:
            continue
        day = days.setdefault(on, _Day())
        day.books += _debit(_net(entry).values())
        if entry.entry_number not in numbers and not index.has_key_of(entry, keys):
            text = TEXTS[EXTRA].format(entry.entry_number)
            day.differences.append(ControlDifference(on, EXTRA, entry.entry_number, text))
    return days


def _of_export(facts: ExportFacts, index: EntryIndex) -> ControlDifference | None:
    """Each posted export against the books as they are now."""
    sight = sight_of(facts, index.about(facts))
    on, number, journal = facts.business_date, facts.entry_number, facts.sequence
    if sight.found is Found.OURS:
        return None
    if sight.found is Found.ABSENT:
        return ControlDifference(on, MISSING, number, TEXTS[MISSING].format(number), journal)
    kind = CHANGED if facts.state == claiming.VERIFIED else DIFFERENT
    kind = EXTRA if sight.found is Found.TWICE else kind
    return ControlDifference(on, kind, number, sight.said, journal)


def _found_after_all(session: Session, facts: ExportFacts, index: EntryIndex) -> None:
    """What waited for a person because it was not seen, and is there now, is verified."""
    waits = facts.state == claiming.SENDING and facts.decision in actions.WAITING_FOR_PERSON
    sight = sight_of(facts, index.about(facts)) if waits else None
    if sight is None or sight.found is not Found.OURS or sight.entry is None:
        return
    now = db.now(session)
    settled = claiming.change(
        session,
        (*claiming.mine(facts), EXPORT.c.decision == facts.decision),
        state=claiming.VERIFIED,
        decision="",
        problem="",
        external_id=sight.entry.external_id,
        posted_at=now,
        verified_at=now,
    )
    if settled:
        add_evidence(session, facts, "control", "The control found the entry after all.")
        journal = session.scalars(select(JournalRow).where(JournalRow.id == facts.journal_id)).one()
        journal.state = "exported"


def _mend_newest(
    session: Session,
    seat: PostingSeat,
    known: Sequence[ExportFacts],
    index: EntryIndex,
) -> None:
    """Looks lean on the newest entry known to be there; if it was deleted, on another one."""
    there = {entry.entry_number for entry in index.all}
    ours = [f.entry_number for f in known if f.state in IN_BOOKS and f.entry_number in there]
    row = session.scalars(
        select(PostingSeat)
        .where(PostingSeat.id == seat.id)
        .execution_options(populate_existing=True)
    ).one()
    missing = {f.entry_number for f in known if f.state in IN_BOOKS} - there
    if row.newest_known in missing and ours:
        row.newest_known = max(ours)


def _store(session: Session, seat: PostingSeat, on: date, day: _Day) -> None:
    row = session.scalar(
        select(ControlDay)
        .where(ControlDay.seat_id == seat.id, ControlDay.business_date == on)
        .execution_options(populate_existing=True)
    )
    if row is None:
        row = ControlDay(seat_id=seat.id, business_date=on)
        session.add(row)
    row.checked_at = db.now(session)
    row.local_debit, row.books_debit, row.entries = day.local, day.books, day.entries
    row.differences = [difference.to_json() for difference in day.differences]


def _net(entry: StoredEntry) -> dict[str, int]:
    net: dict[str, int] = {}
    for line in entry.lines or ():
        net[line.gl_code] = net.get(line.gl_code, 0) + line.amount
    return net


def _debit(amounts: Iterable[int]) -> int:
    return sum(amount for amount in amounts if amount > 0)


def _date_of(entry: StoredEntry) -> date | None:
    return next((line.on for line in entry.lines or () if line.on is not None), None)
