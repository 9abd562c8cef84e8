"""Kinds of run: which use case a run's name stands for, and what its counts are.

Every function is plain: it is told the facts of its run, takes what is due, and may run twice,
late or never without harm. What waits for time waits in rows; a run that leaves such rows asks
for the next one.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.language import company_language
from retailvista.connectors import grants, testing, visits, warehouses
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.outside import Outside
from retailvista.flows.outgoing import ITEMS_RUN
from retailvista.flows.references import WAREHOUSE
from retailvista.flows.starting import CHECK_RUN, FLOW_RUN
from retailvista.flows.subscribing import work_webhook
from retailvista.flows.webhooks import WEBHOOK_RUN
from retailvista.flows.working import work_check, work_flow, work_items
from retailvista.journals import building, control, exporting, proving, releasing
from retailvista.journals.models import Export
from retailvista.runs.asking import ask
from retailvista.runs.working import Counts, Kinds, RunFacts, progress, say
from retailvista.scheduler.fetching import IF_MISSING, fetch_missing_masters, lacking_masters

UNSETTLED = ("ready", "sending", "posted")
FOLLOW_UP = timedelta(seconds=5)
CONTROL_DAYS = 35


def build(outside: Outside, facts: RunFacts) -> Counts:
    """Store days that are ready become journals; days that are held are problems."""
    until = facts.args.get("until")
    with outside.sessions() as session:
        result = building.build_journals(
            session,
            date.fromisoformat(until) if until else None,
            facts.asked_by or "system",
            lambda done, total: progress(outside, facts, done, total),
        )
        with database.reading(session):
            language = company_language(session)
    for held in result.problems[:100]:
        say(
            outside,
            facts,
            "warning",
            f"{held.store_code} {held.business_date}: {held.problem.in_full(language)}",
        )
    return {"built": len(result.built), "problems": len(result.problems)}


def export(outside: Outside, facts: RunFacts) -> Counts:
    """One pass over what is due through a connector, or through all of the company."""
    fetch_missing_masters(outside)
    with outside.sessions() as session:
        releasing.release_automatic(session)
    counts = exporting.export_pass(
        outside,
        facts.company_id,
        facts.connector_number,
        until_idle=bool(facts.args.get("until_idle")),
    )
    _ask_for_the_rest(outside, facts)
    return asdict(counts)


def controlling(outside: Outside, facts: RunFacts) -> Counts:
    """Compare the last weeks with the books; args from and to choose other days."""
    today = outside.clock.now().date()
    first = facts.args.get("from")
    last = facts.args.get("to")
    result = control.control(
        outside,
        facts.company_id,
        date.fromisoformat(first) if first else today - timedelta(days=CONTROL_DAYS),
        date.fromisoformat(last) if last else today,
        facts.connector_number,
    )
    for difference in result.differences[:100]:
        say(outside, facts, "warning", f"{difference.on} {difference.kind}: {difference.text}")
    return {"days": result.days, "differences": len(result.differences)}


def keep_alive(outside: Outside, facts: RunFacts) -> Counts:
    """The daily sign of life of a login, so that 30 silent days do not happen."""
    grant_id = _grant_id(outside, facts)
    called = grant_id is not None and grants.keep_alive(outside, grant_id)
    return {"refreshed": int(called)}


def refresh(outside: Outside, facts: RunFacts) -> Counts:
    """A usable token for a connector, refreshed when it is due."""
    grants.usable_token(outside, _connector_id(outside, facts))
    return {"refreshed": 1}


def master(outside: Outside, facts: RunFacts) -> Counts:
    """Accounts, journals, VAT codes and periods of the division, fetched anew."""
    if facts.args.get(IF_MISSING) and facts.connector_number not in lacking_masters(outside):
        return {}
    connector_id = _connector_id(outside, facts)
    found = visits.fetch_master(outside, connector_id, facts.run_id)
    return {
        "gl_accounts": len(found.gl_accounts),
        "journals": len(found.journals),
        "vat_codes": len(found.vat_codes),
    }


def test(outside: Outside, facts: RunFacts) -> Counts:
    """Test a connector and say what is wrong with it, if anything."""
    number = facts.connector_number
    assert number is not None, "a test is of one connector"
    with outside.sessions() as session, database.reading(session):
        is_warehouse = _connector(session, facts).provider == WAREHOUSE
    if is_warehouse:
        schema = str(facts.args.get("schema") or "")
        found = warehouses.check_warehouse(outside, number, schema)
        say(outside, facts, "info", found.message)
        return {"connected": 1} if found.ok else {"failed": 1}
    result = testing.test_connector(outside, number)
    say(outside, facts, "info", result.message)
    if result.resumed:
        say(outside, facts, "info", testing.RESUMED)
    return {"connected": 1} if result.ok else {"failed": 1}


def prove(outside: Outside, facts: RunFacts) -> Counts:
    """The second proof, as the person who asked for it agreed."""
    assert facts.connector_number is not None, "a proof is of one connector"
    result = proving.prove_refusal(
        outside,
        facts.connector_number,
        facts.asked_by,
        consent=facts.args.get("consent") is True,
    )
    shown = result.proof is not proving.Proof.NOT_SHOWN
    say(outside, facts, "info" if shown and not result.left_behind else "warning", result.message)
    return {"proven": 1} if shown else {"failed": 1}


KINDS: Kinds = {
    "build": build,
    "export": export,
    "control": controlling,
    "keep-alive": keep_alive,
    "refresh": refresh,
    "master": master,
    "test": test,
    "prove": prove,
    FLOW_RUN: work_flow,
    CHECK_RUN: work_check,
    ITEMS_RUN: work_items,
    WEBHOOK_RUN: work_webhook,
}


def _connector(session: Session, facts: RunFacts) -> Connector:
    assert facts.connector_number is not None, f"a run of kind {facts.kind} is of one connector"
    return connector_by_number(session, facts.connector_number)


def _connector_id(outside: Outside, facts: RunFacts) -> int:
    with outside.sessions() as session, database.reading(session):
        return _connector(session, facts).id


def _grant_id(outside: Outside, facts: RunFacts) -> int | None:
    with outside.sessions() as session, database.reading(session):
        return _connector(session, facts).grant_id


def _ask_for_the_rest(outside: Outside, facts: RunFacts) -> None:
    """What this pass left for later is worked when it is due, not at the next slot."""
    with outside.sessions() as session:
        with database.reading(session):
            due = _due_numbers(session, facts.connector_number)
        for number, moment in due.items():
            with database.transaction(session):
                soonest = database.now(session) + FOLLOW_UP
                ask(
                    session,
                    "export",
                    str(number),
                    asked_by="system",
                    connector_number=number,
                    not_before=max(moment, soonest),
                )


def _due_numbers(session: Session, number: int | None) -> dict[int, datetime]:
    """Connectors that may send, and when their next export is due."""
    query = (
        select(Connector.number, Connector.paused_until, func.min(Export.not_before))
        .join(Export, Export.connector_id == Connector.id)
        .join(Grant, Grant.id == Connector.grant_id)
        .where(Export.live, Export.state.in_(UNSETTLED), Export.decision == "")
        .where(Grant.login_needed_at.is_(None), Connector.deleted_at.is_(None))
        .where((Connector.paused == "") | Connector.paused_until.is_not(None))
        .group_by(Connector.number, Connector.paused_until)
    )
    if number is not None:
        query = query.where(Connector.number == number)
    return {
        found: max(paused, due) if paused is not None else due
        for found, paused, due in session.execute(query)
    }
