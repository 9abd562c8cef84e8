"""Exact's JSON to our values: doubles to minor units, padded codes, dates in epoch clothing.

Invariants: numbers are read from their text as Decimal, never through a binary double; codes are
trimmed; `/Date(ms)/` is the local wall clock read as if it were UTC, so its date is its date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from retailvista.connectors import json_bodies
from retailvista.connectors.port import Reply, StoredEntry, StoredLine
from retailvista.ledger.money import round_half_up

Row = Mapping[str, Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WIRE_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")


def read_json(reply: Reply) -> dict[str, Any] | None:
    """The JSON object of an answer, or None: maintenance pages come with every status."""
    if "json" not in reply.headers.get("content-type", "").lower():
        return None
    try:
        value = json_bodies.read(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def read_rows(value: Mapping[str, Any]) -> tuple[list[Row], str] | None:
    """Rows and address of the next page; both list shapes; None when it is neither."""
    content = value.get("d")
    if isinstance(content, list):
        return content, ""
    if isinstance(content, dict) and isinstance(content.get("results"), list):
        return content["results"], str(content.get("__next") or "")
    return None


def read_single(value: Mapping[str, Any]) -> Row | None:
    """The one row of a POST or of a key address."""
    content = value.get("d")
    return content if isinstance(content, dict) and "results" not in content else None


def error_text(reply: Reply) -> str | None:
    """The text of Exact's error body, None when the answer is not one."""
    value = read_json(reply)
    error = value.get("error") if value else None
    message = error.get("message") if isinstance(error, dict) else None
    found = message.get("value") if isinstance(message, dict) else None
    return found if isinstance(found, str) else None


def words(value: object) -> str:
    """A text or code without its padding; null is empty."""
    return "" if value is None else str(value).strip()


def whole(value: object) -> int:
    """An integer, also as Int64 text or as a double; null is 0."""
    return 0 if value in (None, "") else int(Decimal(str(value)))


def minor(value: object) -> int:
    """Minor units of an amount; what a double adds behind the cents is rounded away.

    >>> minor(Decimal("0.30000000000000004")), minor(None), minor("-12.5")
    (30, 0, -1250)
    """
    return 0 if value in (None, "") else round_half_up(Decimal(str(value)))


def basis_points(value: object) -> int:
    """Hundredths of a percent; Exact gives percentages as fractions.

    >>> basis_points(Decimal("0.21")), basis_points(Decimal("0.055"))
    (2100, 550)
    """
    return 0 if value in (None, "") else int((Decimal(str(value)) * 10_000).to_integral_value())


def truth(value: object) -> bool:
    """Exact has booleans and bytes for the same thing."""
    return value in (True, 1, "1", "true", "True")


def day(value: object) -> date | None:
    """The date of `/Date(ms)/` or of an ISO text; null and the far ends of time are None."""
    if not isinstance(value, str) or not value:
        return None
    found = WIRE_DATE.fullmatch(value)
    try:
        if found:
            return (EPOCH + timedelta(milliseconds=int(found[1]))).date()
        return date.fromisoformat(value[:10])
    except (OverflowError, ValueError):
        return None


def stored_line(row: Row) -> StoredLine:
    """A line as found in the books."""
    return StoredLine(
        gl_code=words(row.get("GLAccountCode")),
        amount=minor(row.get("AmountFC")),
        vat_code=words(row.get("VATCode")),
        vat_amount=minor(row.get("AmountVATFC")),
        vat_type=words(row.get("VATType")),
        description=words(row.get("Description")),
        cost_centre=words(row.get("CostCenter")),
        on=day(row.get("Date")),
        line_number=whole(row.get("LineNumber")),
        gl_id=words(row.get("GLAccount")),
    )


def stored_entry(row: Row, lines: list[Row] | None) -> StoredEntry:
    """An entry from its header row and its lines; header rows of the sync feed are left out."""
    found = None
    if lines is not None:
        read = (stored_line(line) for line in lines)
        found = tuple(
            sorted((line for line in read if line.line_number != 0), key=lambda x: x.line_number)
        )
    return StoredEntry(
        external_id=words(row.get("EntryID")),
        entry_number=whole(row.get("EntryNumber")),
        division=whole(row.get("Division")),
        journal_code=words(row.get("JournalCode")),
        year=whole(row.get("FinancialYear")),
        period=whole(row.get("FinancialPeriod")),
        lines=found,
        status=whole(row.get("Status")),
    )
