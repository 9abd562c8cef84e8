"""The SQL that tells what a swap changes: the rows that were staged beside those that are here.

Invariant: a row counts as changed only when a value of its record differs; which run brought it,
when, and its rowversion are no values. Read before the swap, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

from retailvista.connectors.database.shapes import (
    COMPANY,
    DELETED_AT,
    DIVISION,
    ROWVERSION,
    TableShape,
    quoted,
)

MINE = f"{quoted(COMPANY)} = ? AND {quoted(DIVISION)} = ?"


def same(key: Sequence[str]) -> str:
    """A row `t` and a row `b` are the same row."""
    return " AND ".join(f"t.{quoted(name)} = b.{quoted(name)}" for name in key)


def values(shape: TableShape) -> tuple[str, ...]:
    """What is compared. A rowversion grows although nothing differs, and a bulk list has none."""
    names = [column.name for column in shape.columns if column.source]
    return tuple(name for name in names if name not in (*shape.key, ROWVERSION)) or shape.key


def differs(names: Sequence[str]) -> str:
    """Any value of `b` is another than that of `t`; nothing equals nothing."""
    return " OR ".join(f"b.{quoted(name)} IS DISTINCT FROM t.{quoted(name)}" for name in names)


def by_key(table: str, staging: str, shape: TableShape) -> str:
    """Query: rows that are in both, those of them that change, those that nobody had flagged."""
    sums = _sums(differs(values(shape)))
    of_mine = f"WHERE t.{quoted(COMPANY)} = ? AND t.{quoted(DIVISION)} = ?"
    return (
        f"SELECT {sums} FROM {table} AS t JOIN {staging} AS b ON {same(shape.full_key)} {of_mine}"
    )


def by_fingerprint(table: str, staging: str, shape: TableShape, part: int, parts: int) -> str:
    """The same of one part of the rows, in the words of DuckDB: 64 bits stand for a row's values.

    A row is wide: side by side they would need more memory than a load may use. They are made
    before the join, since DuckDB would carry all columns through it.
    """
    keys = ", ".join(quoted(name) for name in shape.key)
    taken = f"{keys}, {quoted(DELETED_AT)}, {fingerprint(shape)} AS mark"

    def side(place: str) -> str:
        return (
            f"MATERIALIZED (SELECT {taken} FROM {place} "
            f"WHERE {MINE} AND hash({keys}) % {parts} = {part})"
        )

    return (
        f"WITH t AS {side(table)}, b AS {side(staging)} "
        f"SELECT {_sums('b.mark <> t.mark')} FROM t JOIN b ON {same(shape.key)}"
    )


def fingerprint(shape: TableShape) -> str:
    """A row's values in 64 bits, in the words of DuckDB."""
    return f"hash({', '.join(quoted(name) for name in values(shape))})"


def _sums(changes: str) -> str:
    """A row that was flagged as deleted and is there again has changed, whatever it says."""
    flagged = f"t.{quoted(DELETED_AT)} IS NOT NULL"
    return (
        f"count(*), coalesce(sum(CASE WHEN {changes} OR {flagged} THEN 1 ELSE 0 END), 0), "
        f"coalesce(sum(CASE WHEN {flagged} THEN 0 ELSE 1 END), 0)"
    )


def by_value(table: str, staging: str, shape: TableShape, value: str = "") -> str:
    """Query: rows that only come and rows that only go, where no key tells two rows apart.

    Equal rows are counted, since Snowflake has no EXCEPT ALL; `value` may stand for a whole row.
    """
    names = "value" if value else ", ".join(quoted(name) for name in values(shape))
    taken = f"{value} AS value" if value else names
    sides = " UNION ALL ".join(
        f"SELECT {taken}, {staged} AS staged, {here} AS here FROM {place} WHERE {MINE}"
        for place, staged, here in ((staging, 1, 0), (table, 0, 1))
    )
    return (
        "SELECT coalesce(sum(CASE WHEN staged > here THEN staged - here ELSE 0 END), 0), "
        "coalesce(sum(CASE WHEN here > staged THEN here - staged ELSE 0 END), 0) FROM "
        f"(SELECT sum(staged) AS staged, sum(here) AS here FROM ({sides}) AS a "
        f"GROUP BY {names}) AS g"
    )
