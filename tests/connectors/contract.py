"""What every provider must do, whatever its service is like: one function per promise of the port.

A provider is put to the test as a `Case`: the provider, a service that speaks HTTP on this machine
and goes wrong on request, and what is known of its books. `docs/provider.md` leads through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from retailvista.connectors.http import RequestsWire, origin_of
from retailvista.connectors.port import (
    Call,
    EntryToBook,
    LineToBook,
    Outcome,
    Provider,
    Registration,
    Reply,
    Sending,
    Session,
    TokenPair,
    TokenRefused,
)
from retailvista.errors import Later, LoginNeeded, Refused, Unknown
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.conftest import TestClock

KEY = "RV:1a2b3c-1-1"
NUMBER = 26000001
ON = date(2026, 3, 10)
INT32 = 2**31 - 1


@dataclass(frozen=True)
class Case:
    """A provider and the service it speaks to."""

    provider: Provider
    sandbox: Sandbox
    clock: TestClock
    registration: Registration
    # Logs a person in and gives the code that comes back.
    code: Callable[[], str]
    division: int
    journal_code: str
    # Two accounts without VAT: one to debit, one to credit.
    accounts: tuple[str, str]
    # Where faults hit, as patterns of paths: the entries, and where a posting key is looked for.
    entries: str
    keys: str

    @property
    def wire(self) -> RequestsWire:
        return RequestsWire(self.clock, (), [self.registration.site])

    def tokens(self) -> TokenPair:
        """A new login."""
        reply = self.provider.authorizer.redeem(self.wire, self.registration, self.code())
        return self.provider.authorizer.read_tokens(reply)

    def refreshed(self, pair: TokenPair) -> TokenPair:
        reply = self.provider.authorizer.refresh(self.wire, self.registration, pair.refresh_token)
        return self.provider.authorizer.read_tokens(reply)

    def session(self, division: int | None = None) -> Session:
        chosen = self.division if division is None else division
        return Session(self.registration.site, chosen, self.tokens().access_token)

    def entry(self, number: int = NUMBER, key: str = KEY, cents: int = 1250) -> EntryToBook:
        """12.50 from one account to the other."""
        lines = tuple(
            LineToBook(code, amount, "", 0, f"{key} {text}")
            for code, amount, text in zip(
                self.accounts, (cents, -cents), ("Till", "Till again"), strict=True
            )
        )
        return EntryToBook(self.division, self.journal_code, number, 2026, 3, ON, "EUR", lines)

    def payload(self, session: Session, **more: object) -> bytes:
        master = self.provider.books.master(self.wire, session)
        return self.provider.books.render(self.entry(**more), master)  # type: ignore[arg-type]

    def fail(self, name: str, method: str = "POST", value: str = "", path: str = "") -> None:
        """What goes wrong with the next call, to the entries if nothing else is said."""
        self.sandbox.faults.add(name, value=value, method=method, path=path or self.entries)


def checks() -> Iterator[Callable[[Case], None]]:
    """Every promise, by name."""
    for name, check in globals().items():
        if name.startswith("check_"):
            yield check


# Logging in


def check_the_login_address_carries_what_oauth_asks_for(case: Case) -> None:
    url = case.provider.authorizer.login_url(case.registration, "state-1")
    parts = urlsplit(url)
    query = parse_qs(parts.query, strict_parsing=True)
    assert query["client_id"] == [case.registration.client_id]
    assert query["redirect_uri"] == [case.registration.callback_url]
    assert (query["state"], query["response_type"]) == (["state-1"], ["code"])
    assert url.count("?") - case.registration.callback_url.count("?") <= 1
    assert case.registration.client_secret.reveal() not in url


def check_production_addresses_are_https_and_known(case: Case) -> None:
    provider = case.provider
    assert provider.sites
    for site in (*provider.sites, *provider.further_hosts):
        assert origin_of(site)[0] == "https"
        assert urlsplit(site).path == ""
    for site in provider.sites:
        url = provider.authorizer.login_url(replace(case.registration, site=site), "s")
        assert urlsplit(url).scheme == "https"


def check_a_code_brings_tokens_once(case: Case) -> None:
    authorizer, code = case.provider.authorizer, case.code()
    first = authorizer.redeem(case.wire, case.registration, code)
    pair = authorizer.read_tokens(first)
    assert pair.life == authorizer.access_life
    assert authorizer.refresh_not_before < authorizer.access_life < authorizer.grant_life
    assert pair.access_token.reveal() not in repr(pair)
    again = authorizer.redeem(case.wire, case.registration, code)
    with pytest.raises((LoginNeeded, Later)):
        authorizer.read_tokens(again)


def check_a_refresh_brings_another_pair_and_spends_the_old_one(case: Case) -> None:
    authorizer = case.provider.authorizer
    first = case.tokens()
    case.clock.move(seconds=authorizer.refresh_not_before.total_seconds() + 1)
    second = case.refreshed(first)
    assert second.refresh_token.reveal() != first.refresh_token.reveal()
    case.clock.move(seconds=authorizer.refresh_not_before.total_seconds() + 1)
    with pytest.raises(LoginNeeded):
        case.refreshed(first)


def check_a_login_that_was_away_too_long_is_needed_again(case: Case) -> None:
    pair = case.tokens()
    case.clock.move(
        seconds=(case.provider.authorizer.grant_life + timedelta(days=1)).total_seconds()
    )
    with pytest.raises(LoginNeeded):
        case.refreshed(pair)


def check_a_wrong_secret_needs_a_login_and_stands_in_no_text(case: Case) -> None:
    wrong = replace(case.registration, client_secret=Secret("not-the-secret"))
    reply = case.provider.authorizer.refresh(case.wire, wrong, Secret("nobodys-token"))
    with pytest.raises(LoginNeeded) as raised:
        case.provider.authorizer.read_tokens(reply)
    assert "not-the-secret" not in f"{raised.value} {raised.value.said}"
    assert "nobodys-token" not in f"{raised.value} {raised.value.said}"


def check_a_service_in_trouble_never_ends_a_login(case: Case) -> None:
    at = case.clock.now()
    page = b"<html>Maintenance</html>"
    for status in (429, 500, 502, 503, 504):
        with pytest.raises(Later) as raised:
            case.provider.authorizer.read_tokens(_answer(case, status, page))
        assert raised.value.not_before > at
    with pytest.raises(Unknown):
        case.provider.authorizer.read_tokens(_answer(case, 200, page))


def _answer(case: Case, status: int, body: bytes) -> Reply:
    at = case.clock.now()
    headers = {"content-type": "text/html"}
    return Reply(Sending.ANSWERED, status, headers, body, at, at)


# Who, where, what


def check_the_user_and_the_divisions_are_named(case: Case) -> None:
    session = case.session(division=0)
    user = case.provider.books.me(case.wire, session)
    assert user.user_id
    assert user.user_id == case.provider.books.me(case.wire, case.session()).user_id
    divisions = case.provider.books.divisions(case.wire, session)
    codes = [division.code for division in divisions]
    assert case.division in codes
    assert len(set(codes)) == len(codes)
    assert all(0 < code <= INT32 for code in codes)
    assert all(len(division.currency) in (0, 3) for division in divisions)


def check_master_data_answer_what_the_checks_ask(case: Case) -> None:
    master = case.provider.books.master(case.wire, case.session())
    assert master.division == case.division
    assert master.currency == "EUR"
    assert not master.journals[case.journal_code].blocked
    for code in case.accounts:
        account = master.gl_accounts[code]
        assert (account.code, account.blocked) == (code, False)
        assert account.id
    period = master.period_of(ON)
    assert period is not None
    assert (period.year, case.journal_code in period.closed_for) == (2026, False)
    assert abs(master.fetched_at - case.clock.now()) < timedelta(minutes=1)


def check_a_division_of_somebody_else_is_refused(case: Case) -> None:
    with pytest.raises(Refused) as raised:
        case.provider.books.master(case.wire, case.session(division=INT32))
    assert raised.value.http_status == 403


def check_a_dead_token_is_a_token_refused(case: Case) -> None:
    session = case.session()
    case.clock.move(seconds=case.provider.authorizer.access_life.total_seconds() + 1)
    with pytest.raises(TokenRefused):
        case.provider.books.me(case.wire, session)


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


def check_the_budget_counts_the_calls_that_post(case: Case) -> None:
    sent: list[Call] = []

    class Listening(RequestsWire):
        def send(self, call: Call) -> Reply:
            sent.append(call)
            return super().send(call)

    wire = Listening(case.clock, (), [case.registration.site])
    session = case.session()
    case.provider.books.book(wire, session, case.payload(session))
    posts = [call for call in sent if call.method == "POST"]
    assert [case.provider.endpoint_of(call.url) for call in posts] == [
        case.provider.posting_endpoint
    ]
    token = session.access_token.reveal()
    for call in sent:
        assert token not in call.url
        assert token not in str(dict(call.headers))
        assert call.deadline_seconds <= 130


def check_a_hint_is_in_both_languages_or_in_none(case: Case) -> None:
    assert case.provider.hint_for("Quux frobnicated.", "en") == ""
    assert case.provider.hint_for("Quux frobnicated.", "nl") == ""
