"""The start page: what must I do. Nothing to do yet = the steps of setting up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, g, render_template, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from retailvista.companies import registering
from retailvista.companies.models import LICENCES
from retailvista.journals import completeness, listing
from retailvista.journals.models import ControlDay, LedgerLink, StoreDay, TillFile
from retailvista.journals.numbering import sending_locked
from retailvista.runs.models import Run
from retailvista.web import wiring
from retailvista.web.access import VIEWER, allow
from retailvista.web.connector_view import ConnectorView, views
from retailvista.web.flows import Row, rows_of

screen = Blueprint("start", __name__)
PERSON_NEEDED = ("decide", "conflict", "rejected")
UNDER_WAY = ("ready", "sending", "being_checked", "posted")
LOOK_BACK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting up."""

    done: bool
    title: str
    url: str


@screen.get("/")
@allow(VIEWER)
def page() -> str:
    now = wiring.clock().now()
    with wiring.reading() as session:
        counts = listing.state_counts(session)
        connectors = views(session, now, wiring.outside().apps)
        held = _count(session, select(StoreDay.id).where(StoreDay.state == "held"))
        still_open = _count(session, select(StoreDay.id).where(StoreDay.state == "open"))
        missing = completeness.missing_days(session, (now - LOOK_BACK).date())
        runs = session.scalars(select(Run).order_by(Run.number.desc()).limit(6)).all()
        days = session.scalars(select(ControlDay.differences)).all()
        locked = sending_locked(session)
        steps = _steps(session, counts, connectors)
        flows = rows_of(session)
        flow_steps = _flow_steps(connectors, flows)
    return render_template(
        "start.html", counts=counts, connectors=connectors, held=held, still_open=still_open,
        missing=[day for day in missing if day.usual], runs=runs, steps=steps,
        person_needed=sum(counts.get(state, 0) for state in PERSON_NEEDED),
        under_way=sum(counts.get(state, 0) for state in UNDER_WAY),
        locked=locked, different=sum(bool(found) for found in days), compared=len(days),
        flows=flows, flow_steps=flow_steps,
    )  # fmt: skip


def _flow_steps(connectors: list[ConnectorView], flows: list[Row]) -> list[Step]:
    """What has to be there before data of the books is kept fresh, in order."""
    warehouses = [row for row in connectors if row.is_warehouse and not row.draft]
    add = url_for("flow_form.new")
    return [
        Step(
            any(row.connected for row in connectors),
            _("A connector that is logged in"),
            url_for("connectors.index"),
        ),
        Step(
            any(row.test_well for row in warehouses),
            _("A warehouse, tested (only for replication)"),
            url_for("connectors.index"),
        ),
        Step(bool(flows), _("A flow"), add),
        Step(
            any(row.next_at for row in flows),
            _("A schedule, so that it goes by itself"),
            url_for("flows.index"),
        ),
        Step(
            any(row.last and row.last.outcome == "done" for row in flows),
            _("The first run that was done"),
            url_for("flows.index"),
        ),
    ]


def _count(session: Session, query: Any) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _steps(session: Session, counts: dict[str, int], connectors: list[ConnectorView]) -> list[Step]:
    """What has to be there before the first journal is in the books, in order."""
    company = url_for("companies.page", number=g.company.number)
    licensed = any(registering.has_licence(session, licence) for licence in LICENCES)
    return [
        Step(bool(g.company.alias and licensed), _("Alias and licence of the company"), company),
        Step(g.company.post_from is not None, _("Start date of posting"), company),
        Step(bool(registering.stores_of(session)), _("A store"), f"{company}#stores"),
        Step(
            any(row.connected and row.division and row.journal_code for row in connectors),
            _("A connector, logged in, with its administration and journal code"),
            url_for("connectors.index"),
        ),
        Step(
            _count(session, select(TillFile.id).where(TillFile.state == "read")) > 0,
            _("The first till file"),
            url_for("till_files.index"),
        ),
        Step(
            _count(session, select(LedgerLink.id)) > 0,
            _("Ledger links, by Initialise"),
            url_for("ledger_links.index"),
        ),
        Step(sum(counts.values()) > 0, _("The first journal built"), url_for("store_days.index")),
        Step(
            counts.get("verified", 0) > 0,
            _("The first journal released, sent and read back"),
            url_for("journals.index"),
        ),
    ]
