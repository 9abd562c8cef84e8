"""A business of Sage as a division of ours: its id is a text, our division is a number.

The number is made from the id, so every installation finds the same one; the id is found again by
asking which businesses the login sees (docs/decisions/0010). What was found is kept by the process:
it follows from the id alone, so it can never become wrong.
"""

from __future__ import annotations

import hashlib

from retailvista.connectors.port import Division, Session, Wire
from retailvista.connectors.sage_accounting.client import object_of, rows_of
from retailvista.connectors.sage_accounting.reading import Row, nested, words
from retailvista.errors import Refused

# Base currencies are asked for one by one, so only where a login sees few businesses.
CURRENCIES_ASKED = 10
HIGHEST = 2**31 - 1


def division_of(business_id: str) -> int:
    """The division number of a business: positive, 31 bits, the same everywhere.

    >>> division_of("0d40342d0287cd6b13555c54afca6c90")
    194413109
    """
    digest = hashlib.sha256(business_id.encode()).digest()
    return int.from_bytes(digest[:4], "big") & HIGHEST or 1


class Businesses:
    """The ids behind division numbers, by site."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, int], str] = {}

    def known(self, session: Session) -> str:
        """The business of a session, if it was asked for before; no call is made."""
        return self._ids.get((session.site, session.division), "")

    def id_of(self, wire: Wire, session: Session) -> str:
        """The business of a session. Refused when the login does not see it."""
        if not self.known(session):
            self._learn(wire, session)
        if not self.known(session):
            raise Refused(
                f"This login has no access to division {session.division} in Sage.",
                http_status=403,
            )
        return self.known(session)

    def listed(self, wire: Wire, session: Session) -> list[Division]:
        """Every business this login sees, with its base currency where they are few."""
        rows = self._learn(wire, session)
        asked = len(rows) <= CURRENCIES_ASKED
        found = [
            Division(
                code=division_of(words(row["id"])),
                name=words(row.get("displayed_as")),
                currency=_currency(wire, session, words(row["id"])) if asked else "",
                country=nested(row, "country"),
            )
            for row in rows
        ]
        return sorted(found, key=lambda division: division.name)

    def _learn(self, wire: Wire, session: Session) -> list[Row]:
        rows = rows_of(wire, session, "", "businesses", attributes="all")
        for row in rows:
            id_ = words(row["id"])
            place = (session.site, division_of(id_))
            if self._ids.setdefault(place, id_) != id_:
                raise Refused(
                    f"Two businesses in Sage have the division number {place[1]}. Give one of"
                    " them to a login of its own.",
                )
        return rows


def _currency(wire: Wire, session: Session, business: str) -> str:
    found, _ = object_of(wire, session, business, "financial_settings")
    return nested(found, "base_currency")
