"""What a flow is: source -> transform -> target, with its retry rule, as frozen values.

Values check their own shape (`problems`); what they point at is checked by flows/references.py
against the company's connectors. Texts may hold [variables]; a definition never holds a secret.
Connector number 0 is RetailVista itself: its own records as a source, the inbox as a target.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from retailvista.connectors.fields import FieldProblem
from retailvista.errors import Refused
from retailvista.flows.models import INCOMING, KINDS, OUTGOING, REPLICATION

OWN = 0
INBOX = "inbox"
INCREMENTAL, FULL = "incremental", "full"
MODES = (INCREMENTAL, FULL)
CREATE, UPDATE, DELETE = "create", "update", "delete"
# A procedure of the provider is run with what the record holds.
EXECUTE = "execute"
ACTIONS = (CREATE, UPDATE, DELETE, EXECUTE)
# What becomes of a row that is deleted at its source.
REMOVE, FLAG = "remove", "flag"
NAME_MAX = 80
KEEP_DAYS_MAX = 3650
RETRIES_MAX = 20
RETRY_MINUTES_MAX = 24 * 60
# A name of a schema or table that needs no quotes in any of the databases.
SQL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
# Filled in before it is used, and checked then by the warehouse itself.
HAS_VARIABLE = re.compile(r"\[[A-Za-z][A-Za-z0-9_.]*\]")
REQUEST_KEY = re.compile(r"(path|query)\..+")


class WrongFlow(Refused):
    """The flow cannot be kept like this. `problems` names each field."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__(" ".join(f"{found.field}: {found.message}" for found in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """Which records: connector and entities, for these divisions ('' = the connector's own).

    `path` fills {names} in the address, `query` goes behind the question mark. `paging` off reads
    the first page only; `changed_since` on asks only for what changed since the last run.
    """

    connector: int = OWN
    entities: tuple[str, ...] = ()
    divisions: tuple[int, ...] = ()
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    paging: bool = True
    changed_since: bool = True
    space_as_plus: bool = False

    @property
    def entity(self) -> str:
        """The entity of a flow that reads one."""
        return self.entities[0] if self.entities else ""

    def problems(self, kind: str) -> Iterator[FieldProblem]:
        if not self.entities:
            yield FieldProblem("source.entities", "Choose what to read.")
        elif kind != REPLICATION and len(self.entities) > 1:
            yield FieldProblem("source.entities", "Only a replication reads more than one entity.")
        if len(set(self.entities)) < len(self.entities):
            yield FieldProblem("source.entities", "An entity stands in the list twice.")
        if self.connector < 0:
            yield FieldProblem("source.connector", "Choose a connector.")
        if any(code <= 0 for code in self.divisions):
            yield FieldProblem("source.divisions", "A division is a positive number.")
        elif len(set(self.divisions)) < len(self.divisions):
            yield FieldProblem("source.divisions", "A division stands in the list twice.")
        if self.connector == OWN and self.divisions:
            yield FieldProblem("source.divisions", "Our own records have no division.")


@dataclass(frozen=True, slots=True)
class TransformSpec:
    """What is done with the request before it is sent, and with each record after it came.

    `request` replaces parameters: {"query.$filter": "Modified ge datetime'{{ last_run }}'"}.
    `fields` makes a new record: {"payload.Name": "Name | trim"}. `expression` makes a whole one
    at once; the fields then work on what it made. Records for which `only_if` is false are
    skipped. Each is an expression, or a text with {{ expressions }} in it.
    """

    request: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    expression: str = ""
    only_if: str = ""

    @property
    def changes_records(self) -> bool:
        """Whether a record leaves it in another way than it came."""
        return bool(self.fields or self.expression)

    def problems(self) -> Iterator[FieldProblem]:
        for name in self.request:
            if not REQUEST_KEY.fullmatch(name):
                text = "A parameter is named path.NAME or query.NAME, not %(name)s."
                yield FieldProblem("transform.request", text, {"name": name})
        for name in self.fields:
            if not all(name.split(".")):
                text = "The field name %(name)s has an empty part."
                yield FieldProblem("transform.fields", text, {"name": name or "''"})


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """Where the records go: the inbox, an entity of a connector, or tables of a warehouse.

    Of an entity: `action`, and parameters that every request gets unless its record has its own.
    Of a warehouse: `database` and `schema` ('' = as the connector says), names of tables where
    they are not the entity's own, what becomes of deleted rows, and Parquet files beside them.
    """

    connector: int = OWN
    entity: str = ""
    action: str = ""
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    space_as_plus: bool = False
    database: str = ""
    schema: str = ""
    tables: Mapping[str, str] = field(default_factory=dict)
    deleted_rows: str = REMOVE
    parquet: bool = True

    def problems(self, kind: str) -> Iterator[FieldProblem]:
        if kind == INCOMING and (self.connector, self.entity) != (OWN, INBOX):
            yield FieldProblem("target.entity", "An incoming flow fills the inbox.")
        if kind == OUTGOING:
            if self.connector <= OWN:
                yield FieldProblem("target.connector", "Choose the connector to write to.")
            if not self.entity:
                yield FieldProblem("target.entity", "Choose what to write.")
            if self.action not in ACTIONS:
                yield FieldProblem("target.action", "Choose create, update, delete or execute.")
        if kind == REPLICATION:
            if self.connector <= OWN:
                yield FieldProblem("target.connector", "Choose the warehouse to load.")
            yield from self._names()

    def _names(self) -> Iterator[FieldProblem]:
        text = "%(name)s is no name for it: letters, digits and _, at most 63, no digit first."
        for place, name in (("database", self.database), ("schema", self.schema)):
            if name and not SQL_NAME.fullmatch(HAS_VARIABLE.sub("x", name)):
                yield FieldProblem(f"target.{place}", text, {"name": name})
        for name in self.tables.values():
            if not SQL_NAME.fullmatch(HAS_VARIABLE.sub("x", name)) or name.startswith("_"):
                yield FieldProblem("target.tables", text, {"name": name})
        if len({name.lower() for name in self.tables.values()}) < len(self.tables):
            yield FieldProblem("target.tables", "Two entities have the same table.")
        if self.deleted_rows not in (REMOVE, FLAG):
            yield FieldProblem("target.deleted_rows", "Choose remove or flag for deleted rows.")


@dataclass(frozen=True, slots=True)
class RetrySpec:
    """How often a failed item is tried again by itself, and after how many minutes."""

    times: int = 3
    minutes: int = 5

    def problems(self) -> Iterator[FieldProblem]:
        if not 0 <= self.times <= RETRIES_MAX:
            yield FieldProblem("retry.times", "An item is tried again 0 to 20 times.")
        if not 1 <= self.minutes <= RETRY_MINUTES_MAX:
            yield FieldProblem("retry.minutes", "The next try is after 1 to 1440 minutes.")


@dataclass(frozen=True, slots=True)
class FlowSpec:
    """A flow as a person defines it; what is stored, exported and shown."""

    name: str
    kind: str
    source: SourceSpec = field(default_factory=SourceSpec)
    target: TargetSpec = field(default_factory=TargetSpec)
    transform: TransformSpec = field(default_factory=TransformSpec)
    retry: RetrySpec = field(default_factory=RetrySpec)
    description: str = ""
    disabled: bool = False
    keep_days: int = 90

    def problems(self) -> list[FieldProblem]:
        """Everything that is wrong with its shape, in the order of the screen."""
        found: list[FieldProblem] = []
        if not self.name.strip():
            found.append(FieldProblem("name", "Give the flow a name."))
        elif len(self.name) > NAME_MAX:
            found.append(FieldProblem("name", "The name is too long."))
        if self.kind not in KINDS:
            found.append(FieldProblem("kind", "Choose incoming, outgoing or replication."))
        found += self.source.problems(self.kind)
        found += self.transform.problems()
        found += self.target.problems(self.kind)
        found += self.retry.problems()
        if not 1 <= self.keep_days <= KEEP_DAYS_MAX:
            found.append(FieldProblem("keep_days", "Items are kept 1 to 3650 days."))
        return found


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """A flow as its run gets it: variables are filled in, connectors are rows that exist.

    `divisions` is what this run covers, never empty for a connector with divisions; `entities`
    are those of the flow, or the part of them that was asked for. `last_run` is when the last
    run that did all of it was asked for. `question` tells apart what is asked: a mark of one
    says nothing of another, whose rows may be old and unread.
    """

    id: int
    number: int
    identifier: str
    spec: FlowSpec
    mode: str
    entities: tuple[str, ...]
    divisions: tuple[int, ...]
    source_connector_id: int | None
    target_connector_id: int | None
    last_run: datetime | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    question: str = ""

    def __post_init__(self) -> None:
        assert self.mode in MODES, f"a run is full or incremental, not {self.mode!r}"

    @property
    def is_full(self) -> bool:
        """Everything is read again."""
        return self.mode == FULL
