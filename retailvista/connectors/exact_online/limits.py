"""Exact's rate headers: resets are UTC epoch milliseconds; each family can be missing.

On a 429 of the minute only the minute's headers are there, on a 429 of the day only the day's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from retailvista.connectors.port import Limits, Reply

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_limits(reply: Reply) -> Limits:
    """What the headers say; None for what they do not."""
    read = reply.headers.get
    return Limits(
        minute_limit=_whole(read("x-ratelimit-minutely-limit")),
        minute_remaining=_whole(read("x-ratelimit-minutely-remaining")),
        minute_reset_at=_instant(read("x-ratelimit-minutely-reset")),
        day_limit=_whole(read("x-ratelimit-limit")),
        day_remaining=_whole(read("x-ratelimit-remaining")),
        day_reset_at=_instant(read("x-ratelimit-reset")),
    )


def throttled_until(reply: Reply) -> datetime | None:
    """When a 429 ends as far as its headers say. None: the lane's own ladder decides."""
    limits = read_limits(reply)
    if limits.day_remaining == 0 and limits.day_reset_at is not None:
        return limits.day_reset_at
    if limits.minute_remaining == 0:
        return limits.minute_reset_at or _next_minute(reply.answered_at)
    return None


def _next_minute(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.strip().isdigit() else None


def _instant(text: str | None) -> datetime | None:
    milliseconds = _whole(text)
    # Beyond the year 2100 it is no reset but a broken header.
    if milliseconds is None or milliseconds > 4_102_444_800_000:
        return None
    return EPOCH + timedelta(milliseconds=milliseconds)
