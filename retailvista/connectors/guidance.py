"""What the screens tell people about a provider: how to begin there, and what it needs besides.

Texts are English and translated by whoever shows them; each provider has its own as data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# How a connector logs in. `full` is the login of the app itself, with renewal; `refresh` renews
# tokens that were entered by hand; `token` uses one access token until it ends.
FULL, REFRESH, TOKEN = "full", "refresh", "token"
NO_LOGIN, BASIC = "none", "basic"
MODES = (FULL, REFRESH, TOKEN, NO_LOGIN, BASIC)


@dataclass(frozen=True, slots=True)
class AdvancedKey:
    """A property for the table of advanced settings. `fits` says whether a value will do."""

    name: str
    text: str
    fits: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Guidance:
    """The panel's summary and search words; the steps of registering; what else is needed."""

    summary: str
    words: str = ""
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    app_url: str = ""
    links: tuple[tuple[str, str], ...] = ()
    site_hint: str = ""
    journal_hint: str = ""
    vat_hint: str = ""


def whole_between(low: int, high: int) -> Callable[[str], bool]:
    """A check for a number within bounds, inclusive.

    >>> whole_between(1, 200)("60"), whole_between(1, 200)("0"), whole_between(1, 200)("x")
    (True, False, False)
    """

    def fits(text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) < 10 and low <= int(text) <= high

    return fits
