"""Safety nets for every test: no network, no mail, time that moves only when told, no skips.

Fixtures for the application, the database and the sandbox live in the folders that use them.
"""

from __future__ import annotations

import ipaddress
import os
import smtplib
import sys
import threading
import uuid
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import structlog
from hypothesis import settings

# Several engines share the machine, so no deadline; where nobody looks on, the same examples.
settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")

# Traces without the values of local variables: a secret that a test made may be among them.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)

START = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


class TestClock:
    """A clock that stands still until a test moves it; sleeping moves it too."""

    __test__ = False

    def __init__(self, start: datetime = START) -> None:
        assert start.tzinfo is not None, "a clock tells aware instants"
        self._now = start.astimezone(UTC)
        self._monotonic = 1000.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def monotonic(self) -> float:
        with self._lock:
            return self._monotonic

    def sleep(self, seconds: float) -> None:
        self.move(seconds=seconds)

    def move(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Let time pass, for the wall clock and the stopwatch alike."""
        step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        assert step >= timedelta(0), "time does not run backwards; see jump()"
        with self._lock:
            self._now += step
            self._monotonic += step.total_seconds()
            return self._now

    def jump(self, to: datetime) -> None:
        """Set the wall clock alone, as an administrator or a paused machine would."""
        assert to.tzinfo is not None, "a clock tells aware instants"
        with self._lock:
            self._now = to.astimezone(UTC)


@pytest.fixture
def clock() -> TestClock:
    """Time for this test: 14 March 2026, 09:00 UTC, until `clock.move(days=29)`."""
    return TestClock()


@pytest.fixture
def frozen_clock(clock: TestClock) -> TestClock:
    """The same clock, for tests that say in their arguments that time stands still."""
    return clock


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The throwaway PostgreSQL that `make test` starts. Missing means failed, never skipped."""
    url = os.environ.get("RV_TEST_POSTGRES_URL")
    assert url, "run by `make test`, or: scripts/test-services .venv/bin/python -m pytest ..."
    return url


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database of this test's own, gone afterwards."""
    server, _, _ = postgres_url.replace("+psycopg", "").rpartition("/")
    name = f"rv_{uuid.uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{postgres_url.rpartition('/')[0]}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of headless Chromium, as `make test` found or installed it."""
    path = os.environ.get("RV_TEST_CHROMIUM")
    assert path, "run by `make test`, or: scripts/test-services .venv/bin/python -m pytest ..."
    return path


class Outside(BaseException):
    """A test reached for the world. Not an Exception, so that no handler can swallow it."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost") or str(host).endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(host).split("%", 1)[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _guard(event: str, args: tuple[object, ...]) -> None:
    """Python tells every audit hook before a socket connects or a name is resolved."""
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        if isinstance(address, tuple) and not _is_loopback(address[0]):
            raise Outside(f"A test reached for {address[0]}: only this machine may be reached.")
    elif event == "socket.getaddrinfo" and not _is_loopback(args[0]):
        raise Outside(f"A test looked up {args[0]!r}: no name outside this machine is needed.")


# A hook cannot be removed again, which is the point: it also holds between tests.
sys.addaudithook(_guard)


@pytest.fixture(autouse=True)
def no_network() -> None:
    """Names the net that `_guard` spreads for the whole session, threads included."""


@pytest.fixture(autouse=True)
def no_mail(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """SMTP is refused, except in a test marked `mail`, which runs a server of its own."""
    if request.node.get_closest_marker("mail"):
        return

    def refuse(*args: object, **kwargs: object) -> None:
        raise Outside("A test tried to send mail by SMTP; mark it `mail` or use the file outbox.")

    monkeypatch.setattr(smtplib.SMTP, "connect", refuse)


def _as_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"A skipped test shows nothing, so it counts as failed: {report.longrepr}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _as_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _as_failure(report)
    return report


@pytest.fixture
def outside() -> type[Outside]:
    """The error of the safety nets, for the tests of the nets themselves."""
    return Outside
