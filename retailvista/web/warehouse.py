"""The screen of a connector to a warehouse: fields per kind, grant script, test, what loads it.

Shown under the same addresses as every connector; a secret goes in and never comes out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from retailvista.connectors import warehouses
from retailvista.connectors.database.opening import warehouse_facts
from retailvista.connectors.database.settings import SSL_MODES, WarehouseSettings
from retailvista.connectors.database.shapes import DUCKDB
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.flows.models import Flow
from retailvista.runs.models import Run
from retailvista.web import wiring
from retailvista.web.connector_view import WAREHOUSES, view

FIELDS = (
    "kind", "schema", "file", "host", "port", "database", "user", "ssl_mode", "account", "role",
    "compute",
)  # fmt: skip
TESTS = 3


def is_warehouse(row: Connector) -> bool:
    return row.provider == warehouses.PROVIDER


def reserve() -> Connector:
    return warehouses.reserve_warehouse(wiring.session(), g.login.email)


def show(row: Connector) -> str:
    """The screen as the row has it."""
    values = WarehouseSettings.of(row.settings).document
    return _page(row, values | {"name": row.name or (gettext("Warehouse") if row.draft else "")})


def save(row: Connector) -> Response | str | tuple[str, int]:
    """Save, or only show the fields of another kind."""
    values = {name: request.form.get(name, "").strip() for name in (*FIELDS, "name")}
    if request.form.get("press") == "look":
        return _page(row, values)
    # A private key has more than one line.
    secret = request.form.get("secret", "").strip()
    try:
        problems = warehouses.save_warehouse(
            wiring.session(), wiring.outside().vault, row.number, values | {"secret": secret},
            g.login.email,
        )  # fmt: skip
    except Refused as refused:
        problems = [FieldProblem("port", str(refused))]
    if problems:
        return _page(row, values, problems), 400
    return redirect(url_for("connectors.page", number=row.number, done="saved"), 303)


def _page(row: Connector, values: Mapping[str, Any], problems: Sequence[FieldProblem] = ()) -> str:
    kind = values.get("kind") if values.get("kind") in WAREHOUSES else DUCKDB
    filled = {**WarehouseSettings().document, "port": "", "ssl_mode": "require", **values}
    with wiring.reading() as session:
        flows = _flows(session, row)
        tests = session.scalars(
            select(Run)
            .where(Run.kind == "test", Run.key == str(row.number))
            .order_by(Run.number.desc())
            .limit(TESTS)
        ).all()
    seen = view(row, None, wiring.clock().now())
    return render_template(
        "warehouse.html", row=seen, kind=kind, kinds=WAREHOUSES, values=filled, problems=problems,
        modes=SSL_MODES, script=_script(row), facts=_facts(row), flows=flows, tests=tests,
        settings=WarehouseSettings.of(row.settings),
        action=url_for("connectors.save", number=row.number),
    )  # fmt: skip


def _script(row: Connector) -> str:
    """What its administrator runs; nothing for a file of our own."""
    try:
        return "" if row.draft else warehouses.grants_of(wiring.outside(), row.number)
    except Refused as refused:  # a [variable] that nobody knows
        return f"-- {refused}"


def _facts(row: Connector) -> dict[str, str]:
    """Where a file lies, for those who let other programs read it."""
    if row.draft or WarehouseSettings.of(row.settings).kind != DUCKDB:
        return {}
    try:
        found = warehouse_facts(wiring.outside(), row.id)
    except Refused as refused:  # a [variable] that nobody knows: the file has no name now
        return {"file": str(refused), "parquet": "–"}
    return {"file": str(found.file), "parquet": str(found.parquet)}


def _flows(session: Session, row: Connector) -> list[Flow]:
    query = select(Flow).where(Flow.target_connector_id == row.id, Flow.deleted_at.is_(None))
    return list(session.scalars(query.order_by(Flow.number)))
