"""People, their passwords, sessions and tokens: who gets in, where, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies import people, sessions, tokens
from retailvista.companies.models import AccessToken, User, UserSession
from retailvista.companies.scope import company_scope
from retailvista.errors import Refused

EMAIL, PASSWORD = "anna@groenhof.nl", "zeven gele tulpen"


@pytest.fixture
def anna(session, groenhof):
    with company_scope(groenhof):
        return people.add_user(
            session, EMAIL, "administrator", PASSWORD, "Anna", "de Vries", actor="cli"
        ).user


def test_a_password_is_stored_as_argon2id(anna):
    assert anna.password_hash.startswith("$argon2id$")
    assert PASSWORD not in anna.password_hash


@pytest.mark.parametrize(
    "password", ["short", "elevenchars", "aaaaaaaaaaaaaaaaaaaa", EMAIL, "x" * 201]
)
def test_a_weak_password_is_refused(session, groenhof, password):
    with company_scope(groenhof), pytest.raises(Refused, match="password"):
        people.add_user(session, EMAIL, "viewer", password, actor="cli")


@pytest.mark.parametrize(
    ("email", "password", "enters"),
    [
        (EMAIL, PASSWORD, True),
        (EMAIL.upper(), PASSWORD, True),
        (EMAIL, PASSWORD + "x", False),
        ("nobody@groenhof.nl", PASSWORD, False),
        (EMAIL, "", False),
    ],
)
def test_only_the_right_pair_enters(session, anna, groenhof, email, password, enters):
    with database.reading(session):
        found = people.check_login(session, email, password, groenhof)
    assert (found is not None) == enters


@pytest.mark.statement("R-14")
def test_a_person_enters_only_companies_where_he_has_a_role(session, anna, teststore):
    with database.reading(session):
        assert people.check_login(session, EMAIL, PASSWORD, teststore) is None


def test_adding_a_person_who_exists_adds_a_role_and_leaves_his_password(session, anna, teststore):
    with company_scope(teststore):
        added = people.add_user(session, EMAIL, "viewer", "another long password", actor="cli")
    assert not added.new_person
    with database.reading(session):
        assert people.check_login(session, EMAIL, PASSWORD, teststore)
        assert people.verify_password(session, EMAIL, "another long password") is None


@pytest.mark.statement("R-56")
@pytest.mark.parametrize(
    ("first", "last", "fine"),
    [
        ("Jo", "B", True),
        ("Anne-Marie", "O'Brien", True),
        ("José", "van 't Hoff", True),
        ("J", "Bakker", False),
        ("Jan", "", False),
        ("Jan2", "Bakker", False),
        ("Jan", "Bakker3", False),
        ("--", "Bakker", False),
    ],
)
def test_the_names_of_a_profile(session, anna, first, last, fine):
    if fine:
        people.change_profile(session, anna.id, first, last, EMAIL, "nl")
    else:
        with pytest.raises(Refused, match="name"):
            people.change_profile(session, anna.id, first, last, EMAIL, "nl")


@pytest.mark.statement("R-57")
def test_changing_the_own_password_ends_every_session(session, anna, groenhof):
    raws = [sessions.start_session(session, anna, groenhof, "") for _ in range(2)]
    with pytest.raises(Refused, match="current password"):
        people.change_own_password(session, anna.id, "not it at all", "nieuw wachtwoord 9")
    assert all(sessions.session_of(session, raw, groenhof, "") for raw in raws)
    people.change_own_password(session, anna.id, PASSWORD, "nieuw wachtwoord 9")
    assert not any(sessions.session_of(session, raw, groenhof, "") for raw in raws)
    with database.reading(session):
        assert people.check_login(session, EMAIL, PASSWORD, groenhof) is None
        assert people.check_login(session, EMAIL, "nieuw wachtwoord 9", groenhof)


@pytest.mark.statement("R-14")
def test_a_session_is_bound_to_company_and_instance(session, anna, groenhof, teststore):
    with company_scope(teststore):
        people.add_user(session, EMAIL, "viewer", actor="cli")
    raw = sessions.start_session(session, anna, groenhof, "zuid")
    assert sessions.session_of(session, raw, groenhof, "zuid").role == "administrator"
    assert sessions.session_of(session, raw, teststore, "zuid") is None
    assert sessions.session_of(session, raw, groenhof, "") is None
    with database.reading(session):
        stored = session.scalars(select(UserSession.token_hash)).all()
    assert raw not in stored


def test_a_session_ends_by_logging_out_by_idling_and_after_a_week(session, anna, groenhof, clock):
    out = sessions.start_session(session, anna, groenhof, "")
    sessions.end_session(session, sessions.session_of(session, out, groenhof, "").session_id)
    assert sessions.session_of(session, out, groenhof, "") is None

    raw = sessions.start_session(session, anna, groenhof, "")
    for _ in range(23):
        clock.move(hours=7)
        assert sessions.session_of(session, raw, groenhof, "")
    clock.move(hours=6, minutes=59)
    assert sessions.session_of(session, raw, groenhof, "")
    clock.move(minutes=2)
    assert sessions.session_of(session, raw, groenhof, "") is None, "older than seven days"

    idle = sessions.start_session(session, anna, groenhof, "")
    clock.move(hours=8, seconds=1)
    assert sessions.session_of(session, idle, groenhof, "") is None


def test_a_blocked_person_is_out_at_once(session, anna, groenhof):
    raw = sessions.start_session(session, anna, groenhof, "")
    with company_scope(groenhof):
        people.block(session, anna.id, "cli")
    assert sessions.session_of(session, raw, groenhof, "") is None
    with database.reading(session):
        assert people.verify_password(session, EMAIL, PASSWORD) is None


def test_a_company_keeps_an_administrator(session, anna, groenhof):
    anna_id = anna.id
    with company_scope(groenhof), pytest.raises(Refused, match="administrator"):
        people.change_role(session, anna_id, "viewer", "cli")
    with company_scope(groenhof), pytest.raises(Refused, match="administrator"):
        people.remove_member(session, anna_id, "cli")


def make_token(session, user, company_id, scopes=("journals:read",), expires_at=None):
    with company_scope(company_id):
        return tokens.create_token(session, user, "report", scopes, expires_at, EMAIL)


def holder(session, raw, company_id, scope="journals:read"):
    with company_scope(company_id):
        return tokens.holder_of(session, raw, scope)


def test_a_token_has_a_prefix_and_a_checksum_and_is_stored_as_a_hash(session, anna, groenhof):
    raw = make_token(session, anna, groenhof)
    assert raw.startswith("rvp_") and len(raw) == 40
    assert tokens.is_well_formed(raw)
    for at in range(4, 40):
        other = raw[:at] + ("A" if raw[at] != "A" else "B") + raw[at + 1 :]
        assert not tokens.is_well_formed(other), f"letter {at} changed and nobody noticed"
    with company_scope(groenhof), database.reading(session):
        row = session.scalars(select(AccessToken)).one()
    assert raw not in (row.token_hash, row.hint)


@pytest.mark.statement("R-14")
def test_a_token_works_in_its_company_for_its_scope_until_it_ends(
    session, anna, groenhof, teststore, clock
):
    raw = make_token(session, anna, groenhof, expires_at=clock.now() + timedelta(days=1))
    assert holder(session, raw, groenhof).email == EMAIL
    assert holder(session, raw, groenhof, "receipts:write") is None
    assert holder(session, raw, teststore) is None
    clock.move(days=1)
    assert holder(session, raw, groenhof) is None


def test_a_revoked_token_is_refused_at_once(session, anna, groenhof):
    raw = make_token(session, anna, groenhof)
    token_id = holder(session, raw, groenhof).token_id
    with company_scope(groenhof):
        tokens.revoke(session, token_id, EMAIL)
    assert holder(session, raw, groenhof) is None


def test_people_are_found_by_address_whatever_its_case(session, anna):
    with database.reading(session):
        assert people.user_by_email(session, " Anna@Groenhof.NL ").id == anna.id
        assert session.scalars(select(User)).all() == [anna]
