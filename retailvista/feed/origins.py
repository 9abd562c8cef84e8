"""Where the rows of a dataset come from: our own tables, a connector, or its copy.

Invariant: an origin belongs to the company in scope; another company's connector is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors.choosing import connectors_of
from retailvista.connectors.models import Connector
from retailvista.connectors.records import Entity, Records
from retailvista.connectors.registry import PROVIDERS, provider_named
from retailvista.errors import NotFound, Refused
from retailvista.feed.copies import Copy, copies_of
from retailvista.feed.language.checking import Scope, check_filter
from retailvista.feed.language.terms import Apply, Field, Term
from retailvista.feed.live_tables import LiveTable, alias_of, is_table, live_table
from retailvista.feed.model import EntitySet, Model
from retailvista.feed.models import LIVE, OWN, Dataset
from retailvista.feed.own_tables import OWN_TABLES
from retailvista.feed.upstream import Place
from retailvista.feed.views import View, make_view

NO_VARIABLES: Mapping[str, str] = MappingProxyType({})
# Providers that write moments and amounts otherwise than a feed reads them: not in feeds yet.
UNREAD = frozenset(("sage-accounting", "odata"))


@dataclass(frozen=True, slots=True)
class Behind:
    """A connector that tables of a feed can come from, and what of it is copied."""

    place: Place
    records: Records
    copies: Mapping[str, Copy] = field(default_factory=dict)

    def table(self, entity: str, *, warehouse: bool = False) -> LiveTable:
        """The table; of a copy with the columns it has, or would have."""
        if not warehouse:
            return live_table(self.place.provider, entity)
        copy = self.copies.get(entity)
        known = self.records.entity(entity).columns
        columns = copy.columns if copy else tuple(each.name for each in known)
        return live_table(self.place.provider, entity, columns)

    def copy(self, entity: str) -> Copy:
        """The copy of an entity. Refused says that a flow has to make one."""
        found = self.copies.get(entity)
        if found is None:
            raise Refused(
                f"No flow copies {entity} of connector {self.place.number} into a warehouse. Make"
                " one at Extra > Flows first."
            )
        return found


def readable_connectors(session: Session) -> list[Connector]:
    """The connectors that have tables, by number. The caller's transaction."""
    return [row for row in connectors_of(session) if _has_records(row)]


def behind(session: Session, row: Connector, operators: Mapping[str, str]) -> Behind:
    """What is behind a connector. Refused when it has no records. The caller's transaction."""
    provider = provider_named(row.provider)
    if provider.records is None:
        raise Refused(f"{provider.name} has no records that a feed can show.")
    place = Place(row.company_id, row.id, row.provider, row.number, row.name)
    copies = copies_of(session, row.id, provider.records, operators)
    return Behind(place, provider.records, copies)


def behind_all(
    session: Session, datasets: Iterable[Dataset], operators: Mapping[str, str]
) -> dict[int, Behind]:
    """The connectors of these datasets, removed ones too: their tables answer with an error."""
    ids = {each.connector_id for each in datasets if each.kind == LIVE}
    rows = session.scalars(select(Connector).where(Connector.id.in_(ids))) if ids else ()
    return {row.id: behind(session, row, operators) for row in rows}


def source_of(session: Session, number: int, operators: Mapping[str, str]) -> Behind:
    """The connector with this number, for choosing tables. NotFound otherwise."""
    found = next((row for row in readable_connectors(session) if row.number == number), None)
    if found is None:
        raise NotFound(f"There is no connector {number} with tables.")
    return behind(session, found, operators)


def tables_of(found: Behind) -> list[Entity]:
    """What can be put into a feed."""
    return [each for each in found.records.entities() if is_table(each)]


def origin_of(dataset: Dataset, connectors: Mapping[int, Behind]) -> EntitySet:
    """The table that a dataset is a view on."""
    if dataset.kind == OWN:
        return OWN_TABLES[dataset.entity].entity
    assert dataset.connector_id is not None, "a dataset of this kind has its connector"
    there = connectors[dataset.connector_id]
    return there.table(dataset.entity, warehouse=dataset.warehouse).table


def view_of(dataset: Dataset, connectors: Mapping[int, Behind]) -> View:
    """A dataset as a view on its origin."""
    origin = origin_of(dataset, connectors)
    pairs = [(own, name) for own, name in dataset.columns]
    if dataset.kind == LIVE:
        # What a provider or a flow does not have any more is missing, and breaks no other table.
        pairs = [(own, name) for own, name in pairs if origin.column(own) is not None]
    return make_view(dataset.alias, origin, pairs, dataset.filter)


def suggested_alias(found: Behind, entity: str) -> str:
    return alias_of(found.records.entity(entity))


def fixed_term(view: View, now: datetime) -> tuple[Term | None, dict[str, str]]:
    """The fixed condition over the view's own names, and all names that rows need for it.

    A column that the condition looks at and the view leaves out gets a name that nobody sees.
    """
    names = dict(view.names)
    if not view.filter:
        return None, names
    base = EntitySet(view.origin.name, view.origin.key, view.origin.properties)
    term = check_filter(view.filter, Scope.of(Model((base,)), base, now, {}))
    inner = {own: published for published, own in names.items()}
    for own in (p.name for p in base.properties):
        if own not in inner:
            inner[own] = own if own not in names else f"_hidden_{own}"[:80]
    renamed = _renamed(term, inner)
    for own in _columns(term):
        names[inner[own]] = own
    return renamed, names


def _renamed(term: Term, names: Mapping[str, str]) -> Term:
    if isinstance(term, Field):
        return replace(term, column=replace(term.column, name=names[term.column.name]))
    if isinstance(term, Apply):
        return replace(term, args=tuple(_renamed(arg, names) for arg in term.args))
    return term


def _columns(term: Term) -> set[str]:
    if isinstance(term, Field):
        return {term.column.name}
    if isinstance(term, Apply):
        return {name for arg in term.args for name in _columns(arg)}
    return set()


def _has_records(row: Connector) -> bool:
    provider = PROVIDERS.get(row.provider)
    return provider is not None and provider.records is not None and row.provider not in UNREAD
