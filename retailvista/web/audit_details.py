"""What an audit line was about, and its details, in the reader's words.

The rows keep what was written, in English and in codes; here each part becomes words. What nobody
named is shown as it stands, never hidden.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from retailvista.web.audit_words import detail_word
from retailvista.web.words import kind_word, state_word, translated

SUBJECTS: dict[str, Any] = {
    "company": _l("company"),
    "connector": _l("connector"),
    "entry": _l("entry"),
    "grant": _l("login"),
    "group": _l("till group"),
    "group_ledger": _l("till group"),
    "help": _l("help"),
    "journal": _l("journal"),
    "payment": _l("payment type"),
    "rounding": _l("rounding"),
    "schedule": _l("schedule"),
    "store": _l("store"),
    "token": _l("access token"),
    "user": _l("user"),
    "vat": _l("VAT rate"),
}
LINKS = re.compile(r"(\d+) links( added)?")
# Details that are lists of ledger links: kind, code, G/L account, and the rest.
OF_LINKS = ("added", "links")
VALUES: dict[str, Any] = {
    "accepted": _l("accepted"),
    "cli": _l("command line"),
    "test": _l("Test"),
    "login": _l("login"),
    "exact": _l("Exact makes the VAT lines from VAT codes"),
    "own": _l("RetailVista sends VAT lines, without codes"),
}


def subject_word(subject: str) -> str:
    """'connector 25' in the reader's words."""
    if found := LINKS.fullmatch(subject):
        return str(_("%(count)s ledger links", count=found[1]))
    name, _blank, rest = subject.partition(" ")
    return f"{SUBJECTS[name]} {rest}".strip() if name in SUBJECTS else subject


def details(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Name and value of each detail."""
    return [(str(detail_word(name)), _text(name, value)) for name, value in detail.items()]


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if value in (None, "", [], "None"):
        return "–"
    if name == "link":
        return _link(value)
    if isinstance(value, list):
        parts = [_link(one) if name in OF_LINKS else _text(name, one) for one in value]
        return ", ".join(parts)
    if isinstance(value, dict):
        return ", ".join(f"{detail_word(key)} {_text(key, one)}" for key, one in value.items())
    text = str(value)
    if text in VALUES:
        return str(VALUES[text])
    word = kind_word(text) if name in ("role", "kind") else state_word(text)
    return translated(word)


def _link(row: list[str]) -> str:
    """A ledger link: its code, or its kind when it has none, and the account."""
    code = row[1] or str(SUBJECTS.get(row[0], row[0]))
    return f"{code} → {row[2] or '–'}"
