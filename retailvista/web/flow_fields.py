"""The guided form of a flow, to and fro: what a browser sends becomes a FlowSpec.

The form has no state of its own: each answer of the page carries all of it, so that choosing
another connector, adding an entity or a row is the same form once more, and nothing is stored
before somebody presses Save.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from retailvista.flows.definition import (
    INBOX,
    OWN,
    REMOVE,
    FlowSpec,
    RetrySpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
)
from retailvista.flows.models import INCOMING, KINDS, OUTGOING, REPLICATION
from retailvista.web.numbers import whole

Form = MultiDict[str, str]
# Maps that are shown as rows of a name and a value: name in the form, part and field of the flow.
MAPS = ("source_path", "source_query", "request", "fields", "target_path", "target_query")


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as it was sent: the flow in it, and rows that somebody asked for."""

    spec: FlowSpec
    more_rows: frozenset[str] = frozenset()

    def rows(self, name: str) -> list[tuple[str, str]]:
        """The rows of a map, with an empty one to fill in where there is none yet."""
        found = list(map_of(self.spec, name).items())
        if name in self.more_rows or not found:
            found.append(("", ""))
        return found


def sample_of(form: Form, entity: str) -> dict[str, str]:
    """The record that the preview tries: it stays with the form when that is shown again."""
    if form.get("sample_entity") != entity:
        return {}
    return {name: form.get(name, "") for name in ("sample", "sample_key", "sample_entity")}


def map_of(spec: FlowSpec, name: str) -> Mapping[str, str]:
    """One of MAPS of a flow."""
    return {
        "source_path": spec.source.path,
        "source_query": spec.source.query,
        "request": spec.transform.request,
        "fields": spec.transform.fields,
        "target_path": spec.target.path,
        "target_query": spec.target.query,
    }[name]


def empty(kind: str, target_connector: int = OWN) -> FlowSpec:
    """A flow to begin with."""
    is_incoming = kind == INCOMING
    target = TargetSpec(entity=INBOX) if is_incoming else TargetSpec(connector=target_connector)
    return FlowSpec(name="", kind=kind if kind in KINDS else REPLICATION, target=target)


def read(form: Form) -> Filled:
    """What the browser sent, with what its buttons ask for: add, remove, more rows."""
    kind = form.get("kind", REPLICATION)
    spec = FlowSpec(
        name=form.get("name", "").strip(),
        kind=kind,
        description=form.get("description", "").strip(),
        disabled=form.get("disabled") == "yes",
        keep_days=number_of(form, "keep_days", 90),
        source=_source(form, kind),
        target=_target(form, kind),
        transform=_transform(form, kind),
        retry=RetrySpec(number_of(form, "retry_times", 3), number_of(form, "retry_minutes", 5)),
    )
    return Filled(spec, frozenset(form.getlist("more_rows")) & set(MAPS))


def number_of(form: Form, name: str, otherwise: int = 0) -> int:
    """A number of the form; -1, which every check refuses, for what is none."""
    text = form.get(name, "").strip()
    if not text:
        return otherwise
    try:
        return whole(text)
    except ValueError:
        return -1


def with_entities(spec: FlowSpec, keys: Sequence[str]) -> FlowSpec:
    """The flow with more to read: one replaces the other except in a replication."""
    kept = spec.source.entities if spec.kind == REPLICATION else ()
    entities = tuple(dict.fromkeys((*kept, *keys)))
    return replace(spec, source=replace(spec.source, entities=entities))


def _source(form: Form, kind: str) -> SourceSpec:
    gone = set(form.getlist("drop"))
    entities = tuple(key for key in form.getlist("entity") if key and key not in gone)
    entities = entities if kind == REPLICATION else entities[:1]
    # The switches are on until they have been shown.
    asked_how = kind == INCOMING and form.get("asked_how") == "yes"
    divisions = (_whole_or_nothing(text) for text in form.getlist("division"))
    return SourceSpec(
        connector=number_of(form, "source_connector", OWN),
        entities=entities,
        divisions=tuple(code for code in divisions if code is not None),
        path=_map(form, "source_path"),
        query=_map(form, "source_query"),
        select=tuple(dict.fromkeys(name for name in form.getlist("select") if name)),
        paging=not asked_how or form.get("paging") == "yes",
        changed_since=not asked_how or form.get("changed_since") == "yes",
        space_as_plus=form.get("source_plus") == "yes",
    )


def _whole_or_nothing(text: str) -> int | None:
    try:
        return whole(text)
    except ValueError:
        return None


def _target(form: Form, kind: str) -> TargetSpec:
    if kind == INCOMING:
        return TargetSpec(entity=INBOX)
    connector = number_of(form, "target_connector", OWN)
    if kind == OUTGOING:
        return TargetSpec(
            connector=connector,
            entity=form.get("target_entity", ""),
            action=form.get("action", ""),
            path=_map(form, "target_path"),
            query=_map(form, "target_query"),
            space_as_plus=form.get("target_plus") == "yes",
        )
    return TargetSpec(
        connector=connector,
        database=form.get("database", "").strip(),
        schema=form.get("schema", "").strip(),
        tables=_tables(form),
        deleted_rows=form.get("deleted_rows", REMOVE),
        parquet=form.get("parquet") == "yes",
    )


def _transform(form: Form, kind: str) -> TransformSpec:
    if kind == REPLICATION:
        return TransformSpec()
    return TransformSpec(
        request=_map(form, "request"),
        fields=_map(form, "fields"),
        expression=form.get("expression", "").strip(),
        only_if=form.get("only_if", "").strip(),
    )


def _tables(form: Form) -> dict[str, str]:
    """Names of tables that are not the entity's own, of entities that are still chosen."""
    named, chosen = _map(form, "tables"), set(form.getlist("entity")) - set(form.getlist("drop"))
    return {key: name for key, name in named.items() if name and key in chosen}


def _map(form: Form, name: str) -> dict[str, str]:
    """Rows of names and values; a row without a name that has a value keeps it, to be refused."""
    names, values = form.getlist(f"{name}_name"), form.getlist(f"{name}_value")
    rows = zip(names, values, strict=False)
    return {key.strip(): value.strip() for key, value in rows if key.strip() or value.strip()}
