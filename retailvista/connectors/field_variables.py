"""[variables] in the fields of connectors, and the words for them that flows use too.

Three levels: the operator's hold for every company, the company's own go before them, built-in
ones are never overruled. A name that no level knows is an error that says where it stands; it
never becomes an empty text. Secrets take no variables: values of variables are shown on screens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.models import Connector
from retailvista.errors import Refused

IN_TEXT = re.compile(r"\[([A-Za-z][A-Za-z0-9_.]{0,79})\]")
OPERATOR, COMPANY, BUILT_IN = "operator", "company", "built in"
BUILT_IN_NAMES = {
    "company.number": "The number of the company.",
    "company.alias": "The alias of the company.",
    "company.name": "The name of the company.",
    "connector.number": "The number of this connector.",
}
# Named by its table: the company's variables are kept in a layer above.
VARIABLE = table("variable", column("company_id"), column("name"), column("value"))


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


def by_level(
    session: Session, operators: Mapping[str, str], connector: Connector
) -> list[tuple[str, str, str]]:
    """Name, level and value of every variable a field may use. The caller's transaction."""
    company_id = scoped_company_id()
    own = session.execute(
        select(VARIABLE.c.name, VARIABLE.c.value).where(VARIABLE.c.company_id == company_id)
    )
    found = {name: (OPERATOR, value) for name, value in operators.items()}
    found |= {name: (COMPANY, value) for name, value in own}
    company = session.scalars(select(Company).where(Company.id == company_id)).one()
    built_in = {
        "company.number": str(company.number),
        "company.alias": company.alias or "",
        "company.name": company.name,
        "connector.number": str(connector.number),
    }
    assert built_in.keys() == BUILT_IN_NAMES.keys(), "each built-in variable is explained"
    found |= {name: (BUILT_IN, value) for name, value in built_in.items()}
    return [(name, *found[name]) for name in sorted(found)]


def known_to(
    session: Session, operators: Mapping[str, str], connector: Connector
) -> dict[str, str]:
    """Every name with its value. The caller's transaction."""
    return {name: value for name, _level, value in by_level(session, operators, connector)}
