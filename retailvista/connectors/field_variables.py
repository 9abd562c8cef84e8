"""[variables] in the fields of connectors, and the words for them that flows use too.

Three levels: the operator's hold for every company (RV_VARIABLE_<NAME>), the company's own go
before them, built-in ones are never overruled. Invariant: a name that no level knows is an error
that says where it stands; it never becomes an empty text. Secrets take no variables: values of
variables are shown on screens.
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
OPERATOR, COMPANY, BUILT_IN = "operator", "company", "built in"
BUILT_IN_NAMES = {
    "company.number": "The number of the company.",
    "company.alias": "The alias of the company.",
    "company.name": "The name of the company.",
    "connector.number": "The number of this connector.",
}


def has_variable(text: str) -> bool:
    """Whether something is to be filled in."""
    return IN_TEXT.search(text) is not None


def filled(text: str, known: Mapping[str, str], place: str) -> str:
    """The text with its variables filled in. Refused names one that nobody knows, and where."""

    def value(found: re.Match[str]) -> str:
        name = found[1].lower()
        if name not in known:
            raise Refused(f"There is no variable [{found[1]}], which is used in {place}.")
        return known[name]

    return IN_TEXT.sub(value, text)


def filled_mapping(
    values: Mapping[str, str], known: Mapping[str, str], place: str
) -> dict[str, str]:
    """Every value of a mapping, filled in."""
    return {name: filled(text, known, f"{place}.{name}") for name, text in values.items()}


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


def by_level(
    session: Session, operators: Mapping[str, str], connector_number: int
) -> list[tuple[str, str, str]]:
    """Name, level and value of every variable a field may use. The caller's transaction."""
    company = session.scalars(select(Company).where(Company.id == scoped_company_id())).one()
    built_in = company_names(company) | {"connector.number": str(connector_number)}
    assert built_in.keys() == BUILT_IN_NAMES.keys(), "each built-in variable is explained"
    levels = ((OPERATOR, operators), (COMPANY, own_variables(session)), (BUILT_IN, built_in))
    found = {name: (level, value) for level, at in levels for name, value in at.items()}
    return [(name, *found[name]) for name in sorted(found)]


def known_to(
    session: Session, operators: Mapping[str, str], connector_number: int
) -> dict[str, str]:
    """Every name with its value. The caller's transaction."""
    return {name: value for name, _level, value in by_level(session, operators, connector_number)}
