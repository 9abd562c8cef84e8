"""One journal: lines, checks, what would be sent, evidence, decisions, reversal, drill-down."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector
from retailvista.connectors.registry import provider_of
from retailvista.journals import actions, building, deciding, drilling, preview, reversing
from retailvista.journals.line_sources import SOURCE_WORDS
from retailvista.journals.listing import JournalFilter, list_journals
from retailvista.journals.models import ControlDay, Evidence, Export, JournalRow, ReceiptRow
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.asking import ask_for
from retailvista.web.languages import language

screen = Blueprint("journal", __name__)


def _try_again(session: Session, sequence: int, reason: str, actor: str) -> None:
    deciding.try_again(session, sequence, actor, reason)


DECIDE = {
    actions.TRY_AGAIN: _try_again,
    actions.IT_IS_OURS: deciding.it_is_ours,
    actions.NEW_NUMBER: deciding.not_ours_new_number,
    actions.BY_HAND: deciding.booked_by_hand,
}


@screen.get("/journals/<int:number>")
@allow(VIEWER)
def page(number: int) -> str:
    return _page(number)


@screen.get("/journals/<int:number>/lines/<int:line>")
@allow(VIEWER)
def line(number: int, line: int) -> str:
    with wiring.reading() as session:
        found = drilling.receipts_behind_line(session, number, line)
    return render_template("journal_line.html", line=found)


@screen.post("/journals/<int:number>/decide")
@allow(BOOKKEEPER)
def decide(number: int) -> Response | tuple[str, int]:
    how, reason = DECIDE.get(request.form.get("how", "")), request.form.get("reason", "").strip()
    if how is None or len(reason) < 5:
        return _page(number, message="Choose what holds, and give a reason of a few words."), 400
    how(wiring.session(), number, reason, g.login.email)
    return redirect(url_for(".page", number=number, done="decided"), 303)


@screen.post("/journals/<int:number>/reverse")
@allow(BOOKKEEPER)
def reverse(number: int) -> Response | tuple[str, int]:
    reason = request.form.get("reason", "").strip()
    if len(reason) < 5:
        return _page(number, message="Give the reason of the reversal in a few words."), 400
    made = reversing.reverse_journal(wiring.session(), number, reason, g.login.email)
    return redirect(url_for(".page", number=made, done="reversed"), 303)


@screen.post("/journals/<int:number>/withdraw")
@allow(BOOKKEEPER)
def withdraw(number: int) -> Response:
    building.withdraw_journal(wiring.session(), number, g.login.email)
    return redirect(url_for(".page", number=number, done="withdrawn"), 303)


@screen.post("/journals/<int:number>/build-again")
@allow(BOOKKEEPER)
def build_again(number: int) -> Response:
    """After a reversal: the receipts of this journal make a new one."""
    building.build_again(wiring.session(), number, g.login.email)
    return redirect(ask_for("build"), 303)


def _page(number: int, message: str = "") -> str:
    with wiring.reading() as session:
        row = drilling.journal_with_links(session, number)
        store = session.scalars(select(Store).where(Store.id == row.store_id)).one()
        same_day = JournalFilter(row.business_date, row.business_date, store.code)
        listed = list_journals(session, same_day, limit=1000).rows
        shown = next(entry for entry in listed if entry.number == number)
        seen = preview.preview(session, number)
        more = _exports(session, row) | _related(session, row)
    return render_template(
        "journal.html", row=row, store=store, shown=shown, preview=seen, message=message,
        texts=actions.TEXTS, sources=SOURCE_WORDS, **more,
    )  # fmt: skip


def _exports(session: Session, row: JournalRow) -> dict[str, Any]:
    """The live export, earlier ones, evidence of all, and the provider's hint on its words."""
    exports = session.scalars(
        select(Export).where(Export.journal_id == row.id).order_by(Export.id)
    ).all()
    live = next((export for export in exports if export.live), None)
    evidence = session.scalars(
        select(Evidence)
        .where(Evidence.export_id.in_([export.id for export in exports]))
        .order_by(Evidence.id)
    ).all()
    wanted = live.connector_id if live else row.connector_id
    connector = session.scalar(select(Connector).where(Connector.id == wanted))
    said = (live.refusal_text or live.problem) if live else ""
    hint = provider_of(connector).hint_for(said, language()) if connector and said else ""
    exits = actions.EXITS.get(live.decision, ()) if live else ()
    return {
        "export": live, "evidence": evidence, "connector": connector, "hint": hint, "exits": exits,
        "said": said,
    }  # fmt: skip


def _related(session: Session, row: JournalRow) -> dict[str, Any]:
    """The journal this one reverses, the one that reverses it, and what control found."""
    reverses = session.scalar(
        select(JournalRow.sequence).where(JournalRow.id == (row.reverses_id or 0))
    )
    reversed_by = session.scalar(
        select(JournalRow.sequence).where(
            JournalRow.reverses_id == row.id, JournalRow.state != "withdrawn"
        )
    )
    in_it = select(ReceiptRow.id).where(ReceiptRow.journal_id == row.id).limit(1)
    return {
        "reverses": reverses,
        "reversed_by": reversed_by,
        "may_build_again": reversed_by is not None and session.scalar(in_it) is not None,
        "differences": _differences(session, row),
    }


def _differences(session: Session, row: JournalRow) -> list[dict[str, Any]]:
    """What the last control of the day found about this journal."""
    days = session.scalars(
        select(ControlDay).where(ControlDay.business_date == row.business_date)
    ).all()
    return [
        difference
        for day in days
        for difference in day.differences
        if difference["journal"] == row.sequence
    ]
