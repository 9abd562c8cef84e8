"""One request over one connection, and its answer read back: HTTP/1.1 (RFC 9112), once.

Invariants: a request leaves in one piece; an answer counts only when its head and its body came
whole, as the head says where it ends; a connection is used again only after such an answer. What
requests and urllib3 do around each call took several times what the call itself takes.
"""

from __future__ import annotations

import http.client
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_BYTES_MAX = 32 * 1024 * 1024
HEAD_BYTES_MAX = 128 * 1024
CHUNK_BYTES = 64 * 1024
NO_BODY = (204, 304)
GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; header names are lower case. `body` is None when it is not to be believed:
    larger than any honest answer, or without a word of where it ends."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    reusable: bool


def written(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a request."""
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
    if body or method not in ("GET", "HEAD"):
        lines.append(f"Content-Length: {len(body)}")
    for line in lines:
        # Not in the message: a header can be a secret.
        if "\r" in line or "\n" in line:
            raise ValueError("a line of the request must not hold a line end")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(connection: Any, request: bytes, *, connect: float, seconds: float) -> Answered:
    """Send it and read the answer. Raises OSError, HTTPException or urllib3's errors."""
    connection.timeout = connect
    connection.send(request)
    connection.sock.settimeout(seconds)
    reader = _Reader(connection.sock)
    version, status, headers = _head(reader)
    while 100 <= status < 200:
        version, status, headers = _head(reader)
    body, ends = _body(reader, status, headers)
    if body is not None and headers.get("content-encoding", "").lower() == "gzip":
        body = _unpacked(body)
    goes_on = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
    return Answered(status, headers, body, goes_on and ends and not reader.rest)


def _head(reader: _Reader) -> tuple[str, int, dict[str, str]]:
    first, *lines = reader.until(b"\r\n\r\n", HEAD_BYTES_MAX).decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise http.client.BadStatusLine("no HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise http.client.HTTPException("a header that is none")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return version, int(rest[:3]), headers


def _body(reader: _Reader, status: int, headers: Mapping[str, str]) -> tuple[bytes | None, bool]:
    """The body as sent, and whether the connection stands ready after it."""
    if status in NO_BODY:
        return b"", True
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunks(reader)
    length = headers.get("content-length", "")
    if length.isdecimal():
        size = int(length)
        return (reader.exactly(size), True) if size <= ANSWER_BYTES_MAX else (None, False)
    # Headers that broke off read like an answer without a body; none of them can be believed.
    return reader.to_end(ANSWER_BYTES_MAX) or None, False


def _chunks(reader: _Reader) -> tuple[bytes | None, bool]:
    parts: list[bytes] = []
    left = ANSWER_BYTES_MAX
    while True:
        digits = reader.until(b"\r\n", HEAD_BYTES_MAX).partition(b";")[0].strip()
        if not digits or digits.strip(b"0123456789abcdefABCDEF"):
            raise http.client.HTTPException("a chunk without its size")
        size = int(digits, 16)
        if size == 0:
            break
        left -= size
        if left < 0:
            return None, False
        parts.append(reader.exactly(size))
        if reader.exactly(2) != b"\r\n":
            raise http.client.HTTPException("a chunk that is longer than its size")
    while reader.until(b"\r\n", HEAD_BYTES_MAX):
        pass  # trailers say nothing that is asked for here
    return b"".join(parts), True


def _unpacked(packed: bytes) -> bytes | None:
    """What was packed; None when it is more than any honest answer. It may be several members."""
    parts: list[bytes] = []
    size = 0
    while packed:
        member = zlib.decompressobj(GZIP)
        try:
            parts.append(member.decompress(packed, ANSWER_BYTES_MAX + 1 - size))
        except zlib.error as error:
            raise http.client.HTTPException("a packed body that is none") from error
        size += len(parts[-1])
        if size > ANSWER_BYTES_MAX:
            return None
        if not member.eof:
            raise http.client.IncompleteRead(b"")
        packed = member.unused_data
    return b"".join(parts)


class _Reader:
    """What comes in on a socket. `rest` is what was received and not asked for yet."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.rest = b""

    def until(self, mark: bytes, limit: int) -> bytes:
        """What stands before the mark; it must come within so many bytes."""
        while mark not in self.rest:
            if len(self.rest) > limit:
                raise http.client.HTTPException("no end of the head")
            part = self._sock.recv(CHUNK_BYTES)
            if not part:
                raise ConnectionError("closed before the answer was whole")
            self.rest += part
        found, _, self.rest = self.rest.partition(mark)
        return found

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        parts, self.rest = [self.rest[:size]], self.rest[size:]
        left = size - len(parts[0])
        while left:
            part = self._sock.recv(min(left, CHUNK_BYTES))
            if not part:
                raise http.client.IncompleteRead(b"", left)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def to_end(self, limit: int) -> bytes | None:
        """Until the other side closes; None when that is more than so many bytes."""
        parts, size, self.rest = [self.rest], len(self.rest), b""
        while part := self._sock.recv(CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > limit:
                return None
        return b"".join(parts)
