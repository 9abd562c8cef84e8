"""One word for where a journal stands, and the named next action when a person must act.

Invariant: the words are those of STATES; `rejected`, `conflict` and `decide` always come with an
action and at least one exit.
"""

from __future__ import annotations

from retailvista.journals import actions
from retailvista.journals.models import Export, JournalRow

NOT_READY = "not_ready"
TO_RELEASE = "to_release"
READY = "ready"
SENDING = "sending"
BEING_CHECKED = "being_checked"
POSTED = "posted"
VERIFIED = "verified"
REJECTED = "rejected"
CONFLICT = "conflict"
DECIDE = "decide"
WITHDRAWN = "withdrawn"
STATES = (
    NOT_READY,
    TO_RELEASE,
    READY,
    SENDING,
    BEING_CHECKED,
    POSTED,
    VERIFIED,
    REJECTED,
    CONFLICT,
    DECIDE,
    WITHDRAWN,
)


def state_of(journal: JournalRow, export: Export | None) -> str:
    """The word for the screens; `export` is the live one, if any."""
    if journal.state == "withdrawn":
        return WITHDRAWN
    if export is None:
        return NOT_READY if journal.problem else TO_RELEASE
    if export.state == SENDING:
        if export.decision in actions.WAITING_FOR_PERSON:
            return DECIDE
        return BEING_CHECKED if export.unknown_since is not None else SENDING
    return export.state


def exits(export: Export | None) -> tuple[str, ...]:
    """What a person may choose now."""
    return actions.EXITS.get(export.decision, ()) if export is not None else ()
