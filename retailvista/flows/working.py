"""Working a run of a flow: its definition as it is now, with variables filled in, handed on.

What a kind of flow does stands in its own module and is entered in FUNCTIONS. It is told the
facts of the flow and tells its tally after each page; it may run twice, late or never without
harm. A flow that is switched off does nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.errors import LoginNeeded, Refused
from retailvista.flows.definition import OWN, FlowFacts, FlowSpec, WrongFlow
from retailvista.flows.incoming import take_in
from retailvista.flows.keeping import checked, flow_by_number, spec_of_row
from retailvista.flows.models import INCOMING, OUTGOING, REPLICATION, Flow
from retailvista.flows.outgoing import send_items, send_out
from retailvista.flows.replication import check, replicate
from retailvista.flows.starting import FLOW_RUN, flow_key
from retailvista.flows.tally import Tally
from retailvista.flows.variables import filled_spec, known_variables
from retailvista.runs.models import Run
from retailvista.runs.working import Counts, RunFacts

T = TypeVar("T")
FlowFunction = Callable[[Outside, FlowFacts, Tally], Counts]
# By kind of flow. The counts are those of the tally.
FUNCTIONS: dict[str, FlowFunction] = {
    INCOMING: take_in,
    OUTGOING: send_out,
    REPLICATION: replicate,
}
# Between two whole runs somebody may run parts by hand, but not this often.
LOOKED_BACK = 1000
OF_THE_MOMENT = ("last_run", "now", "today")
SWITCHED_OFF = "The flow is switched off: nothing was done."


@dataclass(frozen=True, slots=True)
class Asked:
    """What the run was asked to do; empty means all of the flow's."""

    mode: str
    entities: tuple[str, ...]
    divisions: tuple[int, ...]


def work_flow(outside: Outside, facts: RunFacts) -> Counts:
    """One run of a flow."""
    return _worked(outside, facts, FUNCTIONS)


def work_items(outside: Outside, facts: RunFacts) -> Counts:
    """What is left of the items of a flow, without reading its source again."""
    return _worked(outside, facts, {OUTGOING: send_items})


def work_check(outside: Outside, facts: RunFacts) -> Counts:
    """A replication beside its source."""
    return _worked(
        outside, facts, {REPLICATION: partial(check, totals=bool(facts.args.get("totals")))}
    )


def _worked(outside: Outside, facts: RunFacts, functions: Mapping[str, FlowFunction]) -> Counts:
    number = int(facts.key.removeprefix("flow "))
    tally = Tally(outside, facts)
    with outside.sessions() as session, database.reading(session):
        row = flow_by_number(session, number)
        disabled = row.disabled
    if disabled:
        tally.say("info", SWITCHED_OFF)
        return {}
    asked = Asked(
        mode=str(facts.args["mode"]),
        entities=tuple(facts.args.get("entities") or ()),
        divisions=tuple(facts.args.get("divisions") or ()),
    )
    with outside.sessions() as session, database.reading(session):
        flow_facts = facts_of(session, outside, row, asked)
    try:
        return functions[row.kind](outside, flow_facts, tally)
    except LoginNeeded as needed:
        raise _with_remedy(outside, facts, needed) from needed


def _with_remedy(outside: Outside, facts: RunFacts, needed: LoginNeeded) -> LoginNeeded:
    """What ended and where a person makes it good; a warehouse says it by itself."""
    query = (
        select(Connector.number)
        .join(Grant, Grant.id == Connector.grant_id)
        .where(Connector.number == facts.connector_number, Grant.login_needed_at.is_not(None))
    )
    with outside.sessions() as session, database.reading(session):
        number = session.scalar(query)
    if number is None:
        return needed
    return LoginNeeded(
        f"{needed} Log in again at connector {number}; the next run goes on from there.",
        said=needed.said,
    )


def facts_of(session: Session, outside: Outside, row: Flow, asked: Asked) -> FlowFacts:
    """The flow as its run gets it. Refused or WrongFlow says what keeps it from running."""
    spec = spec_of_row(row)
    ends = checked(session, spec)
    last_run = last_done(session, row.number)
    known = known_variables(
        session, outside.variables, flow=row, source=ends.source, last_run=last_run
    )
    spec = filled_spec(spec, known)
    # A variable may hold anything: what it makes of the definition is checked as well.
    if problems := spec.problems():
        raise WrongFlow(problems)
    return FlowFacts(
        id=row.id,
        number=row.number,
        identifier=row.identifier,
        spec=spec,
        mode=asked.mode,
        entities=_part("entity", spec.source.entities, asked.entities),
        divisions=_part(
            "division", _divisions(spec.source.divisions, ends.source), asked.divisions
        ),
        source_connector_id=ends.source_id,
        target_connector_id=ends.target_id,
        last_run=last_run,
        variables=known,
        question=_question(spec_of_row(row), known),
    )


def last_done(session: Session, number: int) -> datetime | None:
    """When the last run that read all of a flow was asked for. The caller's transaction.

    Not when it was begun: one that waited for its limits is begun anew, and what changed between
    its first page and its last attempt would never be asked for.
    """
    query = (
        select(Run.asked_at, Run.args)
        .where(Run.kind == FLOW_RUN, Run.key == flow_key(number), Run.outcome == "done")
        .order_by(Run.asked_at.desc())
        .limit(LOOKED_BACK)
    )
    return next(
        (
            asked_at
            for asked_at, args in session.execute(query)
            if not args.get("entities") and not args.get("divisions")
        ),
        None,
    )


def _question(spec: FlowSpec, known: Mapping[str, str]) -> str:
    """A fingerprint of what is asked, apart from the moment it is asked at."""
    timeless = {**known, **dict.fromkeys(OF_THE_MOMENT, "")}
    source = filled_spec(spec, timeless).source
    asked = [
        source.connector,
        sorted(source.path.items()),
        sorted(source.query.items()),
        source.select,
        sorted(spec.transform.request.items()),
        sorted(timeless.items()) if spec.transform.request else [],
    ]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]


def _divisions(chosen: tuple[int, ...], source: Connector | None) -> tuple[int, ...]:
    """Those of the flow, else the one that the connector is pinned to."""
    if source is None:
        return (OWN,)
    if chosen:
        return chosen
    if not source.division:
        raise Refused(f"Connector {source.number} has no division yet; choose one first.")
    return (source.division,)


def _part(what: str, all_of_them: tuple[T, ...], asked: tuple[T, ...]) -> tuple[T, ...]:
    """What was asked for, of what the flow still has."""
    missing = [one for one in asked if one not in all_of_them]
    if missing:
        raise Refused(f"The flow has no {what} {missing[0]}.")
    return asked or all_of_them
