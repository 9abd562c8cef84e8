"""Records become items: once for each content a record comes with.

Invariant: a record that comes again as it last came makes no second item, however often a page is
read again; one that changed, or that came back to an older content, makes a new one. Runs in the
caller's transaction, the one that also moves the cursor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.flows.canonical import digest
from retailvista.flows.models import FAILED, NEW, SKIPPED, Item

KEYS_AT_ONCE = 400
KEY_MAX = 200
# Besides new or changed, what a run counts of them.
COUNTED = {FAILED: "failed", SKIPPED: "skipped"}


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record as it came. `problem` (a text to translate) keeps it from being used.

    `content` is the hash of what came: made here, so that it takes no time of the transaction.
    """

    key: str
    received: Mapping[str, Any]
    transformed: Mapping[str, Any] | None = None
    state: str = NEW
    problem: str = ""
    problem_values: Mapping[str, Any] = field(default_factory=dict)
    content: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "content", digest(self.received))
        assert self.key, "a record has a key"
        assert self.state in {NEW, SKIPPED, FAILED}, "nothing was sent yet"
        assert (self.state == FAILED) == bool(self.problem), "a failed record says why"


@dataclass(frozen=True, slots=True)
class Place:
    """Where items come from."""

    flow_id: int
    division: int
    entity: str
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    number: int
    content_hash: str


def keep(session: Session, place: Place, arrivals: Sequence[Arrival]) -> Counter[str]:
    """Store what is new; counts by the names of a run: read, new, changed, discarded, ..."""
    assert session.in_transaction(), "items are stored with the cursor that moves past them"
    counts: Counter[str] = Counter(read=len(arrivals))
    if not arrivals:
        return counts
    _hold_company(session)
    keys = [shortened(arrival.key) for arrival in arrivals]
    newest = _newest(session, place, keys)
    number = session.scalar(select(func.max(Item.number))) or 0
    now = database.now(session)
    fresh: list[dict[str, Any]] = []
    given: dict[tuple[str, str], int] = {}
    for key, arrival in zip(keys, arrivals, strict=True):
        content = arrival.content
        known = newest.get(key)
        if known is not None and known.content_hash == content:
            counts["discarded"] += 1
            continue
        number += 1
        if (key, content) in given:
            given[key, content] += 1
        else:
            given[key, content] = _generation(session, place, key, content) if known else 0
        row = _row(place, arrival, now)
        fresh.append(row | {"number": number, "record_key": key, "generation": given[key, content]})
        newest[key] = _Known(number, content)
        counts["new" if known is None else "changed"] += 1
        if arrival.state in COUNTED:
            counts[COUNTED[arrival.state]] += 1
    if fresh:
        # One statement for the page: a thousand rows are written in a fraction of a second.
        session.execute(insert(Item), fresh)
    return counts


def _row(place: Place, arrival: Arrival, now: datetime) -> dict[str, Any]:
    return {
        "company_id": scoped_company_id(),
        "flow_id": place.flow_id,
        "run_id": place.run_id,
        "division": place.division,
        "entity": place.entity,
        "content_hash": arrival.content,
        "state": arrival.state,
        "received": arrival.received,
        "transformed": arrival.transformed,
        "problem": arrival.problem,
        "problem_values": dict(arrival.problem_values),
        "log": [log_line(now, "received")],
        "not_before": now,
        "received_at": now,
        "changed_at": now,
    }


def log_line(at: datetime, text: str, **values: Any) -> dict[str, Any]:
    """A line of an item's log: a text to translate with its values. Never a secret."""
    line: dict[str, Any] = {"at": at.isoformat(), "text": text}
    return line | ({"values": values} if values else {})


def shortened(key: str) -> str:
    """A key that fits; a long one keeps its beginning and a hash of all of it."""
    return key if len(key) <= KEY_MAX else f"{key[: KEY_MAX - 65]}~{digest(key)}"


def key_of(row: Mapping[str, Any], row_key: Iterable[str]) -> str:
    """The key of a row by the properties that tell rows apart; its content when it has none.

    >>> key_of({"ID": "a", "Year": 2026}, ("ID", "Year"))
    'a|2026'
    """
    values = [str(row.get(name) if row.get(name) is not None else "").strip() for name in row_key]
    return "|".join(values) if any(values) else f"content-{digest(row)}"


def _newest(session: Session, place: Place, keys: Sequence[str]) -> dict[str, _Known]:
    """The newest item of each record, removed ones too."""
    found: dict[str, _Known] = {}
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), KEYS_AT_ONCE):
        part = wanted[start : start + KEYS_AT_ONCE]
        numbers = (
            select(func.max(Item.number))
            .where(Item.flow_id == place.flow_id, Item.division == place.division)
            .where(Item.record_key.in_(part))
            .group_by(Item.record_key)
        )
        rows = session.execute(
            select(Item.record_key, Item.number, Item.content_hash).where(
                Item.number.in_(session.scalars(numbers).all())
            )
        )
        found |= {key: _Known(number, content) for key, number, content in rows}
    return found


def _generation(session: Session, place: Place, key: str, content: str) -> int:
    """How often this record has been like this before."""
    before = session.scalar(
        select(func.max(Item.generation)).where(
            Item.flow_id == place.flow_id,
            Item.division == place.division,
            Item.record_key == key,
            Item.content_hash == content,
        )
    )
    return 0 if before is None else before + 1


def _hold_company(session: Session) -> None:
    """Numbers of items have no gaps and two runs do not take the same one."""
    session.scalar(select(Company.id).where(Company.id == scoped_company_id()).with_for_update())
