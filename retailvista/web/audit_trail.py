"""Extra > Audit: who did what, when; newest first, 50 at a time."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from sqlalchemy import select

from retailvista.companies.models import AuditEvent
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, allow
from retailvista.web.numbers import whole

screen = Blueprint("audit", __name__)
PAGE = 50


@screen.get("/audit")
@allow(BOOKKEEPER)
def page() -> str:
    before = request.args.get("before", 0, type=whole)
    with wiring.reading() as session:
        query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(PAGE + 1)
        if before > 0:
            query = query.where(AuditEvent.id < before)
        events = list(session.scalars(query))
    older = events[PAGE - 1].id if len(events) > PAGE else None
    return render_template("audit.html", events=events[:PAGE], older=older)
