"""From a record to the request that writes it: path, query and payload.

Invariant: path data come from the record's key `path`, query data from `query`, the body from
`payload`; what the flow itself says holds where the record says nothing. A record without
`payload` is its own body: those of its fields that the entity lets us write.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from retailvista.connectors.records import Entity, ToWrite
from retailvista.errors import Refused
from retailvista.flows.canonical import in_order
from retailvista.flows.definition import CREATE, DELETE, EXECUTE, TargetSpec

PATH, QUERY, PAYLOAD = "path", "query", "payload"


def to_write(record: Mapping[str, Any], target: TargetSpec, entity: Entity) -> ToWrite:
    """What is written of a record. Refused says what its parts lack."""
    path = dict(target.path) | _parameters(record, PATH)
    key = next((found.name for found in entity.properties if found.is_key), "")
    if target.action != CREATE and not {"id", key.lower()} & {name.lower() for name in path}:
        own = record.get(key or "id")
        path |= {"id": str(own)} if own not in (None, "") else {}
    return ToWrite(
        entity=entity.key,
        action=target.action,
        path=path,
        query=dict(target.query) | _parameters(record, QUERY),
        body=b"" if target.action == DELETE else _body(record, entity, target.action),
        space_as_plus=target.space_as_plus,
    )


def _body(record: Mapping[str, Any], entity: Entity, action: str) -> bytes:
    payload = record.get(PAYLOAD)
    if PAYLOAD not in record:
        writable = {
            found.name for found in entity.properties if not (found.read_only or found.is_key)
        }
        payload = {name: value for name, value in record.items() if name in writable}
    if action == EXECUTE and not payload:
        return b""  # a procedure without parameters
    if not isinstance(payload, Mapping) or not payload:
        raise Refused("The record holds no values: nothing of it can be written.")
    return in_order(payload).encode()


def _parameters(record: Mapping[str, Any], part: str) -> dict[str, str]:
    """The parameters of a record as texts; empty ones are left out."""
    found = record.get(part)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Refused(f"The key {part} of the record holds no parameters with names.")
    return {str(name): _text(part, str(name), value) for name, value in found.items()
            if value not in (None, "")}  # fmt: skip


def _text(part: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, Decimal)):
        return str(value)
    raise Refused(f"{part}.{name} is no text and no number.")
