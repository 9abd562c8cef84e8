"""The nets of conftest.py really hold: each is shown something that it must catch."""

from __future__ import annotations

import smtplib
import socket
import threading
import warnings
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import psycopg
import pytest
import requests

pytest_plugins = ["pytester"]

DOCUMENTATION_HOST = "192.0.2.1"  # RFC 5737: never routed


def test_a_connection_to_another_machine_is_refused_before_it_starts(outside):
    with socket.socket() as sock, pytest.raises(outside, match=DOCUMENTATION_HOST):
        sock.connect((DOCUMENTATION_HOST, 80))


def test_a_datagram_to_another_machine_is_refused(outside):
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(outside):
        sock.sendto(b"x", (DOCUMENTATION_HOST, 53))


def test_a_name_outside_this_machine_is_not_looked_up(outside):
    with pytest.raises(outside, match=r"start\.exactonline\.nl"):
        requests.get("https://start.exactonline.nl/", timeout=1)


def test_this_machine_may_be_reached():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), timeout=1) as sock,
    ):
        assert sock.getpeername() == server.getsockname()


def test_the_net_holds_in_threads_too(outside):
    caught = []

    def reach():
        try:
            socket.create_connection((DOCUMENTATION_HOST, 80), timeout=1)
        except outside as error:
            caught.append(error)

    thread = threading.Thread(target=reach)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_mail_is_refused_unless_asked_for(outside):
    message = EmailMessage()
    message["To"] = "anna@groenhof.example"
    with pytest.raises(outside, match="mail"):
        smtplib.SMTP("127.0.0.1", 2525)


@pytest.mark.mail
def test_a_marked_test_may_speak_smtp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        smtplib.SMTP("127.0.0.1", port, timeout=1)


def test_a_warning_is_an_error():
    with pytest.raises(DeprecationWarning, match="old"):
        warnings.warn("old", DeprecationWarning, stacklevel=1)


def test_time_stands_still_until_it_is_moved(clock):
    before, stopwatch = clock.now(), clock.monotonic()
    assert clock.now() == before == datetime(2026, 3, 14, 9, tzinfo=UTC)
    clock.move(days=29, seconds=30)
    clock.sleep(0.5)
    assert clock.now() - before == timedelta(days=29, seconds=30.5)
    assert clock.monotonic() - stopwatch == 29 * 86400 + 30.5


def test_a_jump_of_the_wall_clock_leaves_the_stopwatch_alone(clock):
    stopwatch = clock.monotonic()
    clock.jump(datetime(2026, 3, 13, tzinfo=UTC))
    assert clock.now() == datetime(2026, 3, 13, tzinfo=UTC)
    assert clock.monotonic() == stopwatch


CONFTEST = "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\n\n@pytest.mark.skip(reason='later')\ndef test_it(): pass\n",
        "import pytest\n\ndef test_it():\n    pytest.skip('no database')\n",
        "import pytest\npytest.importorskip('no_such_library')\ndef test_it(): pass\n",
    ],
    ids=["marked", "in-the-test", "whole-file"],
)
def test_a_skipped_test_fails(pytester, body):
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(body)
    outcome = pytester.runpytest_inprocess("-p", "no:cacheprovider").parseoutcomes()
    assert "skipped" not in outcome
    assert outcome.get("failed", 0) + outcome.get("error", outcome.get("errors", 0)) == 1


@pytest.mark.postgres
def test_the_throwaway_database_is_there_and_keeps_what_it_commits(postgres_url):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("show fsync").fetchone() == ("on",)
        assert connection.info.server_version >= 15_00_00
