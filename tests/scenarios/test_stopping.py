"""SIGTERM always arrives: whichever thread gets it, and whatever the main thread is doing then."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import sys
import threading

import pytest

from retailvista.cli import serving, web_server
from retailvista.cli.serving import Told
from retailvista.cli.web_server import WebServer


def rescued(seconds: float = 10.0) -> threading.Timer:
    """Ends a test that would wait for ever."""
    timer = threading.Timer(seconds, lambda: os._exit(3))
    timer.daemon = True
    timer.start()
    return timer


def test_a_signal_that_another_thread_takes_wakes_the_one_that_waits():
    said = []
    other = threading.Thread(
        target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    )
    rescue = rescued()
    with Told(lambda: said.append("not ready")) as told:
        later = threading.Timer(0.2, other.start)
        later.start()
        told.wait()
    rescue.cancel()
    later.join()
    other.join()
    assert said == ["not ready"]


def test_a_signal_at_any_line_of_the_waiting_ends_it():
    """Also while that very thread holds what the waiting is made of."""
    rescue = rescued()
    lines = wait_with_a_signal_at(0)
    assert lines
    for line in range(1, lines + 1):
        wait_with_a_signal_at(line)
    rescue.cancel()


def wait_with_a_signal_at(line: int) -> int:
    """Wait, and get the signal before that many lines of it were run (0: before all)."""
    seen = 0

    def trace(frame, event, _arg):
        nonlocal seen
        if frame.f_code.co_name == "_tell":
            return None
        seen += event != "return"
        if seen == line and event != "return":
            signal.raise_signal(signal.SIGTERM)
        return trace

    with Told(lambda: None) as told:
        if line == 0:
            signal.raise_signal(signal.SIGTERM)
        sys.settrace(trace)
        try:
            told.wait()
        finally:
            sys.settrace(None)
    return seen


def test_the_handlers_of_before_are_back_afterwards():
    before = [signal.getsignal(name) for name in serving.STOP_SIGNALS]
    with Told(lambda: None):
        assert [signal.getsignal(name) for name in serving.STOP_SIGNALS] != before
    assert [signal.getsignal(name) for name in serving.STOP_SIGNALS] == before


def hello(_environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def complaints(monkeypatch):
    """What threads ended with, that nobody caught."""
    found = []
    monkeypatch.setattr(threading, "excepthook", found.append)
    return found


def test_the_web_server_ends_its_own_loop_and_frees_its_port(complaints):
    for _ in range(5):
        server = WebServer(hello, "127.0.0.1", 0, threads=1)
        server.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().read() == b"hello"
        server.stop()
        assert connection.sock.recv(1) == b"", "what was open is closed"
        connection.close()
    assert not [one for one in threading.enumerate() if one.name == "web"]
    assert complaints == []


def test_a_web_server_that_never_answered_is_closed_as_well():
    server = WebServer(hello, "127.0.0.1", 0, threads=1)
    port = server.port
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    again = web_server.bind(hello, "127.0.0.1", port)
    assert again.port == port
    again.stop()
