"""Answers as servers write them: where each ends, and which of them leave the connection usable."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading

import pytest

from retailvista.connectors.exchange import ANSWER_BYTES_MAX, Answered, exchange, written

OK = b"HTTP/1.1 200 OK\r\n"
PACKED = gzip.compress(b"one", mtime=0) + gzip.compress(b" two", mtime=0)


class Connection:
    """One end of a socket pair, as urllib3's connection looks to us."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.timeout = 0.0

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


def answered(raw: bytes) -> Answered:
    here, there = socket.socketpair()
    with here, there:
        there.sendall(raw)
        there.shutdown(socket.SHUT_WR)
        return exchange(Connection(here), b"GET / HTTP/1.1\r\n\r\n", connect=1, seconds=1)


@pytest.mark.parametrize(
    ("raw", "body", "reusable"),
    [
        (OK + b"Content-Length: 2\r\n\r\n{}", b"{}", True),
        (OK + b"Content-Length: 2\r\n\r\n{} and more", b"{}", False),
        (OK + b"Content-Length: 2\r\nConnection: close\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b"", True),
        (b"HTTP/1.1 204 Gone\r\n\r\n", b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\n{}", b"{}", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n", b"{}", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n", b"", True),
        (OK + b"\r\n{}", b"{}", False),
        (OK + b"\r\n", None, False),
        (
            OK + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            b"{}",
            False,
        ),
        pytest.param(OK + b"Content-Length: %s\r\n\r\n" % (b"9" * 5000), None, False, id="length"),
        (OK + b"Content-Length: %d\r\n\r\n" % (ANSWER_BYTES_MAX + 1), None, False),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (ANSWER_BYTES_MAX + 1), None, False),
        (
            OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED,
            b"one two",
            True,
        ),
    ],
)
def test_where_an_answer_ends(raw: bytes, body: bytes | None, reusable: bool):
    found = answered(raw)
    assert (found.body, found.reusable) == (body, reusable)


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", ConnectionError),
        (OK, ConnectionError),
        (b"SSH-2.0\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 2\xb2\xb2 OK\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 20\r\nContent-Length: 0\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", http.client.BadStatusLine),
        (b"HTTP/1.1 101 Up\r\n\r\n" + OK + b"\r\n{}", http.client.HTTPException),
        (b"HTTP/1.1 100 \r\n\r\n" * 9 + OK + b"\r\n{}", http.client.HTTPException),
        (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", http.client.HTTPException),
        (OK + b"Content-Length: -2\r\n\r\n{}", http.client.HTTPException),
        (OK + b"Content-Length: \r\n\r\n{}", http.client.HTTPException),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n{}", http.client.HTTPException),
        (OK + b"Transfer-Encoding: identity\r\n\r\n{}", http.client.HTTPException),
        (OK + b"X: a\r\n folded\r\n\r\n{}", http.client.HTTPException),
        (OK + b"X Y: a\r\n\r\n{}", http.client.HTTPException),
        (OK + b"no header\r\n\r\n", http.client.HTTPException),
        (OK + b"X" * 200_000, http.client.HTTPException),
        (OK + b"Content-Length: 3\r\n\r\n{}", http.client.IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", http.client.IncompleteRead),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", ConnectionError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nxx\r\n", http.client.HTTPException),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n", http.client.HTTPException),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", http.client.HTTPException),
        (
            OK + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\n" + PACKED[:9],
            http.client.IncompleteRead,
        ),
    ],
)
def test_what_is_no_whole_answer_is_an_error(raw: bytes, error: type[Exception]):
    with pytest.raises(error):
        answered(raw)


def test_headers_come_in_lower_case_and_twice_as_one():
    raw = OK + b"X-Two: a\r\nx-two:  b \r\nContent-Length: 0\r\n\r\n"
    assert answered(raw).headers == {"x-two": "a, b", "content-length": "0"}


@pytest.mark.parametrize(
    ("method", "target", "headers"),
    [
        ("GET", "/", {"Authorization": "Bearer t\r\nX: y"}),
        ("GET", "/", {"Authorization": "Bearer t\x00"}),
        ("GET", "/", {"Bearer t\r\nX": "y"}),
        ("GET", "/", {"": "Bearer t"}),
        ("POST", "/", {"content-length": "0", "Authorization": "Bearer t"}),
        ("POST", "/", {"Transfer-Encoding": "chunked", "Authorization": "Bearer t"}),
        ("GET", "/ HTTP/1.1\r\nX: Bearer", {}),
        ("GET", "/a b", {}),
        ("GET", "/caf\xe9", {}),
        ("GET", "https://elsewhere.example/", {}),
        ("GET /", "/", {}),
        ("HEAD", "/", {}),
    ],
)
def test_what_a_server_could_take_for_two_requests_is_refused_without_showing_it(
    method: str, target: str, headers: dict[str, str]
):
    with pytest.raises(ValueError, match=r"request|header|method") as caught:
        written(method, target, headers, b"")
    assert "Bearer" not in str(caught.value)


def test_very_small_chunks_are_read_as_fast_as_they_come():
    """Each of them copied what was received after it: a minute of a processor for these."""
    many = b"1\r\nx\r\n" * 150_000
    found = answered_by_thread(OK + b"Transfer-Encoding: chunked\r\n\r\n" + many + b"0\r\n\r\n")
    assert found.body == b"x" * 150_000
    assert found.reusable


def test_a_body_packed_in_very_many_parts_is_refused_at_once():
    """What was left was copied for each of them: hours of a processor for 32 MB of these."""
    many = gzip.compress(b"", mtime=0) * 20_000
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(many)
    with pytest.raises(http.client.HTTPException, match="parts"):
        answered_by_thread(head + many)


def answered_by_thread(raw: bytes) -> Answered:
    """For more than a socket holds at a time."""
    here, there = socket.socketpair()
    with here, there:
        sending = threading.Thread(target=there.sendall, args=(raw,), daemon=True)
        sending.start()
        return exchange(Connection(here), b"GET / HTTP/1.1\r\n\r\n", connect=1, seconds=20)


def test_what_has_a_body_says_its_length():
    assert b"Content-Length: 2\r\n" in written("POST", "/", {}, b"{}")
    assert b"Content-Length: 0\r\n" in written("DELETE", "/", {}, b"")
    assert b"Content-Length" not in written("GET", "/", {}, b"")
