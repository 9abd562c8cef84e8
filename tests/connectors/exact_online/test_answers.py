"""Every row of the table of answers, asked of the sandbox over HTTP.

The last column says whether the entry is in the books afterwards: an outcome that calls itself
safe must never be said while it is.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from retailvista.connectors.exact_online.answers import answer_of
from retailvista.connectors.exact_online.books import ExactBooks
from retailvista.connectors.exact_online.refusals import hint_for, is_known, says_in_use
from retailvista.connectors.port import Outcome, Reply, Sending
from retailvista.vault import Secret
from tests.connectors.exact_online.books import ENTRY, session_of
from tests.connectors.side import Side
from tests.sandbox.visitor import GROENHOF, Visitor

BOOKS = ExactBooks()
POSTS = "*GeneralJournalEntries*"

ROWS = [
    ("booked", None, "", Outcome.BOOKED, True),
    ("request lost", "drop_before", "", Outcome.UNKNOWN, False),
    ("answer lost", "drop_after_commit", "", Outcome.UNKNOWN, True),
    ("cut in the headers", "cut_at_byte", "12", Outcome.UNKNOWN, True),
    ("cut in the body", "cut_at_byte", "700", Outcome.UNKNOWN, True),
    ("502 after the commit", "error_after_commit", "502", Outcome.UNKNOWN, True),
    ("503 after the commit", "error_after_commit", "503", Outcome.UNKNOWN, True),
    ("408 after the commit", "error_after_commit", "408", Outcome.UNKNOWN, True),
    ("500 without Exact's body", "error_after_commit", "500", Outcome.UNKNOWN, True),
    ("maintenance page, 200", "html_200", "", Outcome.UNKNOWN, False),
    ("maintenance page, 200, booked", "html_200", "after", Outcome.UNKNOWN, True),
    ("maintenance page, 503", "html_503", "", Outcome.UNKNOWN, False),
    ("200 and nothing", "empty_200", "after", Outcome.UNKNOWN, True),
    ("fault with Exact's body", "problem_500", "", Outcome.REFUSED_UNKNOWN, False),
    ("fault with Exact's body, booked", "problem_500", "after", Outcome.REFUSED_UNKNOWN, True),
    ("known refusal", "refuse", "Periode is afgesloten: 2026 - 3", Outcome.REFUSED_KNOWN, False),
    ("unknown refusal", "refuse", "Controle 7Q", Outcome.REFUSED_UNKNOWN, False),
    ("number in use", "refuse", "In gebruik: Boekstuknummer", Outcome.NUMBER_IN_USE, False),
    ("throttled, minute", "429", "minute", Outcome.THROTTLED, False),
    ("throttled, day", "429", "day", Outcome.THROTTLED, False),
    ("throttled, no headers", "429", "bare", Outcome.THROTTLED, False),
    ("token refused", "401", "", Outcome.TOKEN_REFUSED, False),
]


@pytest.mark.parametrize(
    ("fault", "value", "outcome", "is_booked"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS]
)
def test_each_row(connected: Side, fault, value, outcome, is_booked):
    session = session_of(connected)
    payload = BOOKS.render(ENTRY, BOOKS.master(connected.outside.wire, session))
    if fault:
        connected.sandbox.faults.add(fault, value=value, method="POST", path=POSTS)

    answer = BOOKS.book(connected.outside.wire, session, payload)

    assert answer.outcome is outcome, answer
    assert (Visitor(connected.sandbox).numbers() != []) == is_booked
    if outcome is Outcome.BOOKED:
        assert answer.booked is not None
        assert (answer.booked.entry_number, answer.booked.division) == (26_000_001, GROENHOF)
    if outcome is Outcome.THROTTLED:
        assert (answer.not_before is None) == (value == "bare")


def book_raw(side: Side, payload: bytes, **session: object):
    return BOOKS.book(side.outside.wire, replace(session_of(side), **session), payload)


def test_400_is_rejected(connected: Side):
    answer = book_raw(connected, b'{"JournalCode":"91","NotAField":1}')
    assert answer.outcome is Outcome.REJECTED
    assert "NotAField" in answer.said


def test_403_stops_the_connector(connected: Side):
    answer = book_raw(connected, b"{}", division=2000001)
    assert (answer.outcome, answer.http_status) == (Outcome.STOPPED, 403)


def test_404_stops_the_connector():
    reply = Reply(Sending.ANSWERED, status=404, headers={"content-type": "text/html"})
    assert answer_of(reply).outcome is Outcome.STOPPED


def test_a_token_that_is_none_is_refused(connected: Side):
    answer = book_raw(connected, b"{}", access_token=Secret("made-up"))
    assert answer.outcome is Outcome.TOKEN_REFUSED


def test_no_connection_is_certainly_not_sent(connected: Side):
    session = session_of(connected)
    payload = BOOKS.render(ENTRY, BOOKS.master(connected.outside.wire, session))
    connected.sandbox.stop()
    assert BOOKS.book(connected.outside.wire, session, payload).outcome is Outcome.NOT_SENT


def test_a_used_number_is_said_so_by_the_books(connected: Side):
    session = session_of(connected)
    payload = BOOKS.render(ENTRY, BOOKS.master(connected.outside.wire, session))
    outcomes = [BOOKS.book(connected.outside.wire, session, payload).outcome for _ in range(2)]
    assert outcomes == [Outcome.BOOKED, Outcome.NUMBER_IN_USE]


# Texts as other integrators have met them at Exact, in both languages.
KNOWN = [
    "This entry is not balanced on: 2021 / 12 (Type: Other) - Difference: EUR 1.000,00",
    "De boeking is niet in evenwicht op: 2022 / 4 (Type: Inkoopboeking) - Verschil: EUR -0,01",
    "Period is closed",
    "Periode is afgesloten: 2024 - 3",
    "Unknown: Financial year (Period - date table)",
    "Verplicht: Boekjaar",
    "Mandatory: Journal",
    "Verplicht: Dagboek",
    "Ongeldige referentie: Journals",
    "Invalid journal. The journal must be a cash journal.",
    "Ongeldig: Dagboek",
    "Ongeldige referentie: Btw-code",
    "Not allowed: VAT code",
    "Niet toegestaan: Btw-code",
    "Ongeldig: Btw-percentage []",
    "Ongeldige referentie: Betalingsconditie",
    "Ongeldig: Grootboekrekeningtype",
    "Ongeldig: Klant (Type)",
    "Mandatory: Relationship\r\nInvalid reference: Cost unit\r\nMandatory: Diary",
]
IN_USE = [
    "In use: Document number",
    "In gebruik: Boekstuknummer",
    "Data already exists",
    "Gegeven bestaat reeds.",
    "Verplicht: Dagboek\r\nIn gebruik: Boekstuknummer",
    "Already exists - Entry number: 26900042, Journal: 91",
]
UNKNOWN = [
    "A problem has occurred. The cause of this issue will be investigated as soon as possible.",
    "Object reference not set to an instance of an object.",
    "Verplicht: Dagboek\r\nSomething nobody has seen",
    "",
]


@pytest.mark.parametrize("text", KNOWN)
def test_known_refusals_come_with_a_hint_in_both_languages(text: str):
    assert is_known(text)
    assert not says_in_use(text)
    assert hint_for(text, "nl-NL")
    assert hint_for(text, "en")
    assert hint_for(text, "nl-NL") != hint_for(text, "en")


@pytest.mark.parametrize("text", IN_USE)
def test_texts_that_say_the_number_is_taken(text: str):
    assert says_in_use(text)


@pytest.mark.parametrize("text", UNKNOWN)
def test_everything_else_is_unknown(text: str):
    assert not is_known(text)
    assert not says_in_use(text)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.UNKNOWN),
        (204, Outcome.UNKNOWN),
        (301, Outcome.UNKNOWN),
        (307, Outcome.UNKNOWN),
        (405, Outcome.UNKNOWN),
        (501, Outcome.UNKNOWN),
        (504, Outcome.UNKNOWN),
    ],
)
def test_a_status_that_is_not_in_the_table_is_unknown(status: int, outcome: Outcome):
    body = b'{"error":{"code":"","message":{"lang":"","value":"Verplicht: Dagboek"}}}'
    reply = Reply(
        Sending.ANSWERED, status=status, headers={"content-type": "application/json"}, body=body
    )
    assert answer_of(reply).outcome is outcome


LIES = [b"", b"{}", b'{"d":null}', b'{"d":{"EntryID":null}}', b'{"d":{"EntryID":"x"}}', b"\xff"]


@pytest.mark.parametrize("body", LIES)
def test_201_without_a_readable_entry_is_unknown(body: bytes):
    headers = {"content-type": "application/json;charset=utf-8"}
    assert answer_of(Reply(Sending.ANSWERED, 201, headers, body)).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "text",
    [
        "Periode is afgesloten",
        "Period is closed",
        "Periode 2026/3 is afgesloten voor dagboek 91.",
        "Period 2026/3 is closed for journal 91.",
    ],
)
def test_a_closed_period_is_not_taken_for_a_wrong_journal_code(text: str):
    assert "afgesloten" in hint_for(text, "nl-NL")
    assert "closed" in hint_for(text, "en")


GL, OTHER = {"GLAccountCode": "1210", "GLAccount": "a"}, {"GLAccountCode": "8220", "GLAccount": "b"}
DROPPED = {"GLAccountCode": None, "GLAccount": None}
UNFILLED = {"GLAccountCode": None, "GLAccount": "a"}
SHOWN = [
    ("deferred", {"__deferred": {"uri": "x"}}, None),
    ("none", [], None),
    ("array", [{**GL, "AmountFC": 121.0}, {**OTHER, "AmountFC": -121.0}],
     {"1210": 12100, "8220": -12100}),
    ("results", {"results": [{**GL, "AmountFC": 1}, {**GL, "AmountFC": 2}]}, {"1210": 300}),
    ("account dropped", [{**DROPPED, "AmountFC": 1}], {"": 100}),
    ("codes not filled in", [{**UNFILLED, "AmountFC": 1}], None),
    ("Guids only", [{"GLAccount": "a", "AmountFC": 1}], None),
    ("no amounts", [{**GL, "AmountFC": None}], None),
    ("more to come", {"results": [{**GL, "AmountFC": 1}], "__next": "x"}, None),
    ("perhaps cut off", [{**GL, "AmountFC": 1}] * 60, None),
]  # fmt: skip


@pytest.mark.parametrize(("shown", "totals"), [row[1:] for row in SHOWN], ids=[r[0] for r in SHOWN])
def test_totals_of_an_answer_are_read_where_it_really_shows_lines(shown, totals):
    row = {"EntryID": "e", "EntryNumber": 1, "Division": 2, "GeneralJournalEntryLines": shown}
    reply = Reply(
        Sending.ANSWERED,
        status=201,
        headers={"content-type": "application/json"},
        body=json.dumps({"d": row}).encode(),
    )
    answer = answer_of(reply)
    assert answer.booked is not None
    assert answer.booked.net_by_gl == totals
