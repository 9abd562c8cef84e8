"""Where a store may lie: in a country whose VAT rates we know.

Invariant: no store is added elsewhere, and nothing is built for one that is there already.
"""

from __future__ import annotations

from retailvista.errors import Refused
from retailvista.ledger.vat import COUNTRIES


def check_country(country: str) -> None:
    """Refused where the VAT of receipts could not be checked."""
    if country not in COUNTRIES:
        raise Refused(
            f"RetailVista does not know the VAT rates of the country {country!r}. A store lies in"
            f" one of these: {', '.join(COUNTRIES)}."
        )
