"""Looks: which entries of a journal code are in the books, with their lines.

Invariants: a look is good only when every page was 200 with JSON, every row is of the pinned
division and the asked journal code, and every entry has all its lines. Entries are found by
`$filter` on a list, never by key (an absent key is a 404, and those are counted as errors).

Exact expands at most 60 lines of an entry. Sixty entries come in one call; what is longer is
read from the bulk TransactionLines, a thousand lines a call: 600 journals of 20 lines take 10
calls, 600 of 70 lines 52.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from retailvista.connectors.exact_online import urls
from retailvista.connectors.exact_online.answers import words_of
from retailvista.connectors.exact_online.client import get, read_list
from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import Row, read_json, stored_entry, whole, words
from retailvista.connectors.exact_online.urls import EXPANDED_LINES_MAX
from retailvista.connectors.port import Look, Reply, Sending, Session, StoredEntry, Wire


def look(wire: Wire, session: Session, journal_code: str, low: int, high: int) -> Look:
    """Entries in a number range, inclusive, with all their lines."""
    url = urls.of(
        session.site,
        session.division,
        urls.ENTRIES,
        select=",".join(
            [*urls.HEADER_FIELDS, *(f"{urls.LINES}/{name}" for name in urls.LINE_FIELDS)]
        ),
        expand=urls.LINES,
        filter=urls.number_range(journal_code, low, high),
    )
    found = read_list(wire, session, url)
    if found.broken is not None:
        return blind(found.broken)
    if strange := _strange(found.rows, session, journal_code):
        return Look(good=False, problem=strange)
    lines = {words(row.get("EntryID")): _expanded(row) for row in found.rows}
    cut = [row for row in found.rows if lines[words(row.get("EntryID"))] is None]
    if cut:
        broken = _fill(wire, session, journal_code, cut, lines)
        if broken is not None:
            return broken
    entries = tuple(stored_entry(row, lines[words(row.get("EntryID"))]) for row in found.rows)
    return Look(good=True, entries=_in_order(entries))


def look_for_key(wire: Wire, session: Session, journal_code: str, posting_key: str) -> Look:
    """Entries of the journal code whose lines carry the posting key; headers only."""
    url = urls.of(
        session.site,
        session.division,
        urls.TRANSACTION_LINES,
        select=",".join(urls.TRANSACTION_FIELDS),
        filter=urls.carries(journal_code, posting_key),
    )
    found = read_list(wire, session, url)
    if found.broken is not None:
        return blind(found.broken)
    if strange := _strange(found.rows, session, journal_code):
        return Look(good=False, problem=strange)
    headers = {words(row.get("EntryID")): row for row in found.rows}
    return Look(good=True, entries=_in_order(stored_entry(row, None) for row in headers.values()))


def sees_entries(wire: Wire, session: Session, journal_code: str) -> bool:
    """Whether this login may read entries and sees the journal code.

    Exact answers a list the user may not read with 200 and no rows, so rights are asked for.
    """
    reply = get(wire, session, urls.rights(session.site, session.division, urls.ENTRIES))
    answer = (read_json(reply) or {}).get("d") if reply.status == 200 else None
    if not isinstance(answer, dict) or answer.get("UserHasRights") is not True:
        return False
    url = urls.of(
        session.site,
        session.division,
        "financial/Journals",
        select="Code",
        filter=f"Code eq {urls.text(journal_code)}",
    )
    found = read_list(wire, session, url)
    return any(words(row.get("Code")).casefold() == journal_code.casefold() for row in found.rows)


def blind(reply: Reply) -> Look:
    """A look that saw nothing, and why; it never counts as absent."""
    if reply.sending is not Sending.ANSWERED:
        return Look(good=False, problem=reply.problem)
    said = words_of(reply) or "no list in the answer"
    return Look(
        good=False,
        problem=f"{reply.status}: {said}",
        login_refused=reply.status == 401,
        not_before=throttled_until(reply) if reply.status == 429 else None,
    )


def _strange(rows: Iterable[Row], session: Session, journal_code: str) -> str:
    """Exact has answered for another company before: then nothing that was read counts."""
    for row in rows:
        if whole(row.get("Division")) != session.division:
            return f"an answer of division {whole(row.get('Division'))}"
        if words(row.get("JournalCode")).casefold() != journal_code.casefold():
            return f"an answer of journal code {words(row.get('JournalCode'))}"
    return ""


def _expanded(row: Row) -> list[Row] | None:
    """The lines that came along; None when there can be more."""
    content = row.get(urls.LINES)
    if isinstance(content, list):
        rows, more = content, False
    elif isinstance(content, dict) and isinstance(content.get("results"), list):
        rows, more = content["results"], bool(content.get("__next"))
    else:
        return None
    return None if more or not rows or len(rows) >= EXPANDED_LINES_MAX else rows


def _fill(
    wire: Wire,
    session: Session,
    journal_code: str,
    cut: list[Row],
    lines: dict[str, list[Row] | None],
) -> Look | None:
    """Read the lines of the entries that were cut off; a Look when that failed."""
    numbers = [whole(row.get("EntryNumber")) for row in cut]
    url = urls.of(
        session.site,
        session.division,
        urls.BULK_TRANSACTION_LINES,
        select=",".join(urls.TRANSACTION_FIELDS),
        filter=urls.number_range(journal_code, min(numbers), max(numbers)),
    )
    found = read_list(wire, session, url)
    if found.broken is not None:
        return blind(found.broken)
    if strange := _strange(found.rows, session, journal_code):
        return Look(good=False, problem=strange)
    by_entry: dict[str, list[Row]] = defaultdict(list)
    for row in found.rows:
        by_entry[words(row.get("EntryID"))].append(row)
    for row in cut:
        key = words(row.get("EntryID"))
        if not by_entry[key]:
            return Look(good=False, problem=f"entry {row.get('EntryNumber')} without its lines")
        lines[key] = by_entry[key]
    return None


def _in_order(entries: Iterable[StoredEntry]) -> tuple[StoredEntry, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.entry_number, entry.external_id)))
