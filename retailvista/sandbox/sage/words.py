"""Sage's answers: JSON as its API writes it, errors as a list, and the headers of every answer.

Invariant: an error is a list of objects with $severity, $dataCode, $message and $source; every
answer carries the server's Date, and a request id to quote.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from retailvista.sandbox.answers import Answer

JSON = ("Content-Type", "application/json; charset=utf-8")


class SageRefusal(Exception):
    """The request ends here, with this status and code."""

    def __init__(
        self, status: int, code: str, message: str, source: str = "", retry_after: int = 0
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.source = source
        self.retry_after = retry_after


def answered(status: int, value: Any, now: datetime, request_id: str) -> Answer:
    """A JSON answer; 204 has no body."""
    body = b"" if status == 204 else json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, [JSON, *_head(now, request_id)])


def refused(refusal: SageRefusal, now: datetime, request_id: str) -> Answer:
    """The list of errors; a 429 names when it ends."""
    error = {
        "$severity": "error",
        "$dataCode": refusal.code,
        "$message": str(refusal),
        "$source": refusal.source,
    }
    answer = answered(refusal.status, [error], now, request_id)
    if refusal.retry_after:
        answer.headers.append(("Retry-After", str(refusal.retry_after)))
    return answer


def _head(now: datetime, request_id: str) -> list[tuple[str, str]]:
    return [("Date", format_datetime(now, usegmt=True)), ("X-Request-Id", request_id)]


def instant(seconds: float) -> str:
    """A moment as Sage writes it, in whole seconds.

    >>> instant(0.9)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def amount(value: Decimal) -> str:
    """An amount as a text with at least one decimal, as in the examples of Sage's guides.

    >>> amount(Decimal("12.50")), amount(Decimal("1500")), amount(Decimal("0.05"))
    ('12.5', '1500.0', '0.05')
    """
    text = f"{value:.2f}"
    return text[:-1] if text.endswith("0") else text
