"""One request over one connection, and its answer read back: HTTP/1.1 (RFC 9112), once.

Invariants: a request leaves in one piece; an answer counts only when its head and its body came
whole, as the head says where it ends; a connection is used again only after such an answer. What
requests and urllib3 do around each call took several times what the call itself takes. Why, and
what is refused: docs/decisions/0011-answers-are-read-by-hand.md.
"""

from __future__ import annotations

import http.client
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_BYTES_MAX = 32 * 1024 * 1024
HEAD_BYTES_MAX = 128 * 1024
CHUNK_BYTES = 64 * 1024
NO_BODY = (204, 304)
SWITCHED = 101
INTERIM_MAX = 8
# A status line, and the name of a header (RFC 9110 5.6.2).
STATUS_LINE = re.compile(r"HTTP/1\.[0-9] ([1-9][0-9]{2})(?: |$)", re.ASCII)
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# What would end a line of a request, or its target.
CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
OURS = frozenset(("content-length", "transfer-encoding"))
GZIP = 16 + zlib.MAX_WBITS
# Servers send one; each further one costs a copy of all that comes after it.
MEMBERS_MAX = 64


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; header names are lower case. `body` is None when it is not to be believed:
    larger than any honest answer, or without a word of where it ends."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None
    reusable: bool


def written(method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """The bytes of a request. Raises ValueError for one that a server could take for two."""
    if not TOKEN.fullmatch(method) or method == "HEAD":
        raise ValueError("no method of ours")
    # A whole address is for a proxy (RFC 9112, 3.2.2).
    if not target.startswith(("/", "http://")) or " " in target or not target.isascii():
        raise ValueError("the target of the request must be a path, as it is sent")
    # Not in the messages: a header can be a secret.
    if not all(TOKEN.fullmatch(name) and name.lower() not in OURS for name in headers):
        raise ValueError("a header must have a name, and the length is written here")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
    if body or method != "GET":
        lines.append(f"Content-Length: {len(body)}")
    if any(CONTROLS.search(line) for line in lines):
        raise ValueError("a line of the request must not hold a line end")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def exchange(connection: Any, request: bytes, *, connect: float, seconds: float) -> Answered:
    """Send it and read the answer. Raises OSError, HTTPException or urllib3's errors."""
    connection.timeout = connect
    connection.send(request)
    connection.sock.settimeout(seconds)
    reader = _Reader(connection.sock)
    version, status, headers = _final_head(reader)
    body, ends = _body(reader, status, headers)
    if body is not None and headers.get("content-encoding", "").lower() == "gzip":
        body = _unpacked(body)
    goes_on = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
    return Answered(status, headers, body, goes_on and ends and not reader.rest)


def _final_head(reader: _Reader) -> tuple[str, int, dict[str, str]]:
    """Past what a server says before its answer; nothing else than HTTP was asked for."""
    for _ in range(INTERIM_MAX):
        head = _head(reader)
        if head[1] == SWITCHED:
            raise http.client.HTTPException("another protocol, which nobody asked for")
        if head[1] >= 200:
            return head
    raise http.client.HTTPException("no end of interim answers")


def _head(reader: _Reader) -> tuple[str, int, dict[str, str]]:
    first, *lines = reader.until(b"\r\n\r\n", HEAD_BYTES_MAX).decode("latin-1").split("\r\n")
    found = STATUS_LINE.match(first)
    if found is None:
        raise http.client.BadStatusLine("no HTTP")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not TOKEN.fullmatch(name):
            raise http.client.HTTPException("a header that is none")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return first.partition(" ")[0], int(found[1]), headers


def _body(reader: _Reader, status: int, headers: Mapping[str, str]) -> tuple[bytes | None, bool]:
    """The body as sent, and whether the connection stands ready after it."""
    if status in NO_BODY:
        return b"", True
    coding, length = headers.get("transfer-encoding"), headers.get("content-length")
    if coding is not None:
        if coding.lower() != "chunked":
            raise http.client.HTTPException("a coding of the transfer that is not read here")
        body, ends = _chunks(reader)
        # Who says both may have been read otherwise on the way here (RFC 9112 6.1).
        return body, ends and length is None
    if length is not None:
        if not length.isdecimal() or not length.isascii():
            raise http.client.HTTPException("a length that is none, or two of them")
        size = int(length) if len(length) < 12 else ANSWER_BYTES_MAX + 1
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
        if len(parts) == MEMBERS_MAX:
            raise http.client.HTTPException("a body packed in too many parts")
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
    """What comes in on a socket; what was received is passed over, not copied, line by line."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._held = b""
        self._at = 0

    @property
    def rest(self) -> bytes:
        """What was received and not asked for yet."""
        return self._held[self._at :]

    def until(self, mark: bytes, limit: int) -> bytes:
        """What stands before the mark; it must come within so many bytes."""
        while (end := self._held.find(mark, self._at)) < 0:
            if len(self._held) - self._at > limit:
                raise http.client.HTTPException("no end of the head")
            part = self._sock.recv(CHUNK_BYTES)
            if not part:
                raise ConnectionError("closed before the answer was whole")
            self._held, self._at = self.rest + part, 0
        found = self._held[self._at : end]
        self._at = end + len(mark)
        return found

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        found = self._held[self._at : self._at + size]
        self._at += len(found)
        parts, left = [found], size - len(found)
        while left:
            part = self._sock.recv(min(left, CHUNK_BYTES))
            if not part:
                raise http.client.IncompleteRead(b"", left)
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def to_end(self, limit: int) -> bytes | None:
        """Until the other side closes; None when that is more than so many bytes."""
        parts = [self.rest]
        size, self._at = len(parts[0]), len(self._held)
        while part := self._sock.recv(CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > limit:
                return None
        return b"".join(parts)
