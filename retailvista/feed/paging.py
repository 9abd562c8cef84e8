"""Server-driven paging: where a page ended, as a text that only this feed can read.

The text holds the values of the order at the last row and how many rows $top still permits. A
page goes on from there with a condition, so that rows that come or go meanwhile are neither
skipped nor shown twice.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any

from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery

DROPPED = re.compile(r"(?i)(?:\$|%24)?(?:skiptoken|skip|top)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended. `left`: how many rows $top permits after it."""

    after: tuple[Any, ...]
    left: int | None = None


def write(place: Place) -> str:
    values = [None if value is None else edm.text_of(value) for value in place.after]
    document = json.dumps([values, place.left], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def read(text: str, kinds: tuple[Edm, ...]) -> Place:
    """BadQuery for a text that this feed did not write for this order."""
    try:
        document = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values, left = json.loads(document)
        pairs = list(zip(values, kinds, strict=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadQuery("This link to a next page is broken.", "$skiptoken") from error
    fits = all(value is None or isinstance(value, str) for value in values)
    if not fits or values[-1] is None or not (left is None or (type(left) is int and left >= 0)):
        raise BadQuery("This link to a next page is broken.", "$skiptoken")
    after = (None if value is None else edm.parse(value, kind) for value, kind in pairs)
    return Place(tuple(after), left)


def next_query(query: str, place: Place) -> str:
    """The query of the next page: the same, from the new place on."""
    kept = [piece for piece in query.split("&") if piece and not _is_dropped(piece)]
    return "&".join([*kept, f"$skiptoken={write(place)}"])


def _is_dropped(piece: str) -> bool:
    return DROPPED.fullmatch(piece.partition("=")[0]) is not None
