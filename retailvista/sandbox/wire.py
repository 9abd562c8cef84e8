"""HTTP/1.1 by hand: requests read from a socket, answers written so that they can be cut anywhere.

Invariant: an answer is sent whole with its right Content-Length unless a fault says otherwise;
after a fault that breaks the answer the connection is closed.
"""

from __future__ import annotations

import contextlib
import socket
import struct

from retailvista.clock import Clock
from retailvista.sandbox.answers import Answer, Request

HEAD_LIMIT = 128 * 1024
# From here on head and body go out one after the other instead of being copied together.
LARGE = 64 * 1024


class Broken(Exception):
    """What came is not HTTP, or more than is taken; `status` is the answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
        # What was read of it, where that is a request already.
        self.request: Request | None = None


class Wire:
    """One connection."""

    def __init__(self, sock: socket.socket, body_limit: int) -> None:
        self.sock = sock
        self.body_limit = body_limit
        self.buffer = b""
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self) -> Request | None:
        """The next request, or None when the other side has gone."""
        head = self._until_blank_line()
        if head is None:
            return None
        first, _, rest = head.decode("latin-1").partition("\r\n")
        method, _, target = first.partition(" ")
        target, _, version = target.rpartition(" ")
        if not version.startswith("HTTP/1.") or not target.startswith("/"):
            raise Broken(400)
        headers = {}
        for line in rest.split("\r\n"):
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        request = Request(method, target, headers)
        if version == "HTTP/1.0":
            headers.setdefault("connection", "close")
        if "100-continue" not in headers.get("expect", "").lower():
            try:
                request.body = self._body(headers)
            except Broken as broken:
                broken.request = request
                raise
        return request

    def send(self, answer: Answer, *, cut_at: int | None = None) -> None:
        """The whole answer, or its first bytes."""
        if cut_at is None and len(answer.body) > LARGE:
            self.sock.sendall(answer.head())
            self.sock.sendall(answer.body)
        else:
            self.sock.sendall((answer.head() + answer.body)[:cut_at])

    def trickle(self, answer: Answer, clock: Clock, seconds: float) -> None:
        """Byte by byte."""
        for byte in answer.head() + answer.body:
            self.sock.sendall(bytes([byte]))
            clock.sleep(seconds)

    def drop(self) -> None:
        """Cut the connection: the other side sees a reset, not an orderly end."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def _until_blank_line(self) -> bytes | None:
        while b"\r\n\r\n" not in self.buffer:
            if len(self.buffer) > HEAD_LIMIT:
                raise Broken(431)
            if not self._more():
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        return head

    def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = headers.get("content-length", "0")
        if not length.isdigit():
            raise Broken(400)
        if int(length) > self.body_limit:
            raise Broken(413)
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        parts = []
        total = 0
        while True:
            digits = self._line().split(b";")[0].strip()
            if not digits or digits.strip(b"0123456789abcdefABCDEF"):
                raise Broken(400)
            size = int(digits, 16)
            total += size
            if total > self.body_limit:
                raise Broken(413)
            parts.append(self._exactly(size))
            self._line()
            if size == 0:
                return b"".join(parts)

    def _line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            if not self._more():
                raise ConnectionError("gone in the middle of a request")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            if not self._more():
                raise ConnectionError("gone in the middle of a request")
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return body

    def _more(self) -> bool:
        data = self.sock.recv(65536)
        self.buffer += data
        return bool(data)
