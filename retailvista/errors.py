"""Every error RetailVista raises on purpose, and who has to act on it.

An error class answers two questions: did the thing happen, and who moves next.
Problems of the user's data are not here: they are values in a list (ledger.problem).
Bugs are not here either: a broken invariant is an AssertionError and nobody catches it.
"""

from __future__ import annotations

from datetime import datetime


class RetailVistaError(Exception):
    """Base of all expected failures. The message is fit to be shown to a user.

    `said` carries the provider's own words, `http_status` its answer, when there are any.
    """

    def __init__(self, message: str = "", *, said: str = "", http_status: int = 0) -> None:
        super().__init__(message or (self.__doc__ or "").split("\n", 1)[0])
        self.said = said
        self.http_status = http_status


class Refused(RetailVistaError):
    """It did not happen, and will not until a person changes something."""


class NotFound(Refused):
    """There is no such thing in this company."""


class NotAllowed(Refused):
    """The role or the licence does not permit this."""


class BadSetting(Refused):
    """A setting is missing or wrong; the message names it."""


class Later(RetailVistaError):
    """It did not happen. Try again at `not_before` (UTC)."""

    def __init__(
        self, message: str = "", *, not_before: datetime, said: str = "", http_status: int = 0
    ) -> None:
        super().__init__(message, said=said, http_status=http_status)
        self.not_before = not_before


class Unknown(RetailVistaError):
    """It may have happened. Look before doing it again."""


class LoginNeeded(RetailVistaError):
    """It did not happen. The grant is gone; a person must log in again at the connector."""
