"""A day's entry to send to the sandbox, and a session with its books."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from retailvista.connectors.grants import usable_token
from retailvista.connectors.port import EntryToBook, LineToBook, Session
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF

KEY = "RV.5f2d.1.7"
DAY = date(2026, 3, 14)

ENTRY = EntryToBook(
    division=GROENHOF,
    journal_code="91",
    entry_number=26_000_001,
    year=2026,
    period=3,
    on=DAY,
    currency="EUR",
    lines=(
        LineToBook("1210", 12100, "", 0, f"Ontvangen PIN {KEY}"),
        LineToBook("8220", -10000, "2", -2100, f"Omzet hardware 21% {KEY}"),
    ),
)


def numbered(number: int, lines: int = 2) -> EntryToBook:
    """The same day under another number, with so many lines sent."""
    extra = tuple(
        LineToBook("1210", sign * 100, "", 0, f"Ontvangen {n} {KEY}")
        for n in range((lines - 2) // 2)
        for sign in (1, -1)
    )
    return replace(ENTRY, entry_number=number, lines=ENTRY.lines + extra)


def session_of(side: Side) -> Session:
    """The connector's session with a token that lives."""
    token = usable_token(side.outside, side.connector().id)
    return Session(side.sandbox.url, GROENHOF, token.secret)
