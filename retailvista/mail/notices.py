"""Notices: deciding which mails are due, and writing each once, with its text.

A notice is a row, unique per company, key and recipient, written in one transaction with the look
at the grant that decided it: looked at again it is there already. The key of an expiry warning
holds connector, grant, valid-until cycle and threshold, so a renewal starts anew, and a warning
of a cycle that is over is dropped before it is sent. A provider's outage changes no grant, so it
causes no mail.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies.addresses import public_url
from retailvista.companies.models import Company, Membership, User, WarningRecipient
from retailvista.companies.scope import across_companies, company_scope
from retailvista.config import Settings
from retailvista.connectors import expiry
from retailvista.connectors.models import Connector, Grant, Notice
from retailvista.connectors.outside import Outside
from retailvista.mail import texts

EXPIRY, LOGIN = "expiry", "login"
SHOWN_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A mail that the state of a grant calls for, before it is known who reads it."""

    key: str
    template: str
    values: dict[str, str]


def decide(outside: Outside, settings: Settings) -> int:
    """Look at every grant and write the notices that are due; how many are new."""
    written = 0
    with outside.sessions() as session:
        with across_companies(), database.reading(session):
            companies = session.scalars(
                select(Grant.company_id).where(Grant.valid_until.is_not(None)).distinct()
            ).all()
        for company_id in companies:
            with company_scope(company_id):
                with database.reading(session):
                    missing = _missing(session, settings, company_id)
                    stale = _stale(session)
                if missing or stale:
                    with database.transaction(session):
                        written += _write(session, settings, company_id)
    return written


def wanted(session: Session, settings: Settings, company: Company) -> list[Wanted]:
    """Every mail that the grants of the company in scope call for now, sent or not."""
    now = database.now(session)
    rows = session.execute(
        select(Connector, Grant)
        .join(Grant, Grant.id == Connector.grant_id)
        .where(Connector.draft.is_(False), Connector.deleted_at.is_(None))
        .order_by(Connector.number)
    )
    found: list[Wanted] = []
    for connector, grant in rows:
        values = _values(settings, company, connector, grant, now)
        if _login_is_gone(grant):
            since = f"{grant.login_needed_at:%Y-%m-%dT%H:%M:%S}"
            found.append(
                Wanted(f"{LOGIN}|{connector.number}|{grant.id}|{since}", "login-needed", values)
            )
            continue
        found += [
            Wanted(
                f"{EXPIRY}|{connector.number}|{grant.id}|{warning.cycle}|{warning.threshold}",
                "expires" if warning.threshold else "expired",
                values,
            )
            for warning in expiry.warnings_due(grant.valid_until, now)
        ]
    return found


def _login_is_gone(grant: Grant) -> bool:
    """Login needed before the end of its life; at its end the expiry mail says it."""
    return grant.login_needed_at is not None and (
        grant.valid_until is None or grant.login_needed_at < grant.valid_until
    )


def _values(
    settings: Settings, company: Company, connector: Connector, grant: Grant, now: datetime
) -> dict[str, str]:
    until = grant.valid_until
    return {
        "company": company.name,
        "number": str(connector.number),
        "connector": connector.name or connector.provider,
        "division": connector.division_name,
        "user": grant.provider_user_name,
        "days": str(expiry.days_left(until, now)),
        "date": f"{until.astimezone(SHOWN_ZONE):%d-%m-%Y %H:%M}" if until else "",
        "why": grant.login_needed_why,
        "url": public_url(settings, company.alias, f"/connectors/{connector.number}"),
    }


def _company(session: Session, company_id: int) -> Company:
    return session.scalars(select(Company).where(Company.id == company_id)).one()


def _missing(session: Session, settings: Settings, company_id: int) -> bool:
    keys = {one.key for one in wanted(session, settings, _company(session, company_id))}
    if not keys:
        return False
    known = set(session.scalars(select(Notice.notice_key).where(Notice.notice_key.in_(keys))))
    return bool(keys - known)


def _cycles(session: Session) -> set[str]:
    """Grant and cycle of every warning that would still be true."""
    grants = session.execute(
        select(Grant.id, Grant.valid_until, Grant.login_needed_at)
        .where(Grant.valid_until.is_not(None))
    )  # fmt: skip
    return {
        f"{grant_id}|{expiry.ExpiryWarning(0, until).cycle}" for grant_id, until, _needed in grants
    }


def _stale(session: Session) -> list[int]:
    """Unsent warnings of cycles that are over: the login was renewed meanwhile."""
    unsent = session.execute(
        select(Notice.id, Notice.notice_key)
        .where(Notice.sent_at.is_(None), Notice.notice_key.startswith(f"{EXPIRY}|"))
    )  # fmt: skip
    living = _cycles(session)
    return [row_id for row_id, key in unsent if "|".join(key.split("|")[2:4]) not in living]


def _write(session: Session, settings: Settings, company_id: int) -> int:
    company = _company(session, company_id)
    stale = _stale(session)
    if stale:
        session.execute(delete(Notice).where(Notice.id.in_(stale)))
    written = 0
    readers = recipients(session)
    for one in wanted(session, settings, company):
        known = set(session.scalars(select(Notice.recipient).where(Notice.notice_key == one.key)))
        for email, language in readers:
            if known:
                break  # decided before; who was added since is told by the next threshold
            session.add(_notice(session, settings, company, one, email, language))
            written += 1
    session.flush()
    return written


def recipients(session: Session) -> list[tuple[str, str]]:
    """Who is warned in the company in scope, with his language: else its administrators."""
    named = session.execute(
        select(WarningRecipient.email, WarningRecipient.language).order_by(WarningRecipient.email)
    ).all()
    if named:
        return [(email, language) for email, language in named]
    administrators: Iterable[tuple[str, str]] = session.execute(
        select(User.email, User.language)
        .join(Membership, Membership.user_id == User.id)
        .where(Membership.role == "administrator", User.blocked_at.is_(None))
        .order_by(User.email)
    ).tuples()
    return [(email, language) for email, language in administrators]


def _notice(
    session: Session, settings: Settings, company: Company, one: Wanted, email: str, language: str
) -> Notice:
    mark = hashlib.sha256(f"{company.id}|{one.key}|{email}".encode()).hexdigest()[:32]
    return Notice(
        notice_key=one.key,
        recipient=email,
        language=language,
        subject=texts.subject(one.template, language, one.values),
        body=texts.body(one.template, language, one.values),
        message_id=f"<{mark}@{settings.base_host}>",
        created_at=database.now(session),
    )
