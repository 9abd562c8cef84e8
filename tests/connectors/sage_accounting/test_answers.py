"""The table of answers of Sage, row by row, without a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from retailvista.connectors.port import Outcome, Reply, Sending
from retailvista.connectors.sage_accounting.answers import answer_of
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.refusals import HINTS, hint_for

AT = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)
ERROR = [{"$severity": "error", "$dataCode": "X", "$message": "It is wrong.", "$source": "date"}]
JOURNAL = {"id": "a1", "reference": "RV26000001", "created_at": "2026-03-14T09:00:00Z"}


def reply(status: int, body: object = "", *, took: float = 1, **headers: str) -> Reply:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "text/html" if isinstance(body, str) else "application/json; charset=utf-8"
    answered = AT + timedelta(seconds=took)
    known = {"content-type": kind, "date": format_datetime(answered, usegmt=True)}
    return Reply(Sending.ANSWERED, status, known | headers, text.encode(), AT, answered)


ROWS = [
    (400, ERROR, Outcome.REJECTED),
    (415, ERROR, Outcome.REJECTED),
    (422, ERROR, Outcome.REJECTED),
    (422, "<html>", Outcome.UNKNOWN),
    (400, {"error": "?"}, Outcome.UNKNOWN),
    (401, ERROR, Outcome.TOKEN_REFUSED),
    (402, ERROR, Outcome.STOPPED),
    (403, ERROR, Outcome.STOPPED),
    (404, ERROR, Outcome.STOPPED),
    (429, ERROR, Outcome.THROTTLED),
    (500, ERROR, Outcome.UNKNOWN),
    (503, "<html>", Outcome.UNKNOWN),
    (302, "", Outcome.UNKNOWN),
    (200, JOURNAL, Outcome.UNKNOWN),
    (201, "<html>", Outcome.UNKNOWN),
    (201, {"reference": "RV26000001"}, Outcome.UNKNOWN),
    (201, JOURNAL, Outcome.BOOKED),
]


@pytest.mark.parametrize(("status", "body", "outcome"), ROWS)
def test_each_answer_has_its_outcome(status: int, body: object, outcome: Outcome) -> None:
    assert answer_of(reply(status, body), 7).outcome is outcome


def test_the_words_of_sage_come_with_their_place() -> None:
    assert answer_of(reply(422, ERROR), 7).said == "It is wrong. (date)"


# Seconds between the journal and the answer, how long the call took -> what it is.
REPEATS = [
    (0, 1, Outcome.BOOKED),
    (20, 1, Outcome.BOOKED),
    (100, 100, Outcome.BOOKED),
    (125, 120, Outcome.BOOKED),
    (32, 1, Outcome.NUMBER_IN_USE),
    (600, 120, Outcome.NUMBER_IN_USE),
    (-3, 1, Outcome.BOOKED),
]


@pytest.mark.parametrize(("age", "took", "outcome"), REPEATS)
def test_a_repeat_is_told_by_the_clock_of_sage(age: int, took: int, outcome: Outcome) -> None:
    created = AT + timedelta(seconds=took - age)
    body = JOURNAL | {"created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert answer_of(reply(201, body, took=took), 7).outcome is outcome


@pytest.mark.parametrize(("created", "date"), [("", "x"), ("2026-01-01", ""), (None, "nonsense")])
def test_without_times_it_counts_as_booked(created: str | None, date: str) -> None:
    body = JOURNAL | {"created_at": created}
    found = answer_of(reply(201, body, date=date), 7)
    assert (found.outcome, found.booked.entry_number) == (Outcome.BOOKED, 26000001)


WAITS = [
    ("30", AT + timedelta(seconds=31)),
    ("Sat, 14 Mar 2026 09:05:00 GMT", AT + timedelta(minutes=5)),
    ("soon", None),
    ("", None),
]


@pytest.mark.parametrize(("header", "until"), WAITS)
def test_a_429_says_when_it_ends(header: str, until: datetime | None) -> None:
    assert throttled_until(reply(429, ERROR, **{"retry-after": header})) == until
    assert throttled_until(reply(503, ERROR, **{"retry-after": header})) is None


def test_every_hint_is_in_two_languages() -> None:
    assert len(HINTS) >= 6
    for _, nl, en in HINTS:
        assert nl != en
    assert "Journals: Full Access" in hint_for("No access to this business.", "en")
    assert hint_for("No access to this business.", "nl").startswith("De gebruiker")
