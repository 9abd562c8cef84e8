"""Opening an export: the number is reserved when a journal is released, before anything is sent.

Invariants: one live export per journal; the number, the division and the journal code stand fixed
from here on; a journal that the books would refuse is not opened but gets a problem.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.companies.language import company_language
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.lanes import lane_key
from retailvista.connectors.masters import stored_master
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.connectors.port import MasterData, Period
from retailvista.errors import Refused
from retailvista.journals import claiming
from retailvista.journals.entries import journal_rows, ledger_journal
from retailvista.journals.evidence import EXPORT
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.numbering import claim_seat, posting_key, reserve_entry_number
from retailvista.journals.prechecks import Target, findings
from retailvista.ledger.problem import Problem


def open_export(session: Session, journal: JournalRow, connector: Connector, actor: str) -> Export:
    """The export of a journal, with its number; Refused says what the books would refuse.

    Called inside the transaction that releases the journal.
    """
    assert session.in_transaction(), "the number belongs to the transaction of the release"
    period = _checked(session, journal, connector)
    seat = claim_seat(session, connector)
    return _new_export(session, journal, connector, seat, period, actor)


def _checked(session: Session, journal: JournalRow, connector: Connector) -> Period:
    master = stored_master(session, connector)
    if master is None:
        raise Refused(
            f"The master data of connector {connector.number} are not there yet. Test the"
            " connector first."
        )
    start = session.scalar(select(Company.post_from).where(Company.id == scoped_company_id()))
    if start is None or journal.business_date < start:
        raise Refused(
            f"The day {journal.business_date} lies before the start date of posting. Set the"
            " start date on the company."
        )
    problems = problems_of(session, journal, connector, master)
    if problems:
        language = company_language(session)
        raise Refused(" ".join(problem.in_full(language) for problem in problems))
    period = master.period_of(journal.business_date)
    assert period is not None, "the checks found a period"
    return period


def problems_of(
    session: Session, journal: JournalRow, connector: Connector, master: MasterData
) -> list[Problem]:
    """Why the books would refuse this journal, by these master data; for previews as well."""
    row, lines, store = journal_rows(session, journal.id)
    target = Target(connector.journal_code, connector.vat_mode)
    return findings(ledger_journal(row, lines, store), target, master)


def _new_export(
    session: Session,
    journal: JournalRow,
    connector: Connector,
    seat: PostingSeat,
    period: Period,
    actor: str,
) -> Export:
    assert connector.division is not None, "the seat checked the division"
    now = db.now(session)
    export = Export(
        journal_id=journal.id,
        connector_id=connector.id,
        seat_id=seat.id,
        lane_key=lane_key(connector.site, connector.client_id, connector.division),
        site=connector.site,
        division=connector.division,
        journal_code=connector.journal_code,
        year=period.year,
        period=period.period,
        entry_number=reserve_entry_number(session, seat, period.year),
        posting_key=posting_key(session, journal.sequence),
        expected={},
        not_before=now,
        created_at=now,
    )
    session.add(export)
    session.flush()
    audit.record(
        session,
        actor,
        "export opened",
        f"journal {journal.sequence}",
        entry_number=export.entry_number,
        division=export.division,
        journal_code=export.journal_code,
    )
    return export


def close_export(session: Session, journal_id: int) -> bool:
    """End the export of a journal of which nothing is or may be in the books; for withdrawals.

    False when there is none; Refused when something was sent.
    """
    export = session.scalar(
        select(Export)
        .where(Export.journal_id == journal_id, Export.live)
        .execution_options(populate_existing=True)
    )
    if export is None:
        return False
    # Conditional, so that a worker who claims at this moment wins or loses, never both.
    ended = claiming.change(
        session,
        (
            EXPORT.c.id == export.id,
            EXPORT.c.attempt == export.attempt,
            EXPORT.c.state.in_((claiming.READY, claiming.REJECTED)),
            EXPORT.c.sent_at.is_(None),
        ),
        live=False,
        attempt=export.attempt + 1,
    )
    if not ended:
        raise Refused("The journal was sent, or is being sent. Reverse it instead.")
    session.expire(export)
    return True
