"""[variables] in settings of connectors and flows: a company's own, and putting them in.

The operator's hold for every company (RV_VARIABLE_<NAME>), the company's own go before them, and
built-in ones are never overruled. Invariant: a name that no level knows is an error that says
where it stands; it never becomes an empty text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.models import Variable
from retailvista.errors import Refused

IN_TEXT = re.compile(r"\[([A-Za-z][A-Za-z0-9_.]{0,79})\]")


def known_in_settings(
    session: Session, operators: Mapping[str, str], connector_number: int
) -> dict[str, str]:
    """Every name with its value for the settings of a connector. The caller's transaction."""
    company = session.scalars(select(Company).where(Company.id == scoped_company_id())).one()
    built_in = company_names(company) | {"connector.number": str(connector_number)}
    return {**operators, **own_variables(session), **built_in}


def own_variables(session: Session) -> dict[str, str]:
    """Those of the company in scope. The caller's transaction."""
    return {row.name: row.value for row in session.scalars(select(Variable))}


def company_names(company: Company) -> dict[str, str]:
    """What is built in for every text of a company."""
    return {
        "company.number": str(company.number),
        "company.alias": company.alias or "",
        "company.name": company.name,
    }


def filled(text: str, known: Mapping[str, str], place: str) -> str:
    """The text with its variables filled in. Refused names one that nobody knows, and where."""

    def value(found: re.Match[str]) -> str:
        name = found[1].lower()
        if name not in known:
            raise Refused(f"There is no variable [{found[1]}], which is used in {place}.")
        return known[name]

    return IN_TEXT.sub(value, text)
