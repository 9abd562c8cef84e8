"""Promises about entries: booked once, found again, and never taken for more than was said."""

from __future__ import annotations

from datetime import timedelta

from retailvista.connectors.http import RequestsWire
from retailvista.connectors.port import (
    Call,
    Outcome,
    Reply,
)
from tests.connectors.contract_case import KEY, NUMBER, ON, Case

# Booking


def check_the_same_entry_makes_the_same_bytes_and_carries_the_key(case: Case) -> None:
    session = case.session()
    master = case.provider.books.master(case.wire, session)
    one = case.provider.books.render(case.entry(), master)
    assert one == case.provider.books.render(case.entry(), master)
    assert one != case.provider.books.render(case.entry(number=NUMBER + 1), master)
    assert KEY.encode() in one
    assert b"12.50" in one


def check_what_was_booked_is_found_by_number_and_by_key(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    for number, key in ((NUMBER, KEY), (NUMBER + 1, f"{KEY}7")):
        answer = books.book(wire, session, case.payload(session, number=number, key=key))
        assert answer.outcome is Outcome.BOOKED, answer
        booked = answer.booked
        assert booked is not None
        assert (booked.entry_number, booked.division) == (number, case.division)
        assert booked.journal_code in ("", case.journal_code)
        assert booked.external_id
    look = books.look(wire, session, case.journal_code, NUMBER, NUMBER)
    assert look.good, look.problem
    (entry,) = look.entries
    assert (entry.entry_number, entry.division) == (NUMBER, case.division)
    assert (entry.journal_code, entry.year, entry.period) == (case.journal_code, 2026, 3)
    lines = entry.lines
    assert lines is not None
    assert sorted((line.gl_code, line.amount) for line in lines) == sorted(
        zip(case.accounts, (1250, -1250), strict=True)
    )
    assert all(line.description.startswith(f"{KEY} ") for line in lines)
    assert {line.on for line in lines} == {ON}
    both = books.look(wire, session, case.journal_code, NUMBER, NUMBER + 5)
    assert [found.entry_number for found in both.entries] == [NUMBER, NUMBER + 1]
    by_key = books.look_for_key(wire, session, case.journal_code, f"{KEY} ")
    # It may show more: what carries another key is sorted out above the port.
    assert entry.external_id in [found.external_id for found in by_key.entries]


def check_what_is_not_there_is_absent_and_the_login_sees_that(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    look = books.look(wire, session, case.journal_code, NUMBER, NUMBER)
    assert (look.good, look.entries) == (True, ())
    assert books.look_for_key(wire, session, case.journal_code, KEY).entries == ()
    assert books.sees_entries(wire, session, case.journal_code) is True


def check_the_same_bytes_twice_are_one_entry(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    payload = case.payload(session)
    assert books.book(wire, session, payload).outcome is Outcome.BOOKED
    case.clock.move(minutes=1)
    assert books.book(wire, session, payload).outcome is Outcome.NUMBER_IN_USE
    assert len(books.look(wire, session, case.journal_code, NUMBER, NUMBER).entries) == 1


def check_an_entry_made_with_consent_can_be_taken_away(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    answer = books.book(wire, session, case.payload(session))
    assert answer.booked is not None
    assert books.remove_entry(wire, session, answer.booked.external_id) is True
    assert books.look(wire, session, case.journal_code, NUMBER, NUMBER).entries == ()


# What goes wrong with the POST -> what may be said, and how many entries there are then.
FAULTS = (
    ("drop_before", "", {Outcome.UNKNOWN}, 0),
    ("drop_after_commit", "", {Outcome.UNKNOWN}, 1),
    ("cut_at_byte", "60", {Outcome.UNKNOWN}, 1),
    ("error_after_commit", "502", {Outcome.UNKNOWN}, 1),
    ("html_503", "", {Outcome.UNKNOWN}, 0),
    ("html_200", "after", {Outcome.UNKNOWN}, 1),
    ("empty_200", "after", {Outcome.UNKNOWN}, 1),
    ("problem_500", "", {Outcome.UNKNOWN, Outcome.REFUSED_UNKNOWN}, 0),
    ("429", "", {Outcome.THROTTLED}, 0),
    ("401", "", {Outcome.TOKEN_REFUSED}, 0),
    ("refuse", "No", {Outcome.REJECTED, Outcome.REFUSED_UNKNOWN, Outcome.REFUSED_KNOWN}, 0),
)


def check_an_answer_is_never_taken_for_more_than_it_says(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    master = books.master(wire, session)
    for step, (fault, value, allowed, entries) in enumerate(FAULTS):
        number = NUMBER + step
        key = f"{KEY}{step}"
        payload = books.render(case.entry(number, key, 1000 + step), master)
        case.fail(fault, value=value)
        answer = books.book(wire, session, payload)
        assert answer.outcome in allowed, (fault, answer)
        assert answer.booked is None
        if answer.not_before is not None:
            assert answer.not_before > case.clock.now() - timedelta(seconds=1)
        found = books.look(wire, session, case.journal_code, number, number)
        assert len(found.entries) == entries, fault


def check_nobody_listening_is_certainly_not_sent(case: Case) -> None:
    session = case.session()
    payload = case.payload(session)
    case.sandbox.stop()
    assert case.provider.books.book(case.wire, session, payload).outcome is Outcome.NOT_SENT


def check_a_look_that_failed_is_blind_and_never_absent(case: Case) -> None:
    session, books, wire = case.session(), case.provider.books, case.wire
    books.book(wire, session, case.payload(session))
    for fault in ("html_200", "html_503", "empty_200", "drop_after_commit", "401", "429"):
        case.fail(fault, method="GET")
        look = books.look(wire, session, case.journal_code, NUMBER, NUMBER)
        assert (look.good, look.entries) == (False, ()), fault
        assert look.problem
        assert look.login_refused == (fault == "401")
        case.fail(fault, method="GET", path=case.keys)
        assert not books.look_for_key(wire, session, case.journal_code, KEY).good


# Facts as data


def check_booking_is_one_post_of_these_bytes_and_nothing_else(case: Case) -> None:
    sent: list[Call] = []

    class Listening(RequestsWire):
        def send(self, call: Call) -> Reply:
            sent.append(call)
            return super().send(call)

    wire = Listening(case.clock, (), [case.registration.site])
    session = case.session()
    payload = case.payload(session)
    case.provider.books.book(wire, session, payload)
    (post,) = sent  # nothing before it, nothing after it
    assert (post.method, post.body) == ("POST", payload)
    assert case.provider.endpoint_of(post.url) == case.provider.posting_endpoint
    token = session.access_token.reveal()
    for call in sent:
        assert token not in call.url
        assert token not in str(dict(call.headers))
        assert call.deadline_seconds <= 130


def check_a_hint_is_in_both_languages_or_in_none(case: Case) -> None:
    assert case.provider.hint_for("Quux frobnicated.", "en") == ""
    assert case.provider.hint_for("Quux frobnicated.", "nl") == ""
