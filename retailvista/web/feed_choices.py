"""Where tables of a feed can come from, in words for the screens: ourselves, connectors, copies.

Invariant: what is listed belongs to the company of the request; a choice is named by the number
of its connector, never by a place that a browser sends.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from retailvista.connectors.grants import login_state
from retailvista.connectors.registry import provider_named
from retailvista.errors import NotFound
from retailvista.feed import feeds
from retailvista.feed.model import EntitySet
from retailvista.feed.models import OWN, Dataset
from retailvista.feed.origins import (
    Behind,
    behind_all,
    origin_of,
    readable_connectors,
    source_of,
    tables_of,
)

SOURCE = re.compile(r"(live|copy)-([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Choice:
    """A source in the first step. `code` stands in the form; `number` 0 is RetailVista."""

    code: str
    number: int
    name: str
    text: str
    provider: str = ""
    warehouse: bool = False
    logged_in: bool = True
    copies: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A table in the second step."""

    key: str
    name: str
    columns: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Of one table: where it comes from, and what can be done with its entity."""

    source: str
    connector: int = 0
    entity: str = ""
    actions: tuple[str, ...] = ()
    copy_flow: int = 0


def choices(session: Session, operators: Mapping[str, str]) -> list[Choice]:
    """Every source, RetailVista first. The caller's transaction."""
    found = [_own()]
    for row in readable_connectors(session):
        there = source_of(session, row.number, operators)
        logged_in = login_state(session, row).kind == "connected"
        found += [_live(there, logged_in), _copy(there)]
    return found


def choice_of(
    session: Session, code: str, operators: Mapping[str, str]
) -> tuple[Choice, list[Row]]:
    """A source with its tables. NotFound when it is none of this company."""
    if code == OWN:
        return _own(), [
            Row(each.name, each.name, tuple(p.name for p in each.properties))
            for each in feeds.origins()
        ]
    named = SOURCE.fullmatch(code)
    if named is None:
        raise NotFound
    there = source_of(session, int(named[2]), operators)
    if named[1] == "live":
        return _live(there, logged_in=True), [_row(there, each.key) for each in tables_of(there)]
    keys = {each.key for each in tables_of(there)}
    return _copy(there), [_row(there, key) for key in sorted(there.copies) if key in keys]


def origin_and_words(
    session: Session, table: Dataset, operators: Mapping[str, str]
) -> tuple[EntitySet, Words]:
    """The table behind a dataset, and words for its page. The caller's transaction."""
    connectors = behind_all(session, [table], operators)
    origin = origin_of(table, connectors)
    return origin, words_of(table, connectors)


def words_of(table: Dataset, connectors: Mapping[int, Behind]) -> Words:
    """Where a table comes from, for people."""
    if table.kind == OWN or table.connector_id is None:
        return Words(_("RetailVista"))
    there = connectors[table.connector_id]
    entity = there.records.entity(table.entity)
    copy = there.copies.get(table.entity)
    return Words(
        source=f"{there.place.number} · {there.place.name}",
        connector=there.place.number,
        entity=table.entity,
        actions=tuple(each for each in ("create", "update", "delete") if each in entity.actions),
        copy_flow=copy.flow if copy else 0,
    )


def _own() -> Choice:
    text = _("Journals and their lines, receipts, exports, store days, control, runs, ledger links")
    return Choice(OWN, 0, _("RetailVista"), text)


def _live(there: Behind, logged_in: bool) -> Choice:
    text = _("Live: each answer comes from there at that moment and takes calls of the day.")
    provider = provider_named(there.place.provider).name
    return Choice(f"live-{there.place.number}", there.place.number, there.place.name, text,
                  provider, logged_in=logged_in)  # fmt: skip


def _copy(there: Behind) -> Choice:
    text = _("From the warehouse: as fresh as the last run of the flow, and takes no calls.")
    provider = provider_named(there.place.provider).name
    return Choice(f"copy-{there.place.number}", there.place.number, there.place.name, text,
                  provider, warehouse=True, copies=len(there.copies))  # fmt: skip


def _row(there: Behind, key: str) -> Row:
    entity = there.records.entity(key)
    columns = there.table(key).table.properties
    copy = there.copies.get(key)
    note = _("copied by flow %(number)s", number=copy.flow) if copy else ""
    return Row(key, entity.name, tuple(p.name for p in columns), note)
