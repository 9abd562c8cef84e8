"""What the answer to a POST of an entry means: the one table from HTTP to Outcome.

| answer | outcome |
|---|---|
| DNS, connect or TLS failure | NOT_SENT |
| 201 with number and division | BOOKED |
| 400 | REJECTED |
| 401 | TOKEN_REFUSED: not executed |
| 403, 404 | STOPPED: not booked, the connector needs a person |
| 429 | THROTTLED: not executed |
| 500 with Exact's error body | NUMBER_IN_USE, REFUSED_KNOWN or REFUSED_UNKNOWN |
| everything else | UNKNOWN: time-out, reset, 5xx without that body, unreadable |

Invariant: the text chooses among the three kinds of refusal only; each of them is followed by a
look before anything is decided. Exact refuses by business rule with status 500.
"""

from __future__ import annotations

from collections import Counter

from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import (
    error_text,
    minor,
    read_json,
    read_single,
    whole,
)
from retailvista.connectors.exact_online.reading import words as trimmed
from retailvista.connectors.exact_online.refusals import is_known, says_in_use
from retailvista.connectors.exact_online.urls import EXPANDED_LINES_MAX, LINES
from retailvista.connectors.port import Answer, Booked, Outcome, Reply, Sending

SAID_MAX = 2000


def answer_of(reply: Reply) -> Answer:
    """The outcome of one POST, with Exact's own words."""
    if reply.sending is Sending.NOT_SENT:
        return Answer(Outcome.NOT_SENT, said=reply.problem)
    if reply.sending is Sending.NO_ANSWER:
        return Answer(Outcome.UNKNOWN, said=reply.problem)
    if reply.status == 201:
        return _created(reply)
    said = words_of(reply)
    match reply.status:
        case 400:
            outcome = Outcome.REJECTED
        case 401:
            outcome = Outcome.TOKEN_REFUSED
        case 403 | 404:
            outcome = Outcome.STOPPED
        case 429:
            return Answer(Outcome.THROTTLED, said, 429, not_before=throttled_until(reply))
        case 500:
            outcome = _refusal(reply)
        case _:
            outcome = Outcome.UNKNOWN
    return Answer(outcome, said, reply.status)


def words_of(reply: Reply) -> str:
    """Exact's text, else its Reason header; never the page of a proxy."""
    said = error_text(reply)
    return (said if said is not None else reply.headers.get("reason", ""))[:SAID_MAX]


def _created(reply: Reply) -> Answer:
    row = read_single(read_json(reply) or {})
    if row is None or not row.get("EntryID") or not row.get("EntryNumber"):
        return Answer(Outcome.UNKNOWN, "201 without a readable entry", reply.status)
    booked = Booked(
        external_id=trimmed(row["EntryID"]),
        entry_number=whole(row["EntryNumber"]),
        division=whole(row.get("Division")),
        journal_code=trimmed(row.get("JournalCode")),
        net_by_gl=_net_by_gl(row.get(LINES)),
    )
    return Answer(Outcome.BOOKED, "", reply.status, booked=booked)


def _net_by_gl(shown: object) -> dict[str, int] | None:
    """Totals of the lines in the answer; None where they are deferred, cut off or not filled in.

    An account that is null, code and Guid, is kept as '': the books dropped it.
    """
    lines = shown.get("results") if isinstance(shown, dict) else shown
    more = isinstance(shown, dict) and shown.get("__next")
    if not isinstance(lines, list) or not lines or more or len(lines) >= EXPANDED_LINES_MAX:
        return None
    net: Counter[str] = Counter()
    for row in lines:
        code = trimmed(row.get("GLAccountCode"))
        if row.get("AmountFC") is None or not (code or {"GLAccount", "GLAccountCode"} <= {*row}):
            return None
        if not code and row["GLAccount"]:
            return None
        net[code] += minor(row["AmountFC"])
    return {code: amount for code, amount in net.items() if amount}


def _refusal(reply: Reply) -> Outcome:
    said = error_text(reply)
    if said is None:
        return Outcome.UNKNOWN
    if says_in_use(said):
        return Outcome.NUMBER_IN_USE
    return Outcome.REFUSED_KNOWN if is_known(said) else Outcome.REFUSED_UNKNOWN
