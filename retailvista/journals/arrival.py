"""A till file as it arrives: unpacked to disk, hashed and packed again, in one go.

Invariant: never more than one block of it is in memory, and never more than the raw limit on
disk, however small the upload was packed.
"""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from retailvista.errors import Refused
from retailvista.journals.intake.recognise import BoundedStream

BLOCK = 256 * 1024
GZIP_WINDOW = 31  # zlib writes a gzip header and trailer
FAST = 1  # XML shrinks to a tenth at the fastest level; more costs time, not disk


@dataclass(slots=True)
class Arrival:
    """The file on disk. `refused` says why reading stopped, '' = all of it is there."""

    raw: BinaryIO
    sha256: str
    size: int
    content_gz: bytes
    refused: str = ""


@contextmanager
def received(stream: BinaryIO, name: str) -> Iterator[Arrival]:
    """The arrived file, at its start; gone when the block ends. Plain or gzipped upload."""
    with tempfile.TemporaryFile() as raw, tempfile.SpooledTemporaryFile(BLOCK) as packed:
        digest, size, refused = hashlib.sha256(), 0, ""
        packer = zlib.compressobj(FAST, zlib.DEFLATED, GZIP_WINDOW)
        try:
            for block in _blocks(stream, name):
                digest.update(block)
                size += len(block)
                raw.write(block)
                packed.write(packer.compress(block))
        except Refused as why:
            refused = str(why)
        packed.write(packer.flush())
        packed.seek(0)
        raw.seek(0)
        content = b"" if refused else packed.read()
        yield Arrival(cast(BinaryIO, raw), digest.hexdigest(), size, content, refused)


def _blocks(stream: BinaryIO, name: str) -> Iterator[bytes]:
    bounded = BoundedStream(stream, name)
    while block := bounded.read(BLOCK):
        bounded.heard()
        yield block
