"""A new flow that is filled in by where somebody came from: a table of a feed, an endpoint.

Invariant: the address only says what to begin with; the form shows it and the use case checks it.
"""

from __future__ import annotations

from dataclasses import replace

from werkzeug.datastructures import MultiDict

from retailvista.flows.definition import ACTIONS, OWN, FlowSpec
from retailvista.flows.models import OUTGOING, REPLICATION
from retailvista.web import flow_fields


def prefilled(asked: MultiDict[str, str]) -> FlowSpec:
    """`kind`, `source` and `target` (numbers), `entity`, `select`, `target_entity`, `action`."""
    spec = flow_fields.empty(asked.get("kind", REPLICATION), _number(asked, "target"))
    entities = tuple(key for key in asked.getlist("entity") if key)
    source = replace(
        spec.source,
        connector=_number(asked, "source"),
        entities=entities if spec.kind == REPLICATION else entities[:1],
        select=tuple(dict.fromkeys(asked.getlist("select"))),
    )
    target = spec.target
    if spec.kind == OUTGOING:
        action = asked.get("action", "")
        action = action if action in ACTIONS else ""
        target = replace(target, entity=asked.get("target_entity", ""), action=action)
    name = (entities[0] if entities else asked.get("target_entity", "")).rpartition("/")[2]
    return replace(spec, name=name[:80], source=source, target=target)


def _number(asked: MultiDict[str, str], name: str) -> int:
    return max(flow_fields.number_of(asked, name, OWN), OWN)
