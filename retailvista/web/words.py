"""Words for states, and the reader's language for sentences that use cases say in English.

A use case raises `Refused(f"There is no store with code {code!r}.")`. The catalogue holds that
sentence as "There is no store with code {0}."; what stood in the braces is put back in the
translation. A sentence without translation is shown in English, never hidden.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from babel.messages.mofile import read_mo
from flask_babel import lazy_gettext as _l

from retailvista.web.languages import TRANSLATIONS, language

SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")
# Where, and what is wrong there: "target.connector: There is no connector 99.", "CRM - Accounts,
# division 7: ..."
PLACE = re.compile(r"([\w.$\[\]]+|[^:\n]+,? (?:of )?division \d+): (\S.*)", re.DOTALL)
DIVISION = re.compile(r"(?:, | of )division (?=\d+$)")
AMOUNT = re.compile(r"-?\d+\.\d\d")

GREY, BLUE, GREEN, AMBER, RED = "secondary", "primary", "success", "warning", "danger"

STATES: dict[str, tuple[Any, str]] = {
    "not_ready": (_l("Not ready"), GREY),
    "to_release": (_l("To be released"), AMBER),
    "ready": (_l("Waiting to be sent"), BLUE),
    "sending": (_l("Being sent"), BLUE),
    "being_checked": (_l("Being checked"), AMBER),
    "posted": (_l("Posted"), GREEN),
    "verified": (_l("Posted and checked"), GREEN),
    "rejected": (_l("Rejected by the books"), RED),
    "conflict": (_l("Differs from the books"), RED),
    "decide": (_l("You decide"), RED),
    "withdrawn": (_l("Withdrawn"), GREY),
    # Store days.
    "open": (_l("Still open"), GREY),
    "held": (_l("Held by a problem"), RED),
    "built": (_l("Journal built"), GREEN),
    "too_old": (_l("Before the start date of posting"), GREY),
    "day_ready": (_l("Ready"), BLUE),
    # Runs.
    "waiting": (_l("Waiting"), GREY),
    "working": (_l("Working"), BLUE),
    "ended": (_l("Ended"), GREY),
    "done": (_l("Done"), GREEN),
    "partial": (_l("Partly done"), AMBER),
    "failed": (_l("Failed"), RED),
    # Till files.
    "reading": (_l("Being read"), BLUE),
    "read": (_l("Has been read"), GREEN),
    "refused": (_l("Refused"), RED),
    # Items of flows.
    "new": (_l("New"), BLUE),
    "processing": (_l("In progress"), BLUE),
    "finished": (_l("Finished"), GREEN),
    "skipped": (_l("Skipped"), GREY),
    "retry": (_l("Will be tried again"), AMBER),
    # Tables beside their source.
    "equal": (_l("Equal"), GREEN),
    "different": (_l("Differs"), RED),
    "untold": (_l("Not to be told"), GREY),
    "moving": (_l("Kept changing"), AMBER),
    "not loaded": (_l("Not loaded yet"), AMBER),
}

KINDS: dict[str, Any] = {
    "day": _l("Day journal"),
    "late": _l("Late journal"),
    "reversal": _l("Reversal"),
    "import": _l("Read till files"),
    "build": _l("Build journals"),
    "export": _l("Export"),
    "control": _l("Control"),
    "keep-alive": _l("Keep the login alive"),
    "refresh": _l("Renew the login"),
    "master": _l("Fetch master data"),
    "test": _l("Test the connector"),
    "prove": _l("Second proof"),
    "sweep": _l("Look for what was left lying"),
    "mail": _l("Send mails"),
    "flow": _l("Flow"),
    "check": _l("Compare with the source"),
    "incoming": _l("Incoming"),
    "outgoing": _l("Outgoing"),
    "replication": _l("Replication"),
    "administrator": _l("Administrator"),
    "bookkeeper": _l("Bookkeeper"),
    "viewer": _l("Viewer"),
    "items": _l("items of a flow"),
    "webhook": _l("subscription to a topic"),
}

COUNTS: dict[str, Any] = {
    "built": _l("built"),
    "released": _l("released"),
    "problems": _l("problems"),
    "posted": _l("posted"),
    "verified": _l("read back and equal"),
    "waiting": _l("waiting"),
    "rejected": _l("rejected by the books"),
    "conflict": _l("different from the books"),
    "unknown": _l("not certain yet"),
    "days": _l("days compared"),
    "differences": _l("differences"),
    "compared": _l("tables compared"),
    "failed": _l("failed"),
    "sent": _l("sent"),
    "refused": _l("refused, will be tried again"),
    "receipts": _l("receipts"),
    "new": _l("new"),
    "known": _l("known already"),
    "connected": _l("connected"),
    "proven": _l("proven"),
    "accounts": _l("G/L accounts"),
    "refreshed": _l("renewed"),
    "gl_accounts": _l("G/L accounts"),
    "journals": _l("journal codes"),
    "vat_codes": _l("VAT codes"),
    "read": _l("read"),
    "changed": _l("changed"),
    "deleted": _l("deleted"),
    "discarded": _l("had nothing new"),
    "skipped": _l("skipped"),
    "pages": _l("pages"),
    "calls": _l("calls"),
    "calls_left": _l("calls left today"),
}
# How grave a line of a log is; an ordinary one says nothing.
LEVELS: dict[str, Any] = {"warning": _l("mind"), "error": _l("error")}
# Who asked for a run when no person did.
ASKERS: dict[str, Any] = {
    "": _l("schedule"),
    "schedule": _l("schedule"),
    "system": _l("RetailVista itself"),
    "cli": _l("command line"),
    "sweep": _l("RetailVista itself"),
    "webhook": _l("notice of the provider"),
}

EVIDENCE: dict[str, Any] = {
    "intent": _l("About to be sent, written down first"),
    "intent refused": _l("Not sent: another worker had it"),
    "answer": _l("Answer of the books"),
    "look": _l("Looked in the books"),
    "blind look": _l("Looked in the books without seeing anything"),
    "take-over": _l("Taken over from a worker that stopped"),
    "clock": _l("A clock jumped"),
    "read back": _l("Read back"),
    "check": _l("Not settled: looked up in the books first"),
    "resend": _l("Sent again"),
    "decision": _l("Decision"),
    "control": _l("Found by the control"),
    "second proof": _l("Second proof"),
    "search": _l("Searched the whole journal"),
    "refused before sending": _l("Refused before sending"),
}


def state_word(state: str) -> Any:
    return STATES[state][0] if state in STATES else state


def state_colour(state: str) -> str:
    return STATES[state][1] if state in STATES else GREY


def kind_word(kind: str) -> Any:
    return KINDS.get(kind, kind)


def level_word(level: str) -> Any:
    return LEVELS.get(level, level)


def count_word(name: str) -> Any:
    return COUNTS.get(name, name)


def asker_word(asked_by: str) -> Any:
    return ASKERS.get(asked_by, asked_by)


def evidence_word(kind: str) -> str:
    """'read back: verified' and its like carry a state after the colon."""
    start, _colon, rest = kind.partition(": ")
    word = str(EVIDENCE[start] if start in EVIDENCE else state_word(start))
    word = translated(word) if word == start else word
    return f"{word}: {state_word(rest)}" if rest else word


# Standard transaction types of the audit file that have ledger links of their own.
SALES_TYPES: dict[str, Any] = {
    "": _l("ordinary"),
    "11002": _l("sale on account"),
    "11005": _l("payment of an invoice"),
    "11008": _l("cash difference"),
    "11010": _l("pay-out from the till"),
    "11011": _l("pay-in to the till"),
    "non-sales": _l("not turnover"),
}


def sales_type_word(code: str) -> Any:
    return SALES_TYPES.get(code, code)


def rate(basis_points: int | None) -> str:
    """A VAT rate as people write it."""
    if basis_points is None:
        return ""
    return f"{basis_points / 100:g} %".replace(".", "," if language() == "nl" else ".")


def translated(sentence: object) -> str:
    """The sentence in the reader's language, as far as the catalogue knows it."""
    text = str(sentence or "")
    return text if language() != "nl" or not text else _dutch(text)


@lru_cache(maxsize=2000)
def _dutch(text: str) -> str:
    """As a whole, else sentence by sentence, else with more sentences in one of its places."""
    whole, patterns = _catalogue()
    if text in whole:
        return whole[text]
    placed = PLACE.fullmatch(text)
    matches = [
        (found, translation)
        for pattern, translation in patterns
        if (found := pattern.fullmatch(text)) is not None
        # The place before a colon is no part of what a sentence begins with.
        and not (placed and found.start(1) == 0 and ": " in found[1])
    ]
    for found, translation in matches:
        if not any(SENTENCE_END.search(part) for part in found.groups()):
            return _filled(translation, found)
    parts = SENTENCE_END.split(text)
    said = [_dutch(part) for part in parts] if len(parts) > 1 else parts
    if all(new != part for new, part in zip(said, parts, strict=True)):
        return " ".join(said)
    if matches:
        return _filled(matches[0][1], matches[0][0])
    if placed is not None:
        return f"{DIVISION.sub(', administratie ', placed[1])}: {_dutch(placed[2])}"
    # What the provider says in its own words stays beside what we say.
    return " ".join(said)


def _filled(translation: str, found: re.Match[str]) -> str:
    named = {name: _as_written(part) for name, part in found.groupdict().items()}
    return translation % named if named else translation.format(*map(_as_written, found.groups()))


def _as_written(part: str) -> str:
    """An amount has a comma in Dutch, a reason is a sentence; everything else stays as it is."""
    if AMOUNT.fullmatch(part):
        return part.replace(".", ",")
    return _dutch(part) if part.endswith((".", "?", "!")) and " " in part else part


@cache
def _catalogue() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Whole sentences, and sentences with places, the most specific first."""
    path = TRANSLATIONS / "nl" / "LC_MESSAGES" / "messages.mo"
    if not path.is_file():
        return {}, []
    with path.open("rb") as file:
        entries = {str(m.id): str(m.string) for m in read_mo(file) if m.id and m.string}
    places = sorted((key for key in entries if _has_places(key)), key=len, reverse=True)
    return entries, [(_pattern(key), entries[key]) for key in places]


def _has_places(sentence: str) -> bool:
    """Short words around a place would match anything."""
    return "{0}" in sentence or ("%(" in sentence and len(sentence) > 20)


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\d\}|%\(\w+\)s)", sentence)
    seen: set[str] = set()
    return re.compile("".join(_part(part, seen) for part in parts), re.DOTALL)


def _part(part: str, seen: set[str]) -> str:
    if re.fullmatch(r"\{\d\}", part):
        return "(.*?)"
    if not re.fullmatch(r"%\(\w+\)s", part):
        return re.escape(part)
    name = part[2:-2]
    group = f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
    seen.add(name)
    return group
