"""What a table of a warehouse looks like: the columns of an entity and our control columns.

Invariant: the layout is the same in every kind of warehouse; names are the provider's own, and
amounts are decimals. Times without a zone are the provider's wall clock; those in control columns
are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retailvista.connectors.records import Entity, Kind

DUCKDB, POSTGRESQL, SNOWFLAKE = "duckdb", "postgresql", "snowflake"
PRECISION = 28
COMPANY, DIVISION, RUN, LOADED_AT = "_company", "_division", "_run", "_loaded_at"
# When its row was deleted at the provider, in a warehouse that flags instead of removing.
DELETED_AT = "_deleted_at"
# The provider's Modified in UTC: its wall clock has an hour twice in October.
MODIFIED_AT = "_modified_at"
# The order in which rows were staged; of two versions of a row the later one counts.
SEQUENCE = "_sequence"
STAGING = "_loading_"
ROWVERSION, MODIFIED = "Timestamp", "Modified"
NAME_MAX = 63

SQL_TYPES: Mapping[str, Mapping[Kind, str]] = {
    DUCKDB: {
        Kind.TEXT: "VARCHAR", Kind.GUID: "VARCHAR", Kind.WHOLE: "BIGINT", Kind.DECIMAL: "DECIMAL",
        Kind.MOMENT: "TIMESTAMP", Kind.BOOLEAN: "BOOLEAN", Kind.BINARY: "VARCHAR",
    },
    POSTGRESQL: {
        Kind.TEXT: "text", Kind.GUID: "text", Kind.WHOLE: "bigint", Kind.DECIMAL: "numeric",
        Kind.MOMENT: "timestamp", Kind.BOOLEAN: "boolean", Kind.BINARY: "text",
    },
    SNOWFLAKE: {
        Kind.TEXT: "VARCHAR", Kind.GUID: "VARCHAR", Kind.WHOLE: "NUMBER(38,0)",
        Kind.DECIMAL: "NUMBER", Kind.MOMENT: "TIMESTAMP_NTZ", Kind.BOOLEAN: "BOOLEAN",
        Kind.BINARY: "VARCHAR",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `source` says that it comes from the record, not from us."""

    name: str
    kind: Kind
    scale: int = 0
    source: bool = True

    def sql_type(self, dialect: str) -> str:
        """Its type in a kind of warehouse."""
        found = SQL_TYPES[dialect][self.kind]
        return f"{found}({PRECISION},{self.scale})" if self.kind is Kind.DECIMAL else found


CONTROL = (
    Column(COMPANY, Kind.WHOLE, source=False),
    Column(DIVISION, Kind.WHOLE, source=False),
    Column(RUN, Kind.WHOLE, source=False),
    Column(LOADED_AT, Kind.MOMENT, source=False),
    Column(DELETED_AT, Kind.MOMENT, source=False),
)
ORDER = Column(SEQUENCE, Kind.WHOLE, source=False)


@dataclass(frozen=True, slots=True)
class TableShape:
    """A table: its name, columns and key. `newer` is the column that tells which row is newer.

    `group_key` is the header that a deletion may name instead of the row ('' = it does not).
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    newer: str = ""
    group_key: str = ""

    def __post_init__(self) -> None:
        names = {column.name for column in self.columns}
        assert set(self.key) <= names, f"{self.name}: a key that is no column"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def full_key(self) -> tuple[str, ...]:
        """What tells a row apart from those of other companies and divisions."""
        return (COMPANY, DIVISION, *self.key)

    @property
    def staging(self) -> TableShape:
        """The table that a reload fills before its rows are shown."""
        return TableShape(
            name=(STAGING + self.name)[:NAME_MAX],
            columns=(*self.columns, ORDER),
            key=self.key,
            newer=self.newer,
        )


def shape_of(entity: Entity, name: str = "", select: Iterable[str] = ()) -> TableShape:
    """The table of an entity, under its own name or another, with all columns or some."""
    wanted = set(select)
    kept = {*entity.row_key, entity.group_key, ROWVERSION, MODIFIED}
    columns = tuple(
        Column(found.name, found.kind, found.scale)
        for found in entity.columns
        if not wanted or found.name in wanted | kept
    )
    names = {column.name for column in columns}
    control = list(CONTROL)
    if MODIFIED in names:
        control.append(Column(MODIFIED_AT, Kind.MOMENT, source=False))
    newer = next((mark for mark in (ROWVERSION, MODIFIED) if mark in names), "")
    return TableShape(
        name=name or entity.table,
        columns=(*columns, *control),
        key=entity.row_key,
        newer=newer,
        group_key=entity.group_key,
    )


def quoted(*parts: str) -> str:
    """A name in SQL. Upper and lower case are kept.

    >>> quoted("exact", 'a"b')
    '"exact"."a""b"'
    """
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)
