"""The preview in the form of a flow: what the transform makes of a real record, as it stands now.

The record is the newest in the inbox, or one that a button fetches: one call, at most 20 seconds.
It travels with the form, so that trying again costs no call; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import gettext

from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.records import Row
from retailvista.errors import Refused
from retailvista.flows import sampling
from retailvista.flows.canonical import in_order, loads, pretty
from retailvista.flows.definition import OWN, FlowSpec, TransformSpec
from retailvista.flows.transforms import Transform, expression_problems
from retailvista.flows.transforms import preview as tried
from retailvista.flows.variables import known_variables
from retailvista.web import flow_fields, wiring
from retailvista.web.access import ADMINISTRATOR, allow

screen = Blueprint("flow_preview", __name__)


@screen.post("/flows/preview")
@allow(ADMINISTRATOR)
def preview() -> str:
    spec = flow_fields.read(request.form).spec
    if not spec.source.entity:
        return render_template("flow_preview.html", nothing=True)
    names = _variables(spec)
    asked, asked_problem = _asked(spec, names)
    row, key, problem = _record(spec) if not asked_problem else (None, "", "")
    if row is None:
        return render_template(
            "flow_preview.html", problem=problem, asked=asked, asked_problem=asked_problem
        )
    outcome = tried(spec.transform, row, key, names)
    made = pretty(outcome.transformed) if outcome.transformed is not None else ""
    return render_template(
        "flow_preview.html", outcome=outcome, received=pretty(row), made=made, key=key,
        entity=spec.source.entity, record=in_order(row), asked=asked, asked_problem=asked_problem,
    )  # fmt: skip


def _asked(spec: FlowSpec, names: dict[str, str]) -> tuple[str, str]:
    """The parameters as they would be sent, when some of them are computed; else what is wrong."""
    if not spec.transform.request:
        return "", ""
    wanted = TransformSpec(request=spec.transform.request)
    for bad in (*wanted.problems(), *expression_problems(wanted)):
        return "", f"{bad.field.removeprefix('transform.request.')}: {bad.message}"
    try:
        path, query = Transform(wanted, names).request(spec.source)
    except Refused as refused:
        return "", str(refused)
    return pretty({"path": path, "query": query}), ""


def _record(spec: FlowSpec) -> tuple[Row | None, str, str]:
    """A record with its key, else why there is none."""
    carried = _carried(flow_fields.sample_of(request.form, spec.source.entity))
    fetch = request.args.get("fetch") == "yes"
    if carried is not None and not fetch:
        return carried, request.form.get("sample_key", "?"), ""
    if spec.source.connector != OWN and not fetch:
        latest = sampling.latest_record(wiring.outside(), spec.source.connector, spec.source.entity)
        return latest, "?", ""
    try:
        found = sampling.sample(wiring.outside(), spec.source, spec.transform)
    except Refused as refused:
        return None, "", str(refused)
    said = gettext(found.msgid, **found.values) if found.values else gettext(found.msgid)
    return found.row, found.key, said if found.row is None else ""


def _carried(sample: Mapping[str, str]) -> Row | None:
    """The record that came with the form, if there is one that can be read."""
    try:
        found = loads(sample.get("sample", ""))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _variables(spec: FlowSpec) -> dict[str, str]:
    with wiring.reading() as session:
        number = spec.source.connector
        source: Any = connector_by_number(session, number) if number > OWN else None
        return known_variables(session, wiring.outside().variables, source=source)
