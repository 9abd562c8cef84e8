"""Words of flows on the screen: ways of loading, actions, modes, and when a schedule is due."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from flask_babel import get_locale, gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retailvista.runs.models import Schedule
from retailvista.web import words

WAYS: dict[str, tuple[Any, str]] = {
    "sync": (_l("only changes"), "success"),
    "deleted": (_l("the deletions"), "success"),
    "modified": (_l("by date of change"), "primary"),
    "full": (_l("everything each time"), "warning"),
}
WAY_TEXTS: dict[str, Any] = {
    "sync": _l("Only rows that changed are fetched; deleted ones are found by the deletions feed."),
    "deleted": _l("The provider's own list of what was deleted, from where it was read last."),
    "modified": _l(
        "Rows changed since the last run are fetched, with an overlap; deleted ones are found by"
        " comparing keys."
    ),
    "full": _l("The provider keeps no mark of change: all rows are fetched each time."),
}
OWN_NAMES: dict[str, Any] = {
    "journals": _l("Journals"),
    "journal_lines": _l("Lines of journals"),
    "receipts": _l("Receipts"),
    "items": _l("Items of the inbox"),
}
ACTIONS: dict[str, Any] = {
    "create": _l("create"),
    "update": _l("update"),
    "delete": _l("delete"),
    "execute": _l("execute"),
}
MODES: dict[str, Any] = {
    "incremental": _l("only what changed"),
    "full": _l("everything again"),
    "": _l("as usual"),
}
# What a property of an entity holds (connectors/records.py).
PROPERTIES: dict[str, Any] = {
    "text": _l("text"),
    "guid": _l("identification"),
    "whole": _l("whole number"),
    "decimal": _l("number"),
    "moment": _l("date and time"),
    "boolean": _l("yes or no"),
    "binary": _l("file"),
    "lines": _l("lines of its own"),
}
# Lines of an item's log that are codes.
ITEM_LINES: dict[str, Any] = {
    "received": _l("Received."),
    "item_retried": _l("To be tried again, by %(actor)s."),
    "item_skipped": _l("Skipped by %(actor)s."),
    "transformed again": _l("Transformed again."),
    "taken by flow": _l("Taken by flow %(flow)s."),
    "overtaken by item": _l("Overtaken: item %(item)s holds a newer state of the record."),
    "sending": _l("Is being sent, for the %(send)s. time."),
    "done": _l("Done: answer %(status)s."),
    "refused": _l("Refused: %(said)s"),
    "refused, looking": _l("Refused, and being looked up: %(said)s"),
    "not sent": _l("Not sent: %(said)s"),
    "no clear answer": _l("No clear answer; it is looked up before anything is sent again."),
    "could not look": _l("It could not be looked up: %(why)s"),
    "not there yet": _l("Looked up: it is not there."),
    "found back": _l("Looked up: it is there as it was meant."),
    "found back, stored otherwise": _l("Looked up: it is there; stored otherwise: %(fields)s."),
    "gone": _l("Looked up: it is not there any more."),
    "is there already": _l("Looked up: another record has its place; other are: %(fields)s."),
    "no such record": _l("Looked up: there is no such record."),
    "a person decides": _l("Nobody can tell by itself; a person decides."),
    "skipped": _l("Skipped."),
    "failed": _l("Failed before anything was sent."),
}
COUNT_ORDER = (
    "read", "new", "changed", "deleted", "discarded", "sent", "skipped", "failed", "unknown",
    "compared", "differences", "pages", "calls", "calls_left",
)  # fmt: skip
HOUR = 60


def way_word(way: str) -> Any:
    return WAYS[way][0] if way in WAYS else way


def way_text(way: str) -> Any:
    return WAY_TEXTS.get(way, "")


def way_colour(way: str) -> str:
    return WAYS[way][1] if way in WAYS else "secondary"


def write_word(action: str) -> Any:
    return ACTIONS.get(action, action)


def property_word(kind: str) -> Any:
    return PROPERTIES.get(kind, kind)


def mode_word(mode: str) -> Any:
    return MODES.get(mode, mode)


def when_word(row: Schedule) -> str:
    """When a schedule is due, as people say it."""
    if row.cron:
        return _("by cron: %(cron)s", cron=row.cron)
    if row.every_minutes is None:
        return _("daily at %(time)s", time=row.daily_at)
    return _("every %(interval)s", interval=interval_word(row.every_minutes))


def interval_word(minutes: int) -> str:
    """15 minutes, 1 hour, 24 hours."""
    if minutes % HOUR:
        return _("%(minutes)s minutes", minutes=minutes)
    return _("1 hour") if minutes == HOUR else _("%(hours)s hours", hours=minutes // HOUR)


def amount(count: int | None) -> str:
    """A whole number with the separators of the reader's language."""
    return "" if count is None else str(format_decimal(count, locale=str(get_locale() or "nl")))


def item_problem(item: Any) -> str:
    """Why an item failed, in the reader's language; a reason inside it too."""
    if not item.problem:
        return ""
    values = dict(item.problem_values)
    if "why" in values:
        values["why"] = words.translated(values["why"])
    return str(gettext(item.problem, **values))


def item_line(line: Mapping[str, Any]) -> str:
    """A line of an item's log, in the reader's language."""
    text, values = line["text"], line.get("values", {})
    if text in ITEM_LINES:
        return str(ITEM_LINES[text]) % values
    return str(gettext(text, **values)) if values else words.translated(text)


def tariff(amount_of_money: Decimal) -> str:
    """A price with two to four decimals, as its field shows it."""
    locale = str(get_locale() or "nl")
    return str(format_decimal(amount_of_money, format="0.00##", locale=locale))


def in_order(counts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The counts of a run: those of flows in a fixed order, others as they come."""
    places = {name: place for place, name in enumerate(COUNT_ORDER)}
    return sorted(counts.items(), key=lambda found: places.get(found[0], -1))


def price(amount_of_money: Decimal) -> str:
    """Two decimals with the separators of the reader's language."""
    locale = str(get_locale() or "nl")
    return str(format_decimal(amount_of_money, format="#,##0.00", locale=locale))


FILTERS = {
    "price": price,
    "in_order": in_order,
    "interval_word": interval_word,
    "amount": amount,
    "way_word": way_word,
    "way_colour": way_colour,
    "way_text": way_text,
    "write_word": write_word,
    "mode_word": mode_word,
    "property_word": property_word,
    "when_word": when_word,
}
# Braces that a template would take for its own.
REQUEST_WORDS = (
    _l("text with {{ expressions }}"),
    _l("Such as query.$filter: Modified ge datetime'{{ last_run }}'"),
)
GLOBALS = {"request_words": REQUEST_WORDS, "item_problem": item_problem, "item_line": item_line}
