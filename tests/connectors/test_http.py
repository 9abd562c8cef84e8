"""The wire: one total deadline, certain about what left, and picky about where it goes."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import requests

from retailvista import db
from retailvista.clock import SystemClock
from retailvista.connectors.exchange import ANSWER_BYTES_MAX, exchange, written
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.connectors.sockets import IDLE_SECONDS_MAX, WATCHDOG, Guard, WatchedAdapter
from retailvista.vault import Secret

Behaviour = Callable[[socket.socket, bytes], None]


def whole_request(sock: socket.socket) -> bytes:
    """Headers and body; they may come in pieces."""
    text = b""
    while part := sock.recv(65536):
        text += part
        head, end, body = text.partition(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            return text
    return text


@contextmanager
def server(behave: Behaviour) -> Iterator[str]:
    """A server that reads a request and then behaves; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve(sock: socket.socket) -> None:
        with sock:
            try:
                while not stopping.is_set() and (request := whole_request(sock)):
                    behave(sock, request)
            except OSError:
                return

    def accept() -> None:
        while not stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def answer(body: bytes = b"{}", head: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n".encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + head + length + b"\r\n" + body


def polite(sock: socket.socket, request: bytes) -> None:
    sock.sendall(answer())


def silent(sock: socket.socket, request: bytes) -> None:
    time.sleep(5)


def trickling(sock: socket.socket, request: bytes) -> None:
    """Every byte comes within any read time-out; the whole never ends."""
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    for _ in range(100):
        sock.sendall(b" ")
        time.sleep(0.05)


def hanging_up(sock: socket.socket, request: bytes) -> None:
    sock.shutdown(socket.SHUT_RDWR)


def half(sock: socket.socket, request: bytes) -> None:
    sock.sendall(answer(b"{}" * 50)[:-20])
    sock.shutdown(socket.SHUT_RDWR)


def huge(sock: socket.socket, request: bytes) -> None:
    packed = gzip.compress(b" " * (ANSWER_BYTES_MAX + 1), mtime=0)
    sock.sendall(answer(packed, b"Content-Encoding: gzip\r\n"))


def wire_to(url: str) -> RequestsWire:
    return RequestsWire(SystemClock(), (), [url])


def post(url: str, wire: RequestsWire | None = None, seconds: float = 0.5, **more) -> Reply:
    call = Call("POST", f"{url}/x", body=b"{}", deadline_seconds=seconds, **more)
    return (wire or wire_to(url)).send(call)


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        (silent, "in time"),
        (trickling, "in time"),
        (hanging_up, "ConnectionError"),
        (half, "Incomplete"),
        (huge, "too large"),
    ],
)
def test_what_may_have_arrived_has_no_answer(behave: Behaviour, problem: str):
    with server(behave) as url:
        began = time.monotonic()
        reply = post(url, seconds=0.5 if "time" in problem else 10)
        assert reply.sending is Sending.NO_ANSWER
        assert problem in reply.problem
        assert time.monotonic() - began < 4


def test_an_answer_that_is_cut_at_any_byte_is_none():
    """Half a header would be believed: four calls left today, where it said four thousand."""
    whole = answer(b'{"d": 1}', b"X-RateLimit-Remaining: 4012\r\n")
    left = list(range(len(whole) + 1))

    def cut(sock: socket.socket, request: bytes) -> None:
        sock.sendall(whole[: left[0]])
        sock.shutdown(socket.SHUT_RDWR)

    with server(cut) as url:
        wire = wire_to(url)
        while len(left) > 1:
            reply = post(url, wire, seconds=10)
            assert (reply.sending, reply.headers) == (Sending.NO_ANSWER, {}), left[0]
            del left[0]
        assert post(url, wire, seconds=10).body == b'{"d": 1}'


def test_no_first_byte_leaves_after_the_deadline_though_the_watchdog_sleeps():
    """A process that was stopped for minutes may go on with the sender first."""
    here, there = socket.socketpair()
    with here, there, Guard(0.05) as guard, WATCHDOG._changed:
        time.sleep(0.1)
        with pytest.raises(TimeoutError):
            guard.about_to_send(here)
        assert not guard.started


def test_a_closed_port_is_certainly_not_sent():
    with server(polite) as url:
        pass
    reply = post(url)
    assert reply.sending is Sending.NOT_SENT
    assert reply.problem


def test_a_name_that_does_not_exist_is_certainly_not_sent():
    url = "http://nobody.invalid.localhost:9"
    assert post(url).sending is Sending.NOT_SENT


def test_a_certificate_that_is_none_is_certainly_not_sent():
    seen: list[bytes] = []

    def record(sock: socket.socket, request: bytes) -> None:
        seen.append(request)
        sock.shutdown(socket.SHUT_RDWR)

    with server(record) as url:
        reply = post(url.replace("http:", "https:"), seconds=2)
    assert reply.sending is Sending.NOT_SENT
    assert all(b"POST" not in request for request in seen)


def test_the_request_as_it_leaves():
    seen: list[bytes] = []

    def record(sock: socket.socket, request: bytes) -> None:
        seen.append(request)
        polite(sock, request)

    form = {"refresh_token": Secret("a!b c")}
    with server(record) as url:
        call = Call(
            "POST",
            f"{url}/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=b"grant_type=refresh_token",
            secret_headers={"Authorization": Secret("Bearer t")},
            secret_form=form,
        )
        reply = wire_to(url).send(call)
        assert reply.sending is Sending.ANSWERED
    text = b"".join(seen)
    assert text.endswith(b"grant_type=refresh_token&refresh_token=a%21b+c")
    assert b"Authorization: Bearer t" in text
    assert b"Expect" not in text
    assert "a!b" not in repr(call)
    assert "Bearer t" not in repr(call)


def test_redirects_are_not_followed_and_cookies_not_kept():
    seen: list[bytes] = []

    def redirect(sock: socket.socket, request: bytes) -> None:
        seen.append(request)
        head = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: who=a; Path=/\r\n"
        sock.sendall(head + b"Content-Length: 0\r\n\r\n")

    with server(redirect) as url:
        wire = wire_to(url)
        assert [post(url, wire).status for _ in range(2)] == [302, 302]
    assert len(seen) == 2
    assert all(b"Cookie" not in request for request in seen)


class Stopwatch(SystemClock):
    """A clock whose stopwatch the test sets."""

    at = 0.0

    def monotonic(self) -> float:
        return self.at


@pytest.mark.parametrize(("idle", "connections"), [(1, 1), (IDLE_SECONDS_MAX + 1, 2)])
def test_a_connection_that_was_idle_for_long_is_not_used_again(idle: int, connections: int):
    peers = set()

    def remember(sock: socket.socket, request: bytes) -> None:
        peers.add(sock.getpeername())
        polite(sock, request)

    with server(remember) as url:
        clock = Stopwatch()
        wire = RequestsWire(clock, (), [url])
        post(url, wire)
        clock.at += idle
        post(url, wire)
    assert len(peers) == connections


def test_the_deadline_of_an_answered_call_leaves_the_connection_to_the_next_one():
    """The watchdog may come between the answer and the end of the call."""
    with server(polite) as url:
        pool = WatchedAdapter(time.monotonic, 1).pool_for(requests.Request("GET", url).prepare())
        with Guard(60) as guard:
            with pool.lent() as connection:
                exchange(connection, written("GET", "/", {"Host": "x"}, b""), connect=5, seconds=5)
            guard.expire()
            with pool.lent() as following:
                assert following is connection
                assert following.is_connected


def test_nothing_is_sent_while_a_transaction_is_open(side):
    wire = side.outside.wire
    with pytest.raises(AssertionError, match="transaction"), db.transaction(side.session):
        wire.send(Call("GET", f"{side.sandbox.url}/api/v1/current/Me"))
    with pytest.raises(AssertionError, match="transaction"), db.reading(side.session):
        wire.send(Call("GET", f"{side.sandbox.url}/api/v1/current/Me"))
    assert wire.send(Call("GET", f"{side.sandbox.url}/api/v1/current/Me")).status == 401
