"""Flows as files: exported as JSON, and taken in, switched off, from such a file."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, g, redirect, request, url_for
from flask import Response as FileResponse
from werkzeug.wrappers import Response

from retailvista.flows import exchanging, keeping
from retailvista.flows.definition import WrongFlow
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, VIEWER, allow
from retailvista.web.flows import list_page

screen = Blueprint("flow_files", __name__)
JSON_MAX = 2 * 1024 * 1024


@screen.get("/flows/<int:number>/export")
@allow(VIEWER)
def export(number: int) -> FileResponse:
    with wiring.reading() as session:
        row = keeping.flow_by_number(session, number)
        document = exchanging.export_flows(session, [number])
    return _file(document, f"flow-{row.identifier}.json")


@screen.get("/flows/export")
@allow(VIEWER)
def export_all() -> FileResponse:
    with wiring.reading() as session:
        document = exchanging.export_flows(session)
    return _file(document, "flows.json")


@screen.post("/flows/import")
@allow(ADMINISTRATOR)
def take_in() -> Response | tuple[str, int]:
    file = request.files.get("file")
    content = file.read(JSON_MAX + 1) if file is not None else b""
    try:
        document = json.loads(content) if len(content) <= JSON_MAX else None
    except (ValueError, RecursionError):
        document = None
    try:
        exchanging.import_flows(wiring.session(), document, g.login.email)
    except WrongFlow as wrong:
        return list_page(wrong.problems), 400
    return redirect(url_for("flows.index", done="imported"), 303)


def _file(document: Any, name: str) -> FileResponse:
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return FileResponse(
        text, mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )  # fmt: skip
