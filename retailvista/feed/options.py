"""The query options of an address: once each, known by name, with or without the dollar sign.

OData 4.01 Part 1, 11.2.1: names in any case; an option of the standard that is not offered is
501, the same option twice is 400, names of somebody else's are left alone, unless leaving them
alone would bring other rows than were asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from retailvista.feed.failures import BadQuery, NotOffered

OFFERED = frozenset({"filter", "orderby", "select", "expand", "top", "skip", "count", "format",
                     "skiptoken"})  # fmt: skip
# Names of the standard without a dollar sign that would change which rows are meant.
TELLING = frozenset({"search", "compute", "apply"})
NUMBER = re.compile(r"[0-9]{1,9}")
LONGEST = 32_000
UNTYPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked, by plain name; aliases with their @."""

    values: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        return self.values.get(name)

    def number(self, name: str) -> int | None:
        text = self.values.get(name)
        if text is None:
            return None
        if not NUMBER.fullmatch(text.strip()):
            raise BadQuery(f"${name} needs a number of at most nine digits.", f"${name}")
        return int(text)

    def yes(self, name: str) -> bool:
        text = self.values.get(name, "false").strip().lower()
        if text not in ("true", "false"):
            raise BadQuery(f"${name} is true or false.", f"${name}")
        return text == "true"

    def only(self, *names: str) -> None:
        """BadQuery when an option was sent that this resource has no use for."""
        for name in self.values:
            if name not in names:
                raise BadQuery(f"${name} does not apply to this resource.", f"${name}")


def from_address(query: str) -> Options:
    """The options of the part behind the question mark; `+` is a space, as programs write it."""
    pairs = []
    for piece in query.split("&"):
        name, _equals, value = piece.partition("=")
        if name:
            pairs.append((_decoded(name), _decoded(value)))
    return collected(pairs)


def _decoded(text: str) -> str:
    if len(text) > LONGEST:
        raise BadQuery(f"An option may have {LONGEST} characters at most.")
    try:
        found = unquote_plus(text, errors="strict")
    except UnicodeDecodeError as error:
        raise BadQuery("The address is not written in UTF-8.") from error
    if UNTYPED.search(found):
        raise BadQuery("The address holds a control character.")
    return found


def collected(pairs: list[tuple[str, str]]) -> Options:
    """Options by name. Also of the brackets in $expand."""
    values: dict[str, str] = {}
    aliases: dict[str, str] = {}
    for written, value in pairs:
        if written.startswith("@"):
            found, place = aliases, written
        elif (place := _option(written)) == "":
            continue
        else:
            found = values
        if place in found:
            raise BadQuery(f"{written} stands there twice.", written)
        found[place] = value
    return Options(values, aliases)


def is_offered(written: str) -> bool:
    """Whether this is an option of ours, in any spelling."""
    return written.strip().lower().removeprefix("$") in OFFERED


def _option(written: str) -> str:
    """The plain name of an option; empty for one that is not of the standard."""
    name = written.strip().lower()
    plain = name.removeprefix("$")
    if plain in OFFERED:
        return plain
    if name.startswith("$") or plain in TELLING:
        raise NotOffered(f"{written} is not offered.", written)
    return ""


def split_outside(text: str, sign: str) -> list[str]:
    """Cut at a sign that stands outside of brackets and quotes."""
    parts, depth, quoted, start = [], 0, "", 0
    for at, letter in enumerate(text):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "'\"":
            quoted = letter
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif letter == sign and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    if depth or quoted:
        raise BadQuery(f"A bracket or quote is not closed in {text[:80]!r}.")
    return [*parts, text[start:]]
