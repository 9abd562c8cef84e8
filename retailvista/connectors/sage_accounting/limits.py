"""Sage's limits: no headers tell what is left; a 429 says in Retry-After when it ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from retailvista.connectors.port import Limits, Reply


def read_limits(_reply: Reply) -> Limits:
    """Nothing is known before a 429 comes; our own ceiling is in the budget."""
    return Limits()


def throttled_until(reply: Reply) -> datetime | None:
    """When a 429 ends: seconds, or a date. None: the lane's own ladder decides."""
    text = reply.headers.get("retry-after", "").strip()
    if reply.status != 429 or not text or reply.answered_at is None:
        return None
    if text.isdigit():
        return reply.answered_at + timedelta(seconds=int(text))
    try:
        named = parsedate_to_datetime(text)
    except ValueError:
        return None
    return named if named.tzinfo is not None else None
