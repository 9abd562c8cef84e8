"""An expression cut into its words. BadQuery names the place that is no word.

Words follow the ABNF of OData 4.01; digits are those of ASCII, names those of any script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import BadQuery

LONGEST = 16_000
# SQLite takes a condition of a thousand parts; the page's own are among them.
WORDS_MOST = 1_500

LITERAL, NAME, ALIAS, SIGN, END = "literal", "name", "alias", "sign", "end"

END_OF_WORD = r"(?![\w.])"
WORD = re.compile(
    rf"""
    (?P<space>[ \t]+)
    | (?P<string>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"\\]|\\.)*")
    | (?P<guid>{edm.GUID.pattern}){END_OF_WORD}
    | (?P<instant>{edm.INSTANT.pattern}){END_OF_WORD}
    | (?P<date>{edm.DATE.pattern}){END_OF_WORD}
    | (?P<time>{edm.TIME.pattern}){END_OF_WORD}
    | (?P<number>{edm.NUMBER.pattern}){END_OF_WORD}
    | (?P<name>\$?[^\W0-9]\w*(?:\.[^\W0-9]\w*)*)
    | (?P<alias>@[^\W0-9]\w*(?:\.\w+)*)
    | (?P<sign>[(),/:=\[\]{{}}-])
    """,
    re.VERBOSE,
)
KINDS = {"guid": Edm.GUID, "instant": Edm.INSTANT, "date": Edm.DATE, "time": Edm.TIME}
NAMED = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Word:
    """One word. `spaced` = a space stands before it."""

    kind: str
    text: str
    at: int
    spaced: bool
    value: Any = None
    type: Edm | None = None


def words(text: str) -> list[Word]:
    """The words of an expression, closed by one of kind END."""
    if len(text) > LONGEST:
        raise BadQuery(f"An expression may have {LONGEST} characters at most.")
    found = list(_words(text))
    if len(found) > WORDS_MOST:
        raise BadQuery(f"An expression may have {WORDS_MOST} words at most.")
    return found


def _words(text: str) -> Iterator[Word]:
    at, spaced = 0, False
    while at < len(text):
        found = WORD.match(text, at)
        if found is None:
            raise BadQuery(f"Cannot read {text[at : at + 20]!r} at character {at + 1}.")
        group = next(name for name in GROUPS if found[name] is not None)
        if group == "space":
            spaced = True
        else:
            yield _word(group, found[group], at, spaced=spaced)
            spaced = False
        at = found.end()
    yield Word(END, "", at, spaced)


GROUPS = ("space", "string", "quoted", "guid", "instant", "date", "time", "number", "name",
          "alias", "sign")  # fmt: skip


def _word(group: str, text: str, at: int, *, spaced: bool) -> Word:
    if group == "string":
        return Word(LITERAL, text, at, spaced, text[1:-1].replace("''", "'"), Edm.STRING)
    if group == "quoted":
        return Word(LITERAL, text, at, spaced, _unquoted(text), Edm.STRING)
    if group == "number":
        found = edm.number(text)
        if found is None:
            raise BadQuery(f"{text[:80]!r} is no number that this feed can hold.")
        return Word(LITERAL, text, at, spaced, *found)
    if group in KINDS:
        kind = KINDS[group]
        return Word(LITERAL, text, at, spaced, edm.parse(text, kind), kind)
    if group == "name" and text.lower() in NAMED:
        return Word(LITERAL, text, at, spaced, NAMED[text.lower()], Edm.BOOLEAN)
    if group == "name" and text == "null":
        return Word(LITERAL, text, at, spaced)
    return Word(group, text, at, spaced)


def _unquoted(text: str) -> str:
    """Lists of `in` may be JSON (OData 4.01, 5.1.1.1.12)."""
    try:
        return str(json.loads(text))
    except json.JSONDecodeError as error:
        raise BadQuery(f"{text[:40]} is no text of JSON.") from error
