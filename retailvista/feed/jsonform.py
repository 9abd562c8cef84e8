"""Rows as OData JSON: exact numbers, control information as the format asks, written in pieces.

JSON Format 4.01. A decimal keeps all its digits and never gets an exponent; only with
IEEE754Compatible do Int64 and Decimal become texts. A row is put together from prepared pieces:
writing a hundred thousand of them must not take longer than reading them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from json.encoder import encode_basestring
from typing import Any
from urllib.parse import quote

from retailvista.feed import edm
from retailvista.feed.edm import Edm
from retailvista.feed.failures import TooMuch
from retailvista.feed.model import FRESH_AS_OF, EntitySet, Property
from retailvista.feed.negotiating import V401, Format
from retailvista.feed.shaping import Expansion, Shape, chooser
from retailvista.feed.sources import Row

WriteValue = Callable[[Any], str]
Choose = Callable[[list[Row]], tuple[list[Row], int]]
PIECE = 32 * 1024
# Below one row, however they are multiplied: its text is put together in memory.
RELATIVES_MOST = 50_000
# A reader of JSON knows these by themselves; all others are named with full metadata.
PLAIN = (Edm.STRING, Edm.BOOLEAN)
# Texts of the types that a column of many rows has; edm.text_of would look at each value first.
PLAIN_TEXTS: dict[Edm, Callable[[Any], str]] = {
    Edm.GUID: str, Edm.DATE: date.isoformat, Edm.INSTANT: edm.instant_text,
}  # fmt: skip


# A text in quotes; json.dumps would make an encoder of its own for each.
text: Callable[[str], str] = encode_basestring


def _quoted(write: Callable[[Any], str]) -> WriteValue:
    return lambda value: f'"{write(value)}"'


def value_writer(kind: Edm, form: Format) -> WriteValue:
    """How a value of a type that is not null is written."""
    numbers: dict[Edm, WriteValue] = {
        Edm.INT32: str,
        Edm.INT64: _quoted(str) if form.texts_for_numbers else str,
        Edm.DECIMAL: _quoted(edm.decimal_text) if form.texts_for_numbers else edm.decimal_text,
    }
    if kind in numbers:
        return numbers[kind]
    if kind == Edm.STRING:
        return text
    return edm.text_of if kind == Edm.BOOLEAN else _quoted(PLAIN_TEXTS.get(kind, edm.text_of))


def key_text(table: EntitySet, row: Row) -> str:
    """A row's place below the root: Journals(1), Lines('1-2')."""
    value = row[table.key]
    if isinstance(value, str):
        return f"{table.name}('{quote(value.replace(chr(39), chr(39) * 2), safe='')}')"
    return f"{table.name}({quote(edm.text_of(value), safe='')})"


@dataclass(frozen=True, slots=True)
class RowWriter:
    """Writes rows of one shape as JSON objects."""

    shape: Shape
    form: Format
    _pieces: tuple[tuple[str, str, str, WriteValue], ...]
    _inner: tuple[tuple[Expansion, RowWriter, Choose], ...]
    _below: list[int]

    @classmethod
    def of(cls, shape: Shape, form: Format, below: list[int] | None = None) -> RowWriter:
        """A writer; those of the relatives count in the same list."""
        counted = [0] if below is None else below
        pieces = tuple(_piece(column, form) for column in shape.properties)
        inner = tuple(
            (each, cls.of(each.shape, form, counted), chooser(each)) for each in shape.expansions
        )
        return cls(shape, form, pieces, inner, counted)

    def write_whole(self, row: Row, context: str = "") -> str:
        """A row of the answer itself. TooMuch when its relatives would not fit into memory."""
        self._below[0] = 0
        return self.write(row, context)

    def write(self, row: Row, context: str = "") -> str:
        """One object; a single row as answer begins with its context."""
        members = [
            null if (value := row[name]) is None else lead + write(value)
            for name, null, lead, write in self._pieces
        ]
        if self.form.metadata == "full":
            members[:0] = self._identity(row)
        if context:
            members.insert(0, f'"{self.form.sign}context":{text(context)}')
        for expansion, writer, choose in self._inner:
            members += writer.written_below(expansion, choose, row)
        if self.form.metadata == "full":
            members += self._links(row)
        return "{" + ",".join(members) + "}"

    def written_below(self, expansion: Expansion, choose: Choose, row: Row) -> Iterator[str]:
        """The relatives on a way, as members of the row they belong to."""
        name, found = expansion.way.name, row[expansion.way.name]
        if not expansion.way.many:
            kept, _count = choose([found] if found is not None else [])
            yield f'"{name}":{self.write(kept[0]) if kept else "null"}'
            return
        kept, count = choose(found)
        self._below[0] += len(kept)
        if self._below[0] > RELATIVES_MOST:
            raise TooMuch(f"A row has more than {RELATIVES_MOST:,} relatives here: expand less.")
        if expansion.count:
            yield f'"{name}{self.form.sign}count":{count_text(count, self.form)}'
        yield f'"{name}":[{",".join(self.write(each) for each in kept)}]'

    def _identity(self, row: Row) -> list[str]:
        table, sign = self.shape.table, self.form.sign
        place = text(key_text(table, row))
        return [f'"{sign}type":"#{table.type_name}"', f'"{sign}id":{place}',
                f'"{sign}readLink":{place}']  # fmt: skip

    def _links(self, row: Row) -> list[str]:
        place = key_text(self.shape.table, row)
        return [
            f'"{way.name}{self.form.sign}navigationLink":{text(f"{place}/{way.name}")}'
            for way in self.shape.ways
        ]


def _piece(column: Property, form: Format) -> tuple[str, str, str, WriteValue]:
    """Name, the member when it is null, its beginning else with its type where told, the writer."""
    typed = ""
    if form.metadata == "full" and column.type not in PLAIN:
        hash_sign = "" if form.version == V401 else "#"
        kind = column.type.removeprefix("Edm.")
        typed = f'"{column.name}{form.sign}type":"{hash_sign}{kind}",'
    lead = f'"{column.name}":'
    return column.name, f"{lead}null", f"{typed}{lead}", value_writer(column.type, form)


def count_text(count: int, form: Format) -> str:
    return f'"{count}"' if form.texts_for_numbers else str(count)


def select_list(shape: Shape, form: Format) -> str:
    """The brackets of a context address: which columns and relatives are there."""
    names = [p.name for p in shape.properties] if shape.selected else []
    if shape.selected:
        opened = {expansion.way.name for expansion in shape.expansions}
        names += [way.name for way in shape.ways if way.name not in opened]
    for expansion in shape.expansions:
        inner = select_list(expansion.shape, form)
        if inner or form.version == V401 or shape.selected:
            names.append(f"{expansion.way.name}{inner or '()'}")
    return f"({','.join(names)})" if names else ""


def _pieces(writer: RowWriter, rows: list[Row]) -> Iterator[str]:
    """Rows in pieces of some size: relatives of relatives can make one a thousand times larger."""
    waiting: list[str] = []
    size = 0
    for row in rows:
        written = writer.write_whole(row)
        waiting.append(written)
        size += len(written)
        if size > PIECE:
            yield ",".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield ",".join(waiting)


def collection(
    writer: RowWriter,
    pages: Iterable[list[Row]],
    context: str,
    count: int | None,
    next_link: Callable[[], str],
    fresh: str = "",
) -> Iterator[bytes]:
    """A list of rows, in pieces; the link to the next page comes last, when it is known.

    `fresh`: when the copy that they come from was brought up to date.
    """
    form = writer.form
    members = []
    if form.metadata != "none":
        members.append(f'"{form.sign}context":{text(context)}')
    if count is not None:
        members.append(f'"{form.sign}count":{count_text(count, form)}')
    if fresh and form.metadata != "none":
        members.append(f'"@{FRESH_AS_OF}":{text(fresh)}')
    members.append('"value":[')
    yield ("{" + ",".join(members)).encode()
    begun = False
    for rows in pages:
        for piece in _pieces(writer, rows):
            yield (("," if begun else "") + piece).encode()
            begun = True
    link = next_link()
    yield (f'],"{form.sign}nextLink":{text(link)}}}' if link else "]}").encode()
