"""Bodies of POST and PUT requests against the properties of the endpoint: Exact's 400 answers.

Invariant: an unknown property or a value that does not convert is 400; a known property that is
read-only is silently ignored (recorded: AmountDC instead of AmountFC was stored as 0).
"""

from __future__ import annotations

import json
import math
from typing import Any

from retailvista.sandbox import times
from retailvista.sandbox.answers import Refusal, Request
from retailvista.sandbox.endpoints import Endpoint, Prop, children_of
from retailvista.sandbox.query import GUID

LARGEST = 1e15
STREAM = "Error processing request stream. "
RANGES = {
    "Byte": (0, 255),
    "Int16": (-(2**15), 2**15 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "Int64": (-(2**63), 2**63 - 1),
}


def read_body(endpoint: Endpoint, request: Request, *, is_change: bool = False) -> dict[str, Any]:
    """The writable values of the body; nested lines as lists of the same.

    A change (PUT) takes no new lines, and null empties a property."""
    try:
        raw = json.loads(request.body or b"null")
    except (ValueError, RecursionError):
        raw = None
    if not isinstance(raw, dict):
        raise Refusal(400, STREAM + "The request should be a valid top-level resource object.")
    return _changed(endpoint, raw) if is_change else _cleaned(endpoint, raw)


def sends(body: bytes, name: str) -> bool:
    """Whether the raw body speaks of a property at all."""
    return b'"' + name.encode() + b'"' in body


def _cleaned(endpoint: Endpoint, raw: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name == "__metadata":
            continue
        prop = _known(endpoint, name)
        if prop.child is not None:
            values[name] = _lines(endpoint, prop, value)
        elif value is None:
            continue
        else:
            good = CONVERTERS.get(prop.type, _text)(value, prop)
            if prop.writable:
                values[name] = good
    return values


def _changed(endpoint: Endpoint, raw: dict[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in raw.items():
        if name == "__metadata":
            continue
        prop = _known(endpoint, name)
        if prop.child is not None:
            if value and value != {"results": []} and "__deferred" not in value:
                raise Refusal(400, STREAM + "Binding to new entities is not supported.")
            continue
        good = None if value is None else CONVERTERS.get(prop.type, _text)(value, prop)
        if prop.changeable and "K" not in prop.flags:
            values[name] = good
    return values


def _known(endpoint: Endpoint, name: str) -> Prop:
    prop = endpoint.props.get(name)
    if prop is None:
        raise Refusal(
            400,
            f"{STREAM}The property name '{name}' specified for type "
            f"'{endpoint.type_name}' is not valid.",
        )
    return prop


def _lines(endpoint: Endpoint, prop: Prop, value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict) and "results" in value:
        value = value["results"]
    child = children_of(endpoint).get(prop.name)
    if value is None or child is None:
        return []
    if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
        raise _unconvertible(prop)
    return [_cleaned(child, line) for line in value]


def _unconvertible(prop: Prop) -> Refusal:
    return Refusal(
        400,
        f"{STREAM}Error encountered in converting the value from request payload for property "
        f"'{prop.name}' to type '{prop.type}', which is the property's expected type. "
        "See inner exception for more detail.",
    )


def _guid(value: Any, prop: Prop) -> str:
    if not isinstance(value, str) or not GUID.fullmatch(value.strip("{}")):
        raise _unconvertible(prop)
    return value.strip("{}").lower()


def _text(value: Any, prop: Prop) -> str:
    if not isinstance(value, str):
        raise _unconvertible(prop)
    return value


def _double(value: Any, prop: Prop) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unconvertible(prop)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _unconvertible(prop) from None
    if not math.isfinite(number) or abs(number) > LARGEST:
        raise _unconvertible(prop)
    return number


def _whole(value: Any, prop: Prop) -> int:
    number = _double(value, prop)
    low, high = RANGES[prop.type]
    if number != int(number) or not low <= number <= high:
        raise _unconvertible(prop)
    return int(number)


def _truth(value: Any, prop: Prop) -> int:
    words = {True: 1, False: 0, "true": 1, "false": 0}
    if isinstance(value, bool | str) and value in words:
        return words[value]
    raise _unconvertible(prop)


def _moment(value: Any, prop: Prop) -> int:
    if not isinstance(value, str):
        raise _unconvertible(prop)
    try:
        return times.parsed_ms(value)
    except (ValueError, OverflowError):
        raise _unconvertible(prop) from None


CONVERTERS = {
    "Guid": _guid,
    "String": _text,
    "Double": _double,
    "Byte": _whole,
    "Int16": _whole,
    "Int32": _whole,
    "Int64": _whole,
    "Boolean": _truth,
    "DateTime": _moment,
    "Binary": _text,
}
