"""Definitions as JSON: what the flow's row keeps, and what is exported and imported.

Reading refuses what it does not know and names the place, so that a slip of the pen in a file
never becomes a flow that silently does something else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from retailvista.connectors.fields import FieldProblem
from retailvista.flows.definition import (
    FlowSpec,
    RetrySpec,
    SourceSpec,
    TargetSpec,
    TransformSpec,
    WrongFlow,
)

Part = SourceSpec | TransformSpec | TargetSpec | RetrySpec
PARTS: dict[str, type[Part]] = {
    "source": SourceSpec,
    "transform": TransformSpec,
    "target": TargetSpec,
    "retry": RetrySpec,
}


def document_of(spec: FlowSpec) -> dict[str, Any]:
    """The whole definition, in plain JSON."""
    whole: dict[str, Any] = {
        found.name: getattr(spec, found.name)
        for found in dataclasses.fields(spec)
        if found.name not in PARTS
    }
    return whole | {name: part_document(getattr(spec, name)) for name in PARTS}


def part_document(part: Part) -> dict[str, Any]:
    """One part, in plain JSON."""
    return {
        found.name: _plain(getattr(part, found.name)) for found in dataclasses.fields(type(part))
    }


def spec_of(document: Any) -> FlowSpec:
    """The definition in a document. WrongFlow names what is unknown or of another type."""
    if not isinstance(document, Mapping):
        raise _wrong("flow", "A flow is a JSON object.")
    values = _read("", FlowSpec, {k: v for k, v in document.items() if k not in PARTS})
    for required in ("name", "kind"):
        if required not in values:
            raise _wrong(required, "This is missing.")
    parts = {name: part_of(name, document.get(name, {})) for name in PARTS}
    return FlowSpec(**values, **parts)


def part_of(name: str, document: Any) -> Any:
    """One part of a definition."""
    if not isinstance(document, Mapping):
        raise _wrong(name, "A part of a flow is a JSON object.")
    made = PARTS[name]
    return made(**_read(f"{name}.", made, document))


def _read(place: str, made: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    types = {found.name: str(found.type) for found in dataclasses.fields(made)}
    values = {}
    for name, value in document.items():
        if name not in types or name in PARTS:
            raise _wrong(f"{place}{name}", "There is no such field.")
        values[name] = _value(f"{place}{name}", types[name], value)
    return values


def _value(place: str, kind: str, value: Any) -> Any:
    """A JSON value as the field's type; a number is no text and a text is no number."""
    match kind, value:
        case "str", str():
            return value
        case "bool", bool():
            return value
        case "int", int() if not isinstance(value, bool):
            return value
        case "tuple[str, ...]", list() | tuple() if all(isinstance(x, str) for x in value):
            return tuple(value)
        case "tuple[int, ...]", list() | tuple() if all(type(x) is int for x in value):
            return tuple(value)
        case "Mapping[str, str]", Mapping() if all(isinstance(x, str) for x in value.values()):
            return dict(value)
    raise _wrong(place, TEXTS[kind])


TEXTS = {
    "str": "A text is expected here.",
    "bool": "true or false is expected here.",
    "int": "A whole number is expected here.",
    "tuple[str, ...]": "A list of texts is expected here.",
    "tuple[int, ...]": "A list of whole numbers is expected here.",
    "Mapping[str, str]": "An object whose values are texts is expected here.",
}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if isinstance(value, Mapping) else value


def _wrong(place: str, text: str) -> WrongFlow:
    return WrongFlow([FieldProblem(place, text)])
