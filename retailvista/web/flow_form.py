"""Extra > Flows > one: the guided form. Kind, from where, change on the way, to where, when.

Every button but Save answers with the same form, a step further; only Save stores something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.records import Entity
from retailvista.errors import Refused
from retailvista.flows import keeping, presets, scheduling
from retailvista.flows.definition import FlowSpec, WrongFlow
from retailvista.flows.models import INCOMING, KINDS, OUTGOING, REPLICATION, Flow
from retailvista.web import flow_fields, flow_when, wiring, words
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.flow_choices import (
    Choices,
    choices_for,
    found_by,
    numbered,
    readable_of,
    writable_of,
)
from retailvista.web.flow_fields import Filled
from retailvista.web.flow_prefill import prefilled
from retailvista.web.flow_words import write_word

screen = Blueprint("flow_form", __name__)


@screen.get("/flows/new")
@allow(ADMINISTRATOR)
def new() -> str:
    return _page(Filled(prefilled(request.args)), None)


@screen.post("/flows/new")
@allow(ADMINISTRATOR)
def add() -> Response | str | tuple[str, int]:
    filled = _pressed(flow_fields.read(request.form))
    if request.form.get("press") != "save":
        return _page(filled, None)
    when, session = flow_when.of_form(request.form, optional=True), wiring.session()
    try:
        if when.how:
            when.check()
        rows = _added(session, filled.spec)
    except WrongFlow as wrong:
        return _page(filled, None, wrong.problems), 400
    except Refused as refused:
        return _page(filled, None, [FieldProblem("when", str(refused))]), 400
    if when.how:
        for row in rows:
            _schedule(row.number, when)
    if len(rows) > 1:
        return redirect(url_for("flows.index", done="added"), 303)
    return redirect(url_for("flows.page", number=rows[0].number, done="added"), 303)


def _added(session: Session, spec: FlowSpec) -> list[Flow]:
    """One flow, or one for each endpoint, with schedules and runs of their own."""
    if request.form.get("one_each") == "yes" and len(spec.source.entities) > 1:
        return presets.add_each(session, spec, g.login.email)
    return [keeping.add_flow(session, spec, g.login.email)]


def _schedule(number: int, when: flow_when.Shown) -> None:
    """Past a failed test of its connector a schedule is kept, but not switched on."""
    session, actor, said = wiring.session(), g.login.email, when.when()
    try:
        scheduling.add_schedule(session, number, said, actor, mode=when.mode, name=when.name)
    except scheduling.NotConfirmed:
        scheduling.add_schedule(
            session, number, said, actor, mode=when.mode, name=when.name, enabled=False
        )


@screen.get("/flows/<int:number>/change")
@allow(ADMINISTRATOR)
def change(number: int) -> str:
    with wiring.reading() as session:
        spec = keeping.spec_of_row(keeping.flow_by_number(session, number))
    return _page(Filled(spec), number)


@screen.post("/flows/<int:number>/change")
@allow(ADMINISTRATOR)
def save(number: int) -> Response | str | tuple[str, int]:
    with wiring.reading() as session:
        keeping.flow_by_number(session, number)
    filled = _pressed(flow_fields.read(request.form))
    if request.form.get("press") != "save":
        return _page(filled, number)
    try:
        keeping.change_flow(wiring.session(), number, filled.spec, g.login.email)
    except WrongFlow as wrong:
        return _page(filled, number, wrong.problems), 400
    return redirect(url_for("flows.page", number=number, done="saved"), 303)


@screen.get("/flows/entities")
@allow(ADMINISTRATOR)
def entities() -> str:
    """What is found while somebody types, as buttons of the form."""
    is_target = request.args.get("side") == "target"
    number = flow_fields.number_of(
        request.args, "target_connector" if is_target else "source_connector"
    )
    text = request.args.get("find_target" if is_target else "find", "")
    with wiring.reading() as session:
        row = numbered(session, number)
        offered = writable_of(row) if is_target else readable_of(session, row)
    return render_template(
        "flow_entities.html", find=text, found=found_by(offered, text), problems=[],
        button="add_target" if is_target else "add", action=url_for(".add"),
    )  # fmt: skip


def _pressed(filled: Filled) -> Filled:
    """The form after its buttons: an entity, a service or everything added, or taken away."""
    form, spec = request.form, filled.spec
    if "add_target" in form or "drop_target" in form:
        chosen = replace(spec.target, entity=form.get("add_target", ""), action="")
        return replace(filled, spec=replace(spec, target=chosen))
    with wiring.reading() as session:
        offered = choices_for(session, spec).listed
    if "drop_all" in form:
        return replace(filled, spec=replace(spec, source=replace(spec.source, entities=())))
    wanted = [form["add"]] if form.get("add") else []
    if spec.kind == REPLICATION:
        wanted += [
            found.key
            for found in offered
            if "add_all" in form or found.service == form.get("add_service")
        ]
    return replace(filled, spec=flow_fields.with_entities(spec, wanted)) if wanted else filled


def _page(filled: Filled, number: int | None, problems: Sequence[FieldProblem] = ()) -> str:
    spec = filled.spec
    with wiring.reading() as session:
        choices = choices_for(session, spec)
        todo = [] if problems else _todo(session, spec)
    find = request.form.get("find", "") if "add" not in request.form else ""
    find_target = request.form.get("find_target", "")
    action = url_for(".save", number=number) if number else url_for(".add")
    return render_template(
        "flow_form.html", filled=filled, number=number, choices=choices, action=action,
        problems=problems, pressed=bool(problems), todo=todo, kinds=_kinds(), button="add",
        summary=_summary(spec, choices), ways=_ways(spec, choices), find=find,
        found=found_by(choices.readable, find), find_target=find_target,
        found_targets=found_by(choices.writable, find_target),
        services=Counter(found.service for found in choices.listed),
        offered=len(choices.listed), preview_url=url_for("flow_preview.preview"),
        field_names=_field_names(spec, choices),
        when=flow_when.of_form(request.form, optional=True),
        sample=flow_fields.sample_of(request.form, spec.source.entity),
        one_each=request.form.get("one_each") == "yes",
    )  # fmt: skip


def _todo(session: Session, spec: FlowSpec) -> list[FieldProblem]:
    """What is still missing, said before anybody presses Save."""
    try:
        keeping.checked(session, spec)
    except WrongFlow as wrong:
        return wrong.problems
    return []


def problem_text(problem: FieldProblem) -> str:
    """A problem in the reader's language."""
    if problem.values:
        values = dict(problem.values)
        if "action" in values:
            values["action"] = str(write_word(values["action"]))
        if "why" in values:
            values["why"] = words.translated(values["why"])
        return gettext(problem.msgid, **values)
    return words.translated(problem.msgid)


def _kinds() -> list[tuple[str, str, str]]:
    texts = {
        INCOMING: (_("Incoming"), _("Records of a connector arrive as items in the inbox.")),
        OUTGOING: (_("Outgoing"), _("Items or own records are sent to a connector.")),
        REPLICATION: (_("Replication"), _("Tables of a connector are kept fresh in a warehouse.")),
    }
    return [(kind, *texts[kind]) for kind in (REPLICATION, INCOMING, OUTGOING) if kind in KINDS]


def _summary(spec: FlowSpec, choices: Choices) -> str:
    """The flow in one sentence, as far as it is known."""
    source = choices.source.name if choices.source else "…"
    if spec.kind == OUTGOING and choices.source is None:
        source = "RetailVista"
    target = choices.target.name if choices.target else "…"
    names = [found.name for key in spec.source.entities if (found := choices.entity(key))]
    what = ", ".join(names[:3]) or "…"
    if len(names) > len(names[:3]):
        what = _("%(names)s and %(count)s more", names=what, count=len(names) - 3)
    if spec.kind == INCOMING:
        return _("%(what)s from %(source)s into the inbox.", what=what, source=source)
    said = _("%(what)s from %(source)s to %(target)s.", what=what, source=source, target=target)
    return said.removesuffix("….") + "…" if said.endswith("….") else said


def _ways(spec: FlowSpec, choices: Choices) -> dict[str, int]:
    chosen: list[Entity] = [
        found for key in spec.source.entities if (found := choices.entity(key)) is not None
    ]
    return dict(Counter(found.way.value for found in chosen).most_common())


def _field_names(spec: FlowSpec, choices: Choices) -> list[str]:
    """Names to choose from on the left side of the field map."""
    outgoing = spec.kind == OUTGOING
    entity = choices.written(spec.target.entity) if outgoing else choices.entity(spec.source.entity)
    names = [found.name for found in entity.properties] if entity else []
    start = "payload." if outgoing else ""
    return [f"{start}{name}" for name in names]


def context() -> dict[str, Any]:
    """What templates of flows may call."""
    return {"problem_text": problem_text}


screen.app_context_processor(context)
