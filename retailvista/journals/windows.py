"""Z control of a store day: every Z report made on the day against the receipts of its window.

Invariant: a check that lacks data says 'unknown' (niet vast te stellen), never 'passed'. A Z
control is shown and stops nothing: till suppliers count differently, the receipts are the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from retailvista.journals.day_receipts import StoreRef, receipts_since, z_reports_around
from retailvista.ledger.declaration import WindowCheck, control
from retailvista.ledger.receipt import Receipt


def window_checks(
    session: Session, store: StoreRef, on: date, receipts: Sequence[Receipt]
) -> list[dict[str, Any]]:
    """The checks of the Z reports of this day, JSON-able, inside the caller's transaction.

    `receipts` are those of the day; earlier ones of a window that spans days are fetched.
    """
    reports = z_reports_around(session, store.id, on)
    if not reports:
        return []
    previous = {report.register: report.at for report in reports if report.on < on}
    earlier = receipts_since(session, store, previous, on)
    checks = control([*earlier, *receipts], reports)
    return [check_json(check) for check in checks if check.at[:10] == on.isoformat()]


def check_json(check: WindowCheck) -> dict[str, Any]:
    """One check as kept with the day and the journal; amounts in minor units."""
    return {
        "what": check.what,
        "result": check.result.name.lower(),
        "expected": check.expected,
        "found": check.found,
        "register": check.register,
        "z": check.z_number,
        "at": check.at,
        "receipts": check.receipts,
    }
