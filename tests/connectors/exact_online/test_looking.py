"""Looks: what counts as seen, what does not, and how few calls it takes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from retailvista.connectors.exact_online.books import ExactBooks
from retailvista.connectors.port import Call, MasterData, Outcome, Reply, Session, Wire
from tests.connectors.exact_online.books import DAY, ENTRY, KEY, numbered, session_of
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF

BOOKS = ExactBooks()
FIRST = 26_000_001


class CountingWire:
    """Counts the calls on their way."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.count = 0

    def send(self, call: Call) -> Reply:
        self.count += 1
        return self.wire.send(call)


@pytest.fixture
def books(connected: Side) -> tuple[Side, Session, MasterData]:
    connected.sandbox.store.set("limits", False)
    session = session_of(connected)
    return connected, session, BOOKS.master(connected.outside.wire, session)


def book_all(books: tuple[Side, Session, MasterData], entries) -> None:
    side, session, master = books
    for entry in entries:
        answer = BOOKS.book(side.outside.wire, session, BOOKS.render(entry, master))
        assert answer.outcome is Outcome.BOOKED, answer


def test_an_entry_is_seen_with_its_lines_and_the_vat_lines_the_books_made(books):
    side, session, _ = books
    book_all(books, [ENTRY])
    look = BOOKS.look(side.outside.wire, session, "91", FIRST, FIRST)
    assert look.good
    (entry,) = look.entries
    assert (entry.entry_number, entry.division, entry.journal_code) == (FIRST, GROENHOF, "91")
    assert (entry.year, entry.period) == (2026, 3)
    assert sorted((line.gl_code, line.amount) for line in entry.lines) == [
        ("1210", 12100),
        ("1500", -2100),
        ("8220", -10000),
    ]
    sent = next(line for line in entry.lines if line.gl_code == "8220")
    assert (sent.vat_code, sent.vat_amount, sent.on) == ("2", -2100, DAY)
    assert KEY in sent.description


def test_an_empty_range_is_a_good_look_that_saw_nothing(books):
    side, session, _ = books
    book_all(books, [ENTRY])
    look = BOOKS.look(side.outside.wire, session, "91", FIRST + 1, FIRST + 100)
    assert (look.good, look.entries) == (True, ())


@pytest.mark.judge_allows("duplicate-content", reason="books filled with equal entries")
def test_an_entry_is_found_by_its_key_whatever_its_number(books):
    side, session, _ = books
    book_all(books, [ENTRY, replace(ENTRY, entry_number=FIRST + 7)])
    found = BOOKS.look_for_key(side.outside.wire, session, "91", KEY)
    assert [entry.entry_number for entry in found.entries] == [FIRST, FIRST + 7]
    none = BOOKS.look_for_key(side.outside.wire, session, "91", "RV.5f2d.1.8' or '1' eq '1")
    assert (none.good, none.entries) == (True, ())


BLIND = [
    ("401", "", True),
    ("429", "minute", False),
    ("html_200", "", False),
    ("html_503", "", False),
    ("empty_200", "", False),
    ("problem_500", "", False),
    ("drop_before", "", False),
    ("cut_at_byte", "90", False),
]


@pytest.mark.parametrize(("fault", "value", "login_refused"), BLIND)
def test_a_look_that_failed_is_blind_and_never_absent(books, fault, value, login_refused):
    side, session, _ = books
    side.sandbox.faults.add(fault, value=value, method="GET", path="*GeneralJournalEntries*")
    look = BOOKS.look(side.outside.wire, session, "91", FIRST, FIRST)
    assert not look.good
    assert look.problem
    assert look.login_refused == login_refused
    assert (look.not_before is not None) == (fault == "429")


def test_a_look_at_a_division_that_is_not_ours_is_blind(books):
    side, session, _ = books
    look = BOOKS.look(side.outside.wire, replace(session, division=2000001), "91", FIRST, FIRST)
    assert (look.good, look.entries) == (False, ())


class OtherDivision:
    """Exact has been seen to answer for another company."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def send(self, call: Call) -> Reply:
        reply = self.wire.send(call)
        return replace(reply, body=reply.body.replace(b":1000001", b":1000002"))


def test_an_answer_of_another_division_does_not_count(books):
    side, session, _ = books
    book_all(books, [ENTRY])
    look = BOOKS.look(OtherDivision(side.outside.wire), session, "91", FIRST, FIRST)
    assert not look.good
    assert "1000002" in look.problem


def test_lost_rights_give_an_empty_list_and_are_found_out(books):
    side, session, _ = books
    book_all(books, [ENTRY])
    assert BOOKS.sees_entries(side.outside.wire, session, "91")
    assert not BOOKS.sees_entries(side.outside.wire, session, "77")
    side.sandbox.store.set("rights", "lost")
    look = BOOKS.look(side.outside.wire, session, "91", FIRST, FIRST)
    assert (look.good, look.entries) == (True, ())
    assert not BOOKS.sees_entries(side.outside.wire, session, "91")


@pytest.mark.judge_allows("duplicate-content", reason="books filled with equal entries")
@pytest.mark.parametrize(("lines", "entries", "calls_max"), [(20, 130, 3), (90, 65, 9)])
def test_reading_back_takes_a_tenth_of_a_call_per_journal(books, lines, entries, calls_max):
    side, session, _ = books
    book_all(books, [numbered(FIRST + n, lines) for n in range(entries)])
    wire = CountingWire(side.outside.wire)
    look = BOOKS.look(wire, session, "91", FIRST, FIRST + entries)
    assert look.good, look.problem
    assert [entry.entry_number for entry in look.entries] == [FIRST + n for n in range(entries)]
    assert {len(entry.lines) for entry in look.entries} == {lines + 1}
    assert wire.count <= calls_max
    assert wire.count <= 0.15 * entries


@pytest.mark.judge_allows("duplicate-content", reason="books filled with equal entries")
def test_next_pages_of_another_origin_are_not_followed(books):
    side, session, _ = books
    book_all(books, [numbered(FIRST + n) for n in range(61)])

    class Elsewhere:
        def send(self, call: Call) -> Reply:
            reply = side.outside.wire.send(call)
            at = f"127.0.0.1:{side.sandbox.port}".encode()
            return replace(reply, body=reply.body.replace(at, b"evil.example"))

    look = BOOKS.look(Elsewhere(), session, "91", FIRST, FIRST + 61)
    assert not look.good
