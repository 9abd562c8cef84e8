"""Incoming flows: records of an entity become items in the inbox, page by page.

Invariants: the items of a page and the cursor past them are one transaction, so that a page is
taken once however often the run is killed; a record that cannot be transformed is a failed item
and stops no other; nothing is held open while a page is fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.connectors.outside import Outside
from retailvista.errors import Refused
from retailvista.flows import cursors
from retailvista.flows.arriving import Arrival, Place, keep, log_line
from retailvista.flows.cursors import Spot, Standing
from retailvista.flows.definition import FlowFacts, SourceSpec
from retailvista.flows.models import FAILED, FINISHED, NEW, OUTGOING, RETRY, SKIPPED, Item
from retailvista.flows.pages import Pages, SourcePage, pages_of
from retailvista.flows.tally import Tally
from retailvista.flows.transforms import Transform, TransformFailed
from retailvista.runs.working import Counts

NOT_TRANSFORMED = "Field %(field)s: %(why)s"
AGAIN_AT_ONCE = 200


def take_in(outside: Outside, flow: FlowFacts, tally: Tally) -> Counts:
    """One run of an incoming flow."""
    transform = Transform(flow.spec.transform, flow.variables)
    _again(outside, flow, transform, tally)
    gather(outside, flow, tally, transform)
    return tally.counts


def gather(
    outside: Outside, flow: FlowFacts, tally: Tally, transform: Transform | None = None
) -> None:
    """Every page of every division into items of this flow; with a transform or as they came."""
    source = asked_source(flow)
    for division in flow.divisions:
        for entity in flow.entities:
            try:
                pages = pages_of(outside, flow, source, division, entity)
                _Pass(outside, flow, tally, transform, pages, division, entity).walk()
            except Refused as refused:
                if len(flow.divisions) * len(flow.entities) == 1:
                    raise
                # A division without rights does not keep the others from being read.
                tally.failed(f"{entity} of division {division}", refused.said or str(refused))


def asked_source(flow: FlowFacts) -> SourceSpec:
    """The source with its parameters as they are sent: the request's own transform is done."""
    path, query = Transform(flow.spec.transform, flow.variables).request(flow.spec.source)
    return replace(flow.spec.source, path=path, query=query)


@dataclass(frozen=True, slots=True)
class _Pass:
    """Reading one entity of one division."""

    outside: Outside
    flow: FlowFacts
    tally: Tally
    transform: Transform | None
    pages: Pages
    division: int
    entity: str

    def walk(self) -> None:
        place = f"{self.entity} {self.flow.question}"
        spot = Spot(self.flow.id, self.division, place, self.tally.run_id)
        source = self.flow.spec.source
        everything = self.flow.is_full or not source.changed_since
        with self.outside.sessions() as session, database.reading(session):
            now = cursors.standing(session, spot, full=everything)
        while True:
            page = self.pages.page(now.since, now.address)
            arrivals = [arrival_of(row, key, self.transform) for key, row in page.rows]
            following = page.next if source.paging else ""
            now, counts = self._store(spot, now, page, arrivals, following)
            self._tell(counts)
            if not following:
                return

    def _tell(self, counts: Counter[str]) -> None:
        """Items that move on inside RetailVista are no success of an outgoing run: sending is."""
        if self.flow.spec.kind == OUTGOING and not self.pages.lane_key:
            self.tally.count(**{n: counts[n] for n in (FAILED, SKIPPED) if counts[n]})
        else:
            self.tally.page(lane_key=self.pages.lane_key, **counts)

    def _store(
        self,
        spot: Spot,
        now: Standing,
        page: SourcePage,
        arrivals: list[Arrival],
        following: str,
    ) -> tuple[Standing, Counter[str]]:
        place = Place(self.flow.id, self.division, self.entity, self.tally.run_id)
        with self.outside.sessions() as session, database.transaction(session):
            counts = keep(session, place, arrivals)
            if page.taken:
                take_over(session, page.taken, self.flow.number)
            whole = not page.next
            if following or whole or self.pages.moves_by_page:
                by_page = self.pages.moves_by_page
                now = cursors.moved(
                    session, spot, now, mark=page.mark, following=following, by_page=by_page
                )
        return now, counts


def arrival_of(row: Mapping[str, Any], key: str, transform: Transform | None) -> Arrival:
    """A record with what the flow makes of it."""
    if transform is None or not (transform.spec.changes_records or transform.spec.only_if):
        return Arrival(key, row)
    try:
        made = transform.record(row, key)
    except TransformFailed as failed:
        values = {"field": failed.field, "why": failed.why}
        return Arrival(key, row, state=FAILED, problem=NOT_TRANSFORMED, problem_values=values)
    return Arrival(key, row, made, state=SKIPPED if made is None else NEW)


def take_over(session: Session, numbers: Iterable[int], flow_number: int) -> None:
    """Items that another flow has taken from the inbox are finished there."""
    query = select(Item).where(Item.number.in_(list(numbers)), Item.state == NEW)
    now = database.now(session)
    for item in session.scalars(query):
        item.state, item.changed_at = FINISHED, now
        item.log = [*item.log, log_line(now, "taken by flow", flow=flow_number)]


def _again(outside: Outside, flow: FlowFacts, transform: Transform, tally: Tally) -> None:
    """Items that somebody tries again are transformed again, as the flow does it now."""
    with outside.sessions() as session:
        while True:
            with database.transaction(session):
                found = session.scalars(
                    select(Item)
                    .where(Item.flow_id == flow.id, Item.state == RETRY)
                    .order_by(Item.number)
                    .limit(AGAIN_AT_ONCE)
                ).all()
                now = database.now(session)
                for item in found:
                    made = arrival_of(item.received, item.record_key, transform)
                    item.state, item.problem = made.state, made.problem
                    item.problem_values = dict(made.problem_values)
                    item.transformed = None if made.transformed is None else dict(made.transformed)
                    item.changed_at = now
                    item.log = [*item.log, log_line(now, "transformed again")]
            if not found:
                return
            failed = sum(item.state == FAILED for item in found)
            tally.count(changed=len(found) - failed, failed=failed)
