"""Items that wait although nobody asked: what a dead process or an ended login left lying.

Invariant: it asks for a run only where none waits or works, and not again for a while after one
that failed, so that a login that ended causes no storm.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.outside import Outside
from retailvista.flows.item_claims import due_at
from retailvista.flows.models import OUTGOING, Flow, Item
from retailvista.flows.outgoing import ITEMS_RUN, ask_items
from retailvista.flows.starting import FLOW_RUN, flow_key
from retailvista.runs.models import ENDED, Run

REST = timedelta(minutes=15)


def go_on_with_items(outside: Outside) -> int:
    """Ask for a run of each flow whose items are due and that nobody works on; how many."""
    asked = 0
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            left = session.execute(_left(session)).all()
        for company_id, number in left:
            with company_scope(company_id), database.transaction(session):
                if _is_seen_to(session, number):
                    continue
                ask_items(session, number, asked_by="sweep")
                asked += 1
    return asked


def _left(session: Session) -> Select[tuple[int, int]]:
    now = database.now(session)
    # An item is worked on within its run; what is untouched for so long is left lying.
    return (
        select(Flow.company_id, Flow.number)
        .where(Flow.kind == OUTGOING, Flow.disabled.is_(False), Flow.deleted_at.is_(None))
        .where(
            exists(
                select(Item.id).where(
                    Item.company_id == Flow.company_id,
                    Item.flow_id == Flow.id,
                    Item.changed_at <= now - REST,
                    *due_at(now),
                )
            )
        )
    )


def _is_seen_to(session: Session, number: int) -> bool:
    """A run of the flow waits or works, or one ended a short while ago."""
    ended = database.now(session) - REST
    query = select(Run.id).where(
        Run.key == flow_key(number),
        Run.kind.in_((FLOW_RUN, ITEMS_RUN)),
        or_(Run.state != ENDED, Run.ended_at >= ended),
    )
    return session.scalar(query.limit(1)) is not None
