"""Transforms at work: the request before it is sent, a record after it came, and a preview.

Invariants: what comes out is plain JSON with exact numbers; an error names the field and the
record, fails that record and no other; the record that came is never changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from retailvista.connectors import json_bodies
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.records import Row
from retailvista.errors import Refused
from retailvista.flows.definition import SourceSpec, TransformSpec
from retailvista.flows.expression_filters import SIZE_MAX, exact
from retailvista.flows.expressions import FAILURES, BadExpression, Evaluate, compiled, reason

# What every expression may use beside the fields of the record.
RECORD, VARIABLES = "record", "variables"
RECORD_SIZE_MAX = 10 * SIZE_MAX
DEPTH_MAX = 12
# An expression can write it as '\\ud800'; no database keeps it.
HALF = re.compile("[\ud800-\udfff]")


class TransformFailed(Refused):
    """A record cannot be transformed. `field` and `record_key` say where."""

    def __init__(self, field_name: str, record_key: str, why: str) -> None:
        self.field, self.record_key, self.why = field_name, record_key, why
        text = f"Field {field_name} of record {record_key}: {why}"
        if not record_key:
            text = f"Parameter {field_name}: {why}"
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Transform:
    """A transform whose expressions have been read: made once per run."""

    spec: TransformSpec
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert not list(expression_problems(self.spec)), "kept flows have expressions that read"

    def request(self, source: SourceSpec) -> tuple[dict[str, str], dict[str, str]]:
        """Path and query as they are sent. An empty text leaves a parameter out."""
        parts = {"path": dict(source.path), "query": dict(source.query)}
        names = {**parts, VARIABLES: dict(self.variables), **self._plain_variables()}
        for name, text in self.spec.request.items():
            kind, _, key = name.partition(".")
            value = _evaluated(compiled(text), names, name, "")
            parts[kind].pop(key, None)
            if value not in (None, ""):
                parts[kind][key] = _parameter(value)
        return parts["path"], parts["query"]

    def record(self, row: Row, key: str) -> dict[str, Any] | None:
        """The record as it goes on; None when it is to be skipped. TransformFailed says where."""
        names = self._names(row)
        if self.spec.only_if and not _evaluated(compiled(self.spec.only_if), names, "only_if", key):
            return None
        made: dict[str, Any] = dict(row)
        if self.spec.expression:
            made = _whole(_evaluated(compiled(self.spec.expression), names, "expression", key), key)
            names = self._names(made)
        if self.spec.fields:
            made = {}
            for name, text in self.spec.fields.items():
                _put(made, name, _evaluated(compiled(text), names, name, key), key)
        plain = _plain(made, key)
        assert isinstance(plain, dict), "a record is an object"
        return plain

    def _names(self, row: Row) -> dict[str, Any]:
        own = {RECORD: dict(row), VARIABLES: dict(self.variables)}
        # A field goes before a name of ours: record and variables are still reached as such.
        return {**self._plain_variables(), **own, **row}

    def _plain_variables(self) -> dict[str, str]:
        """[last_run] and its like by their name alone; those with a point by variables['...']."""
        return {name: value for name, value in self.variables.items() if "." not in name}


def expression_problems(spec: TransformSpec) -> Iterator[FieldProblem]:
    """What cannot be read, by field."""
    for place, text in (
        *((f"transform.request.{name}", text) for name, text in spec.request.items()),
        *((f"transform.fields.{name}", text) for name, text in spec.fields.items()),
        ("transform.expression", spec.expression),
        ("transform.only_if", spec.only_if),
    ):
        if not text and place in ("transform.expression", "transform.only_if"):
            continue
        try:
            compiled(text)
        except BadExpression as bad:
            yield FieldProblem(place, "This is no expression: %(why)s", {"why": str(bad)})


@dataclass(frozen=True, slots=True)
class Preview:
    """What a transform makes of a real record; one of the last three says how it ended."""

    received: Mapping[str, Any]
    transformed: Mapping[str, Any] | None = None
    skipped: bool = False
    problem: str = ""


def preview(
    spec: TransformSpec, row: Row, key: str = "?", variables: Mapping[str, str] | None = None
) -> Preview:
    """Try a transform on a record, as the form does while it is being filled in."""
    bad = next(expression_problems(spec), None)
    if bad is not None:
        name = bad.field.removeprefix("transform.").removeprefix("fields.")
        return Preview(row, problem=f"{name}: {bad.message}")
    try:
        made = Transform(spec, variables or {}).record(row, key)
    except TransformFailed as failed:
        return Preview(row, problem=str(failed))
    return Preview(row, made, skipped=made is None)


def _evaluated(evaluate: Evaluate, names: Mapping[str, Any], name: str, key: str) -> Any:
    try:
        return evaluate(names)
    except FAILURES as failure:
        raise TransformFailed(name, key, reason(failure)) from failure


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _whole(value: Any, key: str) -> dict[str, Any]:
    """The expression made a record, or the text of one in JSON."""
    if isinstance(value, str):
        try:
            value = json_bodies.read(value.encode())
        except ValueError as error:
            raise TransformFailed("expression", key, f"It makes no JSON: {error}.") from error
    if not isinstance(value, Mapping):
        raise TransformFailed("expression", key, "It makes no record, such as {'Code': Code}.")
    return dict(value)


def _put(made: dict[str, Any], name: str, value: Any, key: str) -> None:
    """payload.Name stands in payload."""
    *outer, last = name.split(".")
    inside = made
    for part in outer:
        inside = inside.setdefault(part, {})
        if not isinstance(inside, dict):
            raise TransformFailed(name, key, f"{part} is a value and holds no fields.")
    inside[last] = value


def _plain(value: Any, key: str) -> Any:
    """Only what JSON has, exact, and no larger than a record may be."""
    made = _checked(value, key, DEPTH_MAX)
    if len(json.dumps(made, default=str)) > RECORD_SIZE_MAX:
        raise TransformFailed("record", key, f"It has more than {RECORD_SIZE_MAX} characters.")
    return made


def _checked(value: Any, key: str, depth: int) -> Any:
    if not depth:
        raise TransformFailed("record", key, "Too many objects inside one another.")
    if isinstance(value, Mapping):
        return {str(name): _checked(inner, key, depth - 1) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(inner, key, depth - 1) for inner in value]
    value = exact(value)
    if isinstance(value, str) and HALF.search(value):
        raise TransformFailed("record", key, "A text in it holds half a character.")
    if value is None or isinstance(value, str | int | Decimal):
        return value
    raise TransformFailed("record", key, f"{type(value).__name__} is no value of a record.")
