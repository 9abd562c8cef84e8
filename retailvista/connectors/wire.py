"""One HTTP request and what came of it: the values between providers and the one door out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from retailvista.vault import Secret


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. `deadline_seconds` bounds it in total, socket closed at the end."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    deadline_seconds: float = 30.0
    secret_headers: Mapping[str, Secret] = field(default_factory=dict)
    secret_form: Mapping[str, Secret] = field(default_factory=dict)
    # By the proxy of the installation; and to an address that somebody entered, outside our
    # own network only.
    by_proxy: bool = False
    free: bool = False


class Sending(Enum):
    """How far a call came. NOT_SENT is certain: no byte of the request left this host."""

    ANSWERED = "answered"
    NOT_SENT = "not sent"
    NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `requested_at` and `answered_at` are UTC; header names are lower case."""

    sending: Sending
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    requested_at: datetime | None = None
    answered_at: datetime | None = None
    problem: str = ""


class Wire(Protocol):
    """Sends one call, once. Never repeats, never follows redirects, never raises for HTTP."""

    def send(self, call: Call) -> Reply: ...


@dataclass(frozen=True, slots=True)
class WayWire:
    """A wire whose calls go the way that a connector says."""

    inner: Wire
    by_proxy: bool
    free: bool

    def send(self, call: Call) -> Reply:
        """Send it that way."""
        return self.inner.send(replace(call, by_proxy=self.by_proxy, free=self.free))


def way_for(wire: Wire, *, by_proxy: bool, free: bool) -> Wire:
    """The wire itself where nothing is special."""
    return WayWire(wire, by_proxy, free) if by_proxy or free else wire


@dataclass(frozen=True, slots=True)
class Limits:
    """What an answer says about the provider's own limits; None where it says nothing."""

    minute_limit: int | None = None
    minute_remaining: int | None = None
    minute_reset_at: datetime | None = None
    day_limit: int | None = None
    day_remaining: int | None = None
    day_reset_at: datetime | None = None
