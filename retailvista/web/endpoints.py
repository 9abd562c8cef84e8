"""The endpoints of a connector: how each is loaded, what may be written, and its Test.

The test is one call of at most 20 seconds; it tells keys that are not valid from rights that are
lacking, and never takes either for success.
"""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask_babel import gettext

from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector
from retailvista.connectors.records import Entity
from retailvista.errors import NotFound, Refused
from retailvista.flows import sampling
from retailvista.flows.definition import SourceSpec
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.flow_choices import entities_of, found_by

screen = Blueprint("endpoints", __name__)


@screen.get("/connectors/<int:number>/endpoints")
@allow(VIEWER)
def page(number: int) -> str:
    return _page(_row(number))


@screen.post("/connectors/<int:number>/endpoints")
@allow(BOOKKEEPER)
def test(number: int) -> str:
    """The result alone when the page asked for it by itself, else the page with it."""
    row = _row(number)
    key = request.form.get("entity", "")
    if not any(found.key == key for found in entities_of(row)):
        raise NotFound
    try:
        source = SourceSpec(connector=number, entities=(key,))
        found = sampling.sample(wiring.outside(), source)
    except Refused as refused:
        found = sampling.Sample(
            sampling.REFUSED, {"entity": key, "said": str(refused)}, str(refused)
        )
    values = {"ok": found.ok, "words": gettext(found.msgid, **found.values), "said": found.said}
    if request.headers.get("HX-Request"):
        return render_template("endpoint_result.html", **values)
    return _page(row, {key: values})


def _row(number: int) -> Connector:
    """A saved connector that has endpoints; a warehouse has none."""
    with wiring.reading() as session:
        row = connector_by_number(session, number)
    if row.draft or not entities_of(row):
        raise NotFound
    return row


def _page(row: Connector, results: dict[str, dict[str, object]] | None = None) -> str:
    text = request.args.get("text", "")
    everything = entities_of(row)
    shown: list[Entity] = (
        found_by(everything, text) if text else [found for found in everything if found.listed]
    )
    return render_template(
        "endpoints.html", row=row, shown=shown, text=text, results=results or {},
        offered=len(everything),
    )  # fmt: skip
