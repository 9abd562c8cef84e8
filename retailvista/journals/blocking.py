"""What one journal of a connector waits for, and whether it holds up the others behind it.

Invariant: the reasons are those by which claiming.py refuses a claim, read from the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import scoped_company_id
from retailvista.journals import actions
from retailvista.journals.claiming import CONFLICT, POSTED, READY, REJECTED, SENDING
from retailvista.journals.evidence import EXPORT, ExportFacts, read_facts

NAMED_AT_MOST = 10
OTHER_UNKNOWN = (
    "another entry for the same administration is of unknown outcome; nothing goes out to it"
    " until the books have been looked at."
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason; `person` says that it does not end by itself."""

    text: str
    person: bool = True


def of_journals(session: Session, connector_id: int, number: int) -> list[Obstacle]:
    """Journals that stand still through a connector, those that hold up others first."""
    states = EXPORT.c.state.in_((READY, SENDING, POSTED, REJECTED, CONFLICT))
    found = read_facts(session, EXPORT.c.connector_id == connector_id, states)
    now = db.now(session)
    known = [
        *_under_way(found, number, now),
        *_first_alone(found, number, now),
        *_to_decide(found, number),
    ]
    if known or not found:
        return known
    return _behind_others(session, found, number) or _tried_again(found, number, now)


def _named(facts: ExportFacts, number: int) -> str:
    return f"Journal {facts.sequence} of connector {number}"


def _at(moment: datetime) -> str:
    return f"{moment:%H:%M:%S} UTC"


def _under_way(found: list[ExportFacts], number: int, now: datetime) -> list[Obstacle]:
    """Sent or being sent: the lane is closed until it is known what came of it."""
    said = []
    for facts in found:
        if facts.state != SENDING or facts.decision:
            continue
        name = _named(facts, number)
        if facts.unknown_since is None:
            until = _at(facts.lease_until or now)
            said.append(f"{name} is being sent by another process, until {until} at most.")
        elif facts.good_looks == 0:
            said.append(
                f"{name} is of unknown outcome: nothing else goes out through this connector"
                f" until the books have been looked at, next at {_at(facts.not_before)}."
            )
        else:
            said.append(
                f"{name} is of unknown outcome: it is looked for again at {_at(facts.not_before)}."
            )
    return [Obstacle(text, person=False) for text in said]


def _first_alone(found: list[ExportFacts], number: int, now: datetime) -> list[Obstacle]:
    """The one that shows the others the way is read back before they follow."""
    return [
        Obstacle(
            f"{_named(facts, number)} goes first and alone: the others follow when it has been"
            f" read back, next at {_at(max(facts.not_before, now))}.",
            person=False,
        )
        for facts in found
        if facts.alone and facts.state == POSTED and not facts.decision
    ]


def _to_decide(found: list[ExportFacts], number: int) -> list[Obstacle]:
    waiting = [facts for facts in found if facts.decision in actions.WAITING_FOR_PERSON]
    waiting.sort(key=lambda facts: not _holds_up(facts))
    said = [_decision(facts, number) for facts in waiting[:NAMED_AT_MOST]]
    if more := len(waiting) - len(said):
        said.append(f"{more} more journals of connector {number} wait for a person's decision.")
    return [Obstacle(text) for text in said]


def _decision(facts: ExportFacts, number: int) -> str:
    text = f"{_named(facts, number)} waits for a person's decision: {actions.TEXTS[facts.decision]}"
    if _holds_up(facts):
        text += " Nothing else goes out through this connector until it is decided."
    return text


def _holds_up(facts: ExportFacts) -> bool:
    """One that went alone and is not settled closes the journal code for the others."""
    return facts.alone and facts.state in (SENDING, POSTED, CONFLICT)


def _behind_others(session: Session, found: list[ExportFacts], number: int) -> list[Obstacle]:
    """Another company's entry in the same lane; nothing is told of it but that it is there."""
    other = session.execute(
        select(EXPORT.c.id)
        .where(
            EXPORT.c.lane_key.in_({facts.lane_key for facts in found}),
            EXPORT.c.company_id != scoped_company_id(),
            EXPORT.c.live,
            EXPORT.c.state == SENDING,
            EXPORT.c.decision == "",
            EXPORT.c.good_looks == 0,
        )
        .limit(1)
    ).first()
    if other is None:
        return []
    return [Obstacle(f"Connector {number} waits: {OTHER_UNKNOWN}", person=False)]


def _tried_again(found: list[ExportFacts], number: int, now: datetime) -> list[Obstacle]:
    """What was put off, such as by a limit or a provider that did not answer."""
    later = [facts for facts in found if facts.state in (READY, POSTED) and facts.not_before > now]
    if not later:
        return []
    first = min(later, key=lambda facts: facts.not_before)
    more = f", and {len(later) - 1} more" if len(later) > 1 else ""
    text = f"{_named(first, number)} is tried again at {_at(first.not_before)}{more}."
    return [Obstacle(text, person=False)]
