"""Duties: what the engine does at every sweep, whether or not anybody asked for it.

A sweep comes at least every five seconds, because a look at an export is due that soon. Journals
that were released and never tried wait for their connector's schedule; what was begun goes on.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select

from retailvista import db as database
from retailvista.companies.scope import across_companies, company_scope
from retailvista.config import Settings
from retailvista.connectors import grants
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.flows.going_on import go_on_with_items
from retailvista.journals.exporting import due_now
from retailvista.journals.models import Export
from retailvista.mail import notices, sending
from retailvista.mail.sending import Post
from retailvista.runs.asking import ask
from retailvista.scheduler import dead, purging
from retailvista.scheduler.embedded import Duty
from retailvista.scheduler.fetching import ask_for_missing_masters


def duties(settings: Settings, post: Post) -> Sequence[Duty]:
    """The duties of this installation, in the order in which a sweep does them."""

    def decide_notices(outside: Outside) -> int:
        return notices.decide(outside, settings)

    def send_mails(outside: Outside) -> int:
        return sending.send_due(outside, post)

    return (
        # Token answers that only the disk has: at start, and should a commit ever have failed.
        grants.recover_all,
        dead.releaser(settings.instance_dir),
        go_on_with_exports,
        go_on_with_items,
        keep_logins_alive,
        ask_for_missing_masters,
        purging.purger(),
        decide_notices,
        send_mails,
    )


def go_on_with_exports(outside: Outside) -> int:
    """Ask for a pass where a look, a retry or a reading back is due; how many."""
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            now = database.now(session)
            begun = session.execute(
                select(Connector.company_id, Connector.number)
                .join(Export, Export.connector_id == Connector.id)
                .where(Export.live, due_now(now), or_(Export.state != "ready", Export.attempt > 0))
                .where(or_(Connector.paused == "", Connector.paused_until <= now))
                .where(Connector.deleted_at.is_(None))
                .distinct()
            ).all()
        for company_id, number in begun:
            with company_scope(company_id), database.transaction(session):
                ask(session, "export", str(number), asked_by="sweep", connector_number=number)
    return len(begun)


def keep_logins_alive(outside: Outside) -> int:
    """Ask for the daily sign of life of the logins that had none for a day; how many."""
    due = grants.keep_alive_due(outside)
    with outside.sessions() as session:
        for one in due:
            with company_scope(one.company_id), database.transaction(session):
                ask(
                    session,
                    "keep-alive",
                    str(one.connector_number),
                    asked_by="sweep",
                    connector_number=one.connector_number,
                    sooner=False,
                )
    return len(due)
