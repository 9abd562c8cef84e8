"""A receipt, with the way forward: its journal lines and the entry in the books."""

from __future__ import annotations

from flask import Blueprint, render_template

from retailvista.journals import drilling
from retailvista.web import wiring
from retailvista.web.access import VIEWER, allow

screen = Blueprint("receipts", __name__)


@screen.get("/receipts/<store>/<register>/<nr>")
@allow(VIEWER)
def page(store: str, register: str, nr: str) -> str:
    with wiring.reading() as session:
        trail = drilling.journal_of_receipt(session, store, register, nr)
    return render_template("receipt.html", trail=trail, receipt=trail.receipt)
