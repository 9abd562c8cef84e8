"""What an own table of a feed is made of: columns, types, and the cut to one company."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, select

from retailvista.feed.edm import Edm
from retailvista.feed.model import EntitySet, Navigation, Property


@dataclass(frozen=True, slots=True)
class OwnColumn:
    """A property and the expression that fills it."""

    property: Property
    element: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class OwnTable:
    """Records of one kind. `position` is their order and where the next page starts."""

    entity: EntitySet
    columns: tuple[OwnColumn, ...]
    joined: FromClause
    company: ColumnElement[int]
    position: ColumnElement[int]

    def rows_of(self, company_id: int) -> Select[Any]:
        """All records of a company, under the names of the feed."""
        columns = [column.element.label(column.property.name) for column in self.columns]
        return (
            select(*columns, self.position.label("_Position"))
            .select_from(self.joined)
            .where(self.company == company_id)
        )


def own_table(
    name: str,
    joined: FromClause,
    main: Any,
    columns: tuple[OwnColumn, ...],
    navigations: tuple[Navigation, ...] = (),
) -> OwnTable:
    """The first column is the key."""
    properties = tuple(column.property for column in columns)
    entity = EntitySet(name, properties[0].name, properties, navigations)
    return OwnTable(entity, columns, joined, main.c.company_id, main.c.id)


def text(name: str, element: ColumnElement[Any], length: int | None = None) -> OwnColumn:
    found = getattr(element.type, "length", None) if length is None else length
    return OwnColumn(Property(name, Edm.STRING, max_length=found), element)


def whole(name: str, element: ColumnElement[Any], kind: Edm = Edm.INT32) -> OwnColumn:
    return OwnColumn(Property(name, kind), element)


def key(name: str, element: ColumnElement[Any], kind: Edm = Edm.INT32) -> OwnColumn:
    return OwnColumn(Property(name, kind, nullable=False), element)


def money(name: str, element: ColumnElement[Any]) -> OwnColumn:
    return OwnColumn(Property(name, Edm.DECIMAL, scale=2), element)


def day(name: str, element: ColumnElement[Any]) -> OwnColumn:
    return OwnColumn(Property(name, Edm.DATE), element)


def moment(name: str, element: ColumnElement[Any]) -> OwnColumn:
    return OwnColumn(Property(name, Edm.INSTANT), element)


def yes_no(name: str, element: ColumnElement[Any]) -> OwnColumn:
    return OwnColumn(Property(name, Edm.BOOLEAN), element)


def same_company(left: Any, right: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(left.c.company_id == right.c.company_id, *conditions)
