"""One record of an endpoint, fetched now: the Test of an endpoint, and the record of a preview.

It tells apart a login that does not work from one that lacks the rights for this endpoint. It is
one call in at most 20 seconds, so a page may wait for it, and it leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import select

from retailvista import db as database
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.field_variables import filled_mapping
from retailvista.connectors.lanes import LaneClosed
from retailvista.connectors.outside import Outside
from retailvista.connectors.records import Asked, Entity, Row, Way
from retailvista.connectors.registry import records_for
from retailvista.connectors.visits import open_visit
from retailvista.errors import Later, LoginNeeded, Refused, Unknown
from retailvista.flows import offered_rows, own_data
from retailvista.flows.arriving import key_of
from retailvista.flows.definition import OWN, SourceSpec, TransformSpec, WrongFlow
from retailvista.flows.models import Flow, Item
from retailvista.flows.own_data import Wanted
from retailvista.flows.pages import way_for
from retailvista.flows.transforms import Transform, expression_problems
from retailvista.flows.variables import known_variables

FORBIDDEN, TOO_MANY = 403, 429
FOUND, EMPTY = "found", "empty"
LOGIN, RIGHTS, REFUSED, BUSY, DOWN = "login", "rights", "refused", "busy", "provider_down"
TEXTS = {
    FOUND: "%(entity)s can be read.",
    EMPTY: "%(entity)s answers without a record: there are none, or this login may not see them.",
    LOGIN: "The login does not work: log in again at connector %(connector)s.",
    RIGHTS: "The login works, but has no access to %(entity)s: its rights or the scopes of the app"
    " leave it out.",
    REFUSED: "%(entity)s was refused: %(said)s",
    BUSY: "The limit of calls is reached. It will be possible again at %(at)s.",
    DOWN: "The provider cannot be reached or is out of order. Nothing is wrong with the login.",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the one call found. `said` is the provider's own words."""

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)
    said: str = ""
    row: Row | None = None
    key: str = ""

    @property
    def ok(self) -> bool:
        return self.kind in (FOUND, EMPTY)

    @property
    def msgid(self) -> str:
        return TEXTS[self.kind]

    @property
    def message(self) -> str:
        """In English; screens translate the msgid."""
        return self.msgid % self.values


def sample(outside: Outside, source: SourceSpec, transform: TransformSpec | None = None) -> Sample:
    """The first record of a source as a flow would ask for it, for the company in scope.

    Refused names what is wrong with the question itself: a variable, a missing parameter.
    """
    source = _filled(outside, source, transform)
    if source.connector == OWN:
        return _own(outside, source)
    with outside.sessions() as session, database.reading(session):
        connector = connector_by_number(session, source.connector)
        connector_id, records = connector.id, records_for(connector)
    if records is None:
        raise Refused(f"Connector {source.connector} has no records that a flow can read.")
    entity = records.entity(source.entity)
    values = {"entity": source.entity, "connector": str(source.connector)}
    try:
        return _asked(outside, connector_id, entity, source, values)
    except LoginNeeded as error:
        return Sample(LOGIN, values, error.said or str(error))
    except Later as error:
        # Our own count of the calls, or the provider's.
        full = isinstance(error, LaneClosed) or error.http_status == TOO_MANY
        at = {"at": f"{error.not_before:%H:%M} UTC"}
        return Sample(BUSY if full else DOWN, values | at, error.said or str(error))
    except Unknown as error:
        return Sample(DOWN, values, error.said or str(error))
    except Refused as error:
        said = error.said or str(error)
        kind = RIGHTS if error.http_status == FORBIDDEN else REFUSED
        return Sample(kind, {**values, "said": said}, said)


def latest_record(outside: Outside, connector_number: int, entity: str) -> Row | None:
    """The newest record of an entity that is in the inbox, to preview without a call."""
    with outside.sessions() as session, database.reading(session):
        query = select(Item).join(Flow, Flow.id == Item.flow_id)
        query = query.where(Item.entity == entity, Item.removed_at.is_(None))
        if connector_number != OWN:
            connector = connector_by_number(session, connector_number)
            query = query.where(Flow.source_connector_id == connector.id)
        found = session.scalar(query.order_by(Item.id.desc()).limit(1))
        return dict(found.received) if found is not None and found.received else None


def _asked(
    outside: Outside,
    connector_id: int,
    entity: Entity,
    source: SourceSpec,
    values: Mapping[str, str],
) -> Sample:
    division = source.divisions[0] if source.divisions else None
    way = way_for(entity, replace(source, changed_since=False))
    query = dict(source.query)
    if way is Way.FULL:
        query.setdefault("$top", "1")
    asked = Asked(
        entity.key, way, dict(source.path), query, source.select, space_as_plus=source.space_as_plus
    )
    with open_visit(outside, connector_id, checking=True, division=division) as visit:
        records = visit.provider.records
        assert records is not None, "an entity belongs to a provider with records"
        session = visit.records_session()
        page = records.page(visit.wire, session, asked, records.first(session, asked))
    if not page.rows:
        return Sample(EMPTY, values)
    return Sample(FOUND, values, row=page.rows[0], key=key_of(page.rows[0], entity.row_key))


def _own(outside: Outside, source: SourceSpec) -> Sample:
    values = {"entity": source.entity}
    if source.entity.startswith(offered_rows.PREFIX):
        found = offered_rows.page(outside, source.entity, Wanted())
    else:
        with outside.sessions() as session, database.reading(session):
            found = own_data.page(session, source.entity, Wanted(path=dict(source.path)))
    if not found.rows:
        return Sample(EMPTY, values)
    key, row = found.rows[0]
    return Sample(FOUND, values, row=row, key=key)


def _filled(outside: Outside, source: SourceSpec, transform: TransformSpec | None) -> SourceSpec:
    """With its variables and the parameters that the transform makes."""
    with outside.sessions() as session, database.reading(session):
        connector = connector_by_number(session, source.connector) if source.connector else None
        known = known_variables(session, outside.variables, source=connector)
    source = replace(
        source,
        path=filled_mapping(source.path, known, "source.path"),
        query=filled_mapping(source.query, known, "source.query"),
    )
    if transform is None or not transform.request:
        return source
    wanted = TransformSpec(request=transform.request)
    if problems := list(expression_problems(wanted)):
        raise WrongFlow(problems)
    path, query = Transform(wanted, known).request(source)
    return replace(source, path=path, query=query)
