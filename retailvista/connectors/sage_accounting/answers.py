"""What the answer to a POST of a journal means: the one table from HTTP to Outcome.

| answer | outcome |
|---|---|
| DNS, connect or TLS failure | NOT_SENT |
| 201 with an id, made by this request | BOOKED |
| 201 with a journal that is older than this request | NUMBER_IN_USE: a repeat, booked before |
| 400, 415, 422 with Sage's list of errors | REJECTED |
| 401 | TOKEN_REFUSED: not executed |
| 402, 403, 404, 405 | STOPPED: not booked, the connector needs a person |
| 429 | THROTTLED: not executed |
| everything else | UNKNOWN: time-out, reset, 5xx, unreadable |

Invariant: a repeat is told from the first by times of Sage's own clock, and is never taken for a
second booking: what follows it is a look. Misjudged either way, nothing is booked twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from retailvista.connectors.port import Answer, Booked, Outcome, Reply, Sending
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.reading import (
    errors_of,
    instant,
    nested,
    number_in,
    read_object,
    said_in,
    words,
)

REPEATED = "Sage answered with the journal it had already."
# Whole seconds on both sides, and two of Sage's own clocks that may differ a little.
TOLERANCE = timedelta(seconds=30)


def answer_of(reply: Reply, division: int) -> Answer:
    """The outcome of one POST, with Sage's own words."""
    if reply.sending is Sending.NOT_SENT:
        return Answer(Outcome.NOT_SENT, said=reply.problem)
    if reply.sending is Sending.NO_ANSWER:
        return Answer(Outcome.UNKNOWN, said=reply.problem)
    said = said_in(reply)
    match reply.status:
        case 201:
            return _created(reply, division)
        case 400 | 415 | 422:
            outcome = Outcome.REJECTED if errors_of(reply) else Outcome.UNKNOWN
        case 401:
            outcome = Outcome.TOKEN_REFUSED
        case 402 | 403 | 404 | 405:
            outcome = Outcome.STOPPED
        case 429:
            return Answer(Outcome.THROTTLED, said, 429, not_before=throttled_until(reply))
        case _:
            outcome = Outcome.UNKNOWN
    return Answer(outcome, said, reply.status)


def _created(reply: Reply, division: int) -> Answer:
    row = read_object(reply)
    if not words(row.get("id")):
        return Answer(Outcome.UNKNOWN, "201 without a readable journal", reply.status)
    if was_there_before(reply, instant(row.get("created_at"))):
        return Answer(Outcome.NUMBER_IN_USE, REPEATED, reply.status)
    booked = Booked(
        external_id=words(row["id"]),
        entry_number=number_in(words(row.get("reference"))),
        division=division,  # X-Business chose it; the answer does not name it
        journal_code=nested(row, "journal_code", "code"),
    )
    return Answer(Outcome.BOOKED, "", reply.status, booked=booked)


def was_there_before(reply: Reply, created_at: datetime | None) -> bool:
    """Whether the journal is older than the request, by Sage's Date header.

    Unknown times say no: then it counts as booked now, which it is as well.
    """
    assert reply.requested_at is not None
    assert reply.answered_at is not None
    try:
        answered = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return False
    if created_at is None or answered.tzinfo is None:
        return False
    sent = answered - (reply.answered_at - reply.requested_at)
    return created_at < sent - TOLERANCE
