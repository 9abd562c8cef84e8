"""Recognise a till file by its content, never by its name, and open it safely.

Invariants: nothing with a document type is read (entities are the way in for bombs); at most
`RAW_BYTES_MAX` bytes come out of a file, however small it was packed; only encodings that till
files use are accepted. Sources: XAA 3.1 (auditfiles.nl) and the two schemas that say
"BasedOn: Auditfile Afrekensystemen (XAA) 3.1", SAF-T Cash Register of Norway and of Denmark.
"""

from __future__ import annotations

import gzip
import re
import zlib
from typing import Any, BinaryIO, NamedTuple

from retailvista.errors import Refused

RAW_BYTES_MAX = 200 * 1024 * 1024
PROLOG_BYTES_MAX = 64 * 1024
QUIET_BYTES_MAX = 4 * 1024 * 1024
GZIP_MAGIC = b"\x1f\x8b"
ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})

_PROLOG_PART = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml[^>]*?encoding\s*=\s*["']([^"']+)["']""")
_ROOT = re.compile(rb"<(?:([\w.-]+):)?([\w.-]+)([^>]*)>", re.DOTALL)
_XMLNS = re.compile(rb"""xmlns(?::([\w.-]+))?\s*=\s*["']([^"']*)["']""")


class TillFormat(NamedTuple):
    """A format of the XAA family."""

    code: str
    name: str
    namespace: str
    country: str


FORMATS = (
    TillFormat(
        "xaa-3.1", "XML Auditfile Afrekensystemen 3.1", "http://www.auditfiles.nl/XAA/3.1", "NL"
    ),
    TillFormat(
        "saft-cr-no",
        "SAF-T Cash Register (Norway)",
        "urn:StandardAuditFile-Taxation-CashRegister:NO",
        "NO",
    ),
    TillFormat(
        "saft-cr-dk",
        "SAF-T Cash Register (Denmark)",
        "urn:StandardAuditFile-Taxation-CashRegister:DK",
        "DK",
    ),
)
_BY_NAMESPACE = {known.namespace: known for known in FORMATS}


class BoundedStream:
    """A stream that counts: the whole file, and what came since the last record.

    One record larger than `QUIET_BYTES_MAX` would have to be held in memory whole.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        head = stream.read(2)
        if len(head) == 1:
            head += stream.read(1)
        # It has read() alone, which is all that unpacking calls.
        rest: Any = _Rejoined(head, stream)
        self._stream: Any = gzip.GzipFile(fileobj=rest) if head == GZIP_MAGIC else rest
        self.name = name
        self._read = 0
        self._quiet = 0
        self._pushed = b""

    def push_back(self, data: bytes) -> None:
        self._pushed = data

    def heard(self) -> None:
        """A record was read and forgotten."""
        self._quiet = 0

    def read(self, size: int = -1) -> bytes:
        if self._pushed:
            data, self._pushed = self._pushed, b""
            return data
        size = 65536 if size < 0 else size
        try:
            data = self._stream.read(size)
        except (gzip.BadGzipFile, EOFError, zlib.error) as wrong:
            raise Refused(
                f"{self.name}: the gzip packing is damaged ({wrong}). Send the file again."
            ) from wrong
        self._read += len(data)
        self._quiet += len(data)
        if self._read > RAW_BYTES_MAX:
            raise Refused(
                f"{self.name}: larger than {RAW_BYTES_MAX // 1024**2} MB unpacked."
                " Split the export into shorter periods."
            )
        if self._quiet > QUIET_BYTES_MAX:
            raise Refused(
                f"{self.name}: one record is larger than {QUIET_BYTES_MAX // 1024**2} MB."
                " This is no till file; ask the till supplier for a new export."
            )
        return bytes(data)


class _Rejoined:
    """A stream with its first bytes put back (an upload cannot always seek)."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head, self._stream = head, stream

    def read(self, size: int = -1) -> bytes:
        if self._head:
            head, self._head = self._head, b""
            return head
        return self._stream.read(size)


def open_till_file(stream: BinaryIO, name: str) -> tuple[BoundedStream, TillFormat]:
    """The stream, still at its start, and its format; anything else is refused."""
    bounded = BoundedStream(stream, name)
    head = b""
    while len(head) < PROLOG_BYTES_MAX:
        more = bounded.read(8192)
        if not more:
            break
        head += more
        if _root_of(head) is not None:
            break
    found = recognise(head, name)
    bounded.push_back(head)
    return bounded, found


def recognise(head: bytes, name: str) -> TillFormat:
    """The format that the first bytes of a file say."""
    if not head.strip():
        raise Refused(f"{name}: the file is empty. Export it again from the till.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in head:
        raise Refused(f"{name}: not UTF-8 or ISO-8859-1. Export the file as UTF-8.")
    declared = _DECLARED.search(head[:200])
    if declared and declared[1].decode("latin-1").lower() not in ENCODINGS:
        said = declared[1].decode("latin-1")
        raise Refused(f"{name}, line 1: encoding {said} is not accepted. Export it as UTF-8.")
    body = _after_prolog(head)
    if body.startswith((b"<!DOCTYPE", b"<!ENTITY")):
        line = head[: len(head) - len(body)].count(b"\n") + 1
        raise Refused(
            f"{name}, line {line}: a till file has no document type or entities."
            " Ask the till supplier for a clean export."
        )
    root = _root_of(head)
    if root is None:
        raise Refused(f"{name}, line 1: this is no XML till file. Accepted are {_accepted()}.")
    namespace, local = root
    found = _BY_NAMESPACE.get(namespace)
    if found is None or local != "auditfile":
        raise Refused(
            f"{name}, line 1: {local} of {namespace or 'no namespace'} is not read."
            f" Accepted are {_accepted()}."
        )
    return found


def _accepted() -> str:
    return ", ".join(known.name for known in FORMATS)


def _after_prolog(head: bytes) -> bytes:
    at = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    while match := _PROLOG_PART.match(head, at):
        at = match.end()
    return head[at:]


def _root_of(head: bytes) -> tuple[str, str] | None:
    """(namespace, local name) of the root element, when its start tag is complete."""
    match = _ROOT.match(_after_prolog(head))
    if match is None:
        return None
    prefix, local, attributes = match.groups()
    spaces = {key or b"": value for key, value in _XMLNS.findall(attributes)}
    namespace = spaces.get(prefix or b"", b"")
    return namespace.decode("latin-1"), local.decode("latin-1")
