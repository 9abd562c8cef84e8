"""The language of the company in scope, for sentences that are kept and read later.

Invariant: 'nl' or 'en'; what is computed while somebody reads it uses the reader's own language.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id


def company_language(session: Session) -> str:
    """Inside the caller's transaction or reading."""
    found = session.scalar(select(Company.language).where(Company.id == scoped_company_id()))
    return found if found in ("nl", "en") else "nl"
