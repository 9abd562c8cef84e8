"""Warnings before a login ends: each threshold once, none after a renewal, none to others."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies import people
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors.models import Grant, Notice
from retailvista.mail.notices import decide
from retailvista.mail.sending import Letter, send_due


class Reader:
    """A post that keeps what it was given, or is down."""

    def __init__(self):
        self.letters: list[Letter] = []
        self.down = False
        self.tries = 0

    def deliver(self, letter):
        self.tries += 1
        if self.down:
            raise ConnectionRefusedError("no mail server")
        self.letters.append(letter)


@pytest.fixture
def reader():
    return Reader()


def sweep(way_out, settings, reader):
    decide(way_out, settings)
    send_due(way_out, reader)


def live(days, way_out, settings, reader, clock, step_hours=6):
    for _ in range(round(days * 24 / step_hours)):
        clock.move(hours=step_hours)
        sweep(way_out, settings, reader)


@pytest.mark.statement("R-42", "R-39")
def test_each_threshold_is_warned_of_once_and_the_end_too(way_out, settings, log_in, reader, clock):
    log_in()
    live(45, way_out, settings, reader, clock)
    assert [letter.subject for letter in reader.letters] == [
        "Groenhof: de koppeling Exact verloopt over 14 dagen",
        "Groenhof: de koppeling Exact verloopt over 7 dagen",
        "Groenhof: de koppeling Exact verloopt over 3 dagen",
        "Groenhof: de koppeling Exact verloopt over 1 dag",
        "Groenhof: de koppeling Exact is verlopen",
    ]
    assert "http://groenhof.retailvista.localhost:8000/connectors/25" in reader.letters[0].body
    assert "Groenhof BV" in reader.letters[0].body


@pytest.mark.statement("R-42", "R-40")
def test_a_renewal_starts_anew_and_drops_what_was_not_sent_yet(
    way_out, settings, log_in, succeed, reader, clock
):
    ids = log_in()
    live(17, way_out, settings, reader, clock)
    assert len(reader.letters) == 1
    reader.down = True
    live(7, way_out, settings, reader, clock)
    succeed(*ids)
    reader.down = False
    live(10, way_out, settings, reader, clock)
    assert len(reader.letters) == 1, "the warning of 7 days is not true any more"
    live(7, way_out, settings, reader, clock)
    assert [letter.subject[-21:] for letter in reader.letters] == ["verloopt over 14 dagen"[1:]] * 2


def test_a_mail_server_that_is_down_for_48_hours_loses_nothing(
    way_out, settings, log_in, reader, clock
):
    ids = [log_in(number, f"company{number}") for number in range(1, 31)]
    assert len(ids) == 30
    reader.down = True
    live(16, way_out, settings, reader, clock)
    for _ in range(48 * 60 // 15):
        clock.move(minutes=15)
        sweep(way_out, settings, reader)
    assert not reader.letters
    assert reader.tries < 30 * 60, "a dead server is asked ever more seldom"
    reader.down = False
    for _ in range(30):
        clock.move(minutes=5)
        sweep(way_out, settings, reader)
    assert len(reader.letters) == 30
    assert len({letter.message_id for letter in reader.letters}) == 30
    for letter in reader.letters:
        assert letter.recipient == "boek@groenhof.nl"


@pytest.mark.statement("R-43")
def test_a_login_that_is_gone_is_mailed_at_once_and_once(way_out, settings, log_in, reader, clock):
    company_id, grant_id = log_in(
        readers=(("boek@groenhof.nl", "nl"), ("audit@firm.example", "en"))
    )
    sweep(way_out, settings, reader)
    assert not reader.letters
    with way_out.sessions() as session, company_scope(company_id), database.transaction(session):
        grant = session.scalars(select(Grant).where(Grant.id == grant_id)).one()
        grant.login_needed_at = clock.now()
        grant.login_needed_why = "Old refresh token used"
    live(20, way_out, settings, reader, clock)
    assert sorted(letter.subject for letter in reader.letters) == [
        "Groenhof: log in again at connector Exact",
        "Groenhof: log opnieuw in bij koppeling Exact",
    ]
    assert all("Old refresh token used" in letter.body for letter in reader.letters)


def test_a_provider_that_is_away_for_days_causes_no_mail(
    way_out, settings, log_in, succeed, reader, clock
):
    ids = log_in()
    live(10, way_out, settings, reader, clock)
    succeed(*ids)
    live(10, way_out, settings, reader, clock)  # ten days without an answer
    succeed(*ids)
    assert not reader.letters


def test_who_looks_twice_writes_once(way_out, settings, log_in, clock):
    log_in()
    clock.move(days=16, hours=1)
    assert decide(way_out, settings) == 1
    assert decide(way_out, settings) == 0
    with way_out.sessions() as session, across_companies(), database.reading(session):
        assert len(session.scalars(select(Notice)).all()) == 1


def test_no_company_gets_the_mail_of_another(way_out, settings, log_in, reader, clock):
    log_in(1, "groenhof", (("boek@groenhof.nl", "nl"),))
    log_in(2, "teststore", (("books@teststore.example", "en"),))
    live(45, way_out, settings, reader, clock)
    assert len(reader.letters) == 10
    for letter in reader.letters:
        own = letter.recipient.split("@")[1].split(".")[0]
        assert letter.subject.lower().startswith(own)


def test_without_named_readers_the_administrators_are_warned(
    way_out, settings, log_in, reader, clock
):
    company_id, _grant_id = log_in(readers=())
    with way_out.sessions() as session, company_scope(company_id):
        people.add_user(session, "boss@groenhof.nl", "administrator", actor="cli")
        people.add_user(session, "look@groenhof.nl", "viewer", actor="cli")
    clock.move(days=16, hours=1)
    sweep(way_out, settings, reader)
    assert [letter.recipient for letter in reader.letters] == ["boss@groenhof.nl"]


def test_a_sender_that_dies_between_sending_and_writing_sends_the_same_letter_again(
    way_out, settings, log_in, clock
):
    class Dies(Reader):
        def deliver(self, letter):
            super().deliver(letter)
            if len(self.letters) == 1:
                raise KeyboardInterrupt

    reader = Dies()
    log_in()
    clock.move(days=16, hours=1)
    with pytest.raises(KeyboardInterrupt):
        sweep(way_out, settings, reader)
    sweep(way_out, settings, reader)
    assert len(reader.letters) == 1, "the lease of the dead sender still holds"
    clock.move(minutes=6)
    sweep(way_out, settings, reader)
    first, second = reader.letters
    assert first == second, "same Message-ID: one mail to the reader"
