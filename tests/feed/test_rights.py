"""Who reads what of a feed: tokens, companies, permissions, throttling."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from retailvista import db
from retailvista.companies import people, tokens
from retailvista.companies.models import AccessToken, User
from retailvista.companies.scope import across_companies, company_scope
from retailvista.feed import feeds
from retailvista.feed.own_tables import OWN_TABLES
from tests.feed.program import Program, basic, make_feed, make_program, make_token


def spoiled(token: str) -> str:
    return token[:-1] + ("x" if token[-1] != "x" else "y")


def user_id(site, email: str) -> int:
    with site.outside.sessions() as session:
        return session.scalars(select(User.id).where(User.email == email)).one()


@pytest.mark.statement("C-14", "C-10")
def test_user_name_and_token_open_the_feed(site, program):
    assert program.send().status_code == 200
    user, token = make_token(site)
    for sent in (basic(user, token), basic(user.upper(), token), f"Bearer {token}"):
        program.headers["Authorization"] = sent
        assert program.send("$metadata").status_code == 200, sent


@pytest.mark.statement("C-18")
def test_wrong_revoked_and_foreign_tokens_are_refused(site, program, clock):
    user, token = make_token(site)
    foreign_user, foreign = make_token(site, "bloemhof")
    other_scope = make_token(site, scope="journals:read")[1]
    with company_scope(1), site.outside.sessions() as session:
        with db.reading(session):
            person = session.scalars(select(User).where(User.email == user)).one()
        short = tokens.create_token(
            session, person, "short", ["feed:read"], clock.move(hours=1).replace(hour=12), "test"
        )
        revoked = tokens.create_token(session, person, "revoked", ["feed:read"], None, "test")
        with db.reading(session):
            row = session.scalars(select(AccessToken).order_by(AccessToken.id.desc())).first()
        tokens.revoke(session, row.id, "test")
    program.headers["Authorization"] = basic(user, short)
    assert program.send().status_code == 200
    clock.move(days=1)
    wrong = [
        "", "Basic", "Basic !!!", "Digest x", basic(user, ""), basic(user, spoiled(token)),
        basic(user, revoked), basic(user, short), basic(user, foreign), f"Bearer {foreign}",
        basic(foreign_user, foreign), basic("administrator@groenhof.nl", token),
        basic(user, other_scope),
    ]  # fmt: skip
    for sent in wrong:
        program.headers["Authorization"] = sent
        answer = program.send("Journals")
        assert answer.status_code == 401, sent
        assert answer.headers["WWW-Authenticate"].startswith('Basic realm="RetailVista"')
        assert answer.get_json()["error"]["code"] == "Unauthorized"
    del program.headers["Authorization"]
    for place in (f"Journals?access_token={token}", f"Journals?token={token}"):
        assert program.send(place).status_code == 401
    program.headers["Authorization"] = basic(user, token)
    assert program.send("Journals").status_code == 200


@pytest.mark.statement("C-18")
def test_a_feed_of_another_company_is_not_there(site, program):
    make_feed(site, "bloemhof", "theirs")
    missing = program.send("/odata/nothing/")
    foreign = program.send("/odata/theirs/")
    assert (missing.status_code, missing.text) == (foreign.status_code, foreign.text)
    assert missing.status_code == 404
    stranger = make_program(site, "bloemhof", feed="theirs")
    assert len(stranger.rows("Journals")) == 3
    assert "Canarium" not in program.send("Journals").text


@pytest.mark.statement("C-18")
def test_no_table_shows_a_row_of_another_company(site, program):
    stranger = make_program(site, "bloemhof", feed="canarium-0")
    for table in OWN_TABLES.values():
        name = table.entity.name
        own, theirs = program.rows(name), stranger.rows(name)
        assert "B7" not in {row.get("Store") for row in own}
        assert "Canarium" not in str(own)
        with site.outside.sessions() as session, across_companies():
            everywhere = session.scalar(select(func.count()).select_from(table.position.table))
        assert len(own) + len(theirs) == everywhere, name
        if table.entity.key == "Id" and name != "JournalLines":
            assert not {row["Id"] for row in own} & {row["Id"] for row in theirs}


def test_a_company_reads_in_four_places_at_once(site, program):
    opened = [
        program.client.open("/odata/sales/Receipts", headers=program.headers) for _ in range(4)
    ]
    busy = program.send("Receipts")
    assert (busy.status_code, busy.headers["Retry-After"]) == (429, "5")
    assert make_program(site, "bloemhof", feed="canarium-0").send().status_code == 200
    for answer in opened:
        answer.close()
    assert program.send("Receipts").status_code == 200


@pytest.mark.statement("C-18", "C-03")
def test_a_table_a_person_may_not_read_is_not_listed(site, program):
    viewer, clerk = (user_id(site, f"{role}@groenhof.nl") for role in ("viewer", "bookkeeper"))
    with company_scope(1), site.outside.sessions() as session:
        feeds.permit(session, 1, "JournalLines", [clerk], "test")
        feeds.permit(session, 1, "Exports", [viewer], "test")
    listed = {entry["name"] for entry in program.get()["value"]}
    assert "JournalLines" not in listed
    assert "Exports" in listed
    for hidden in ("JournalLines", "JournalLines('1-1')", "JournalLines/$count"):
        assert program.send(hidden).status_code == 404
    assert "JournalLines" not in program.send("$metadata").text
    assert program.send("Journals?$expand=Lines").status_code == 400
    assert program.send("Journals?$filter=Lines/any()").status_code == 400
    for role in ("bookkeeper", "administrator"):
        other = make_program(site, role=role)
        assert other.rows("JournalLines"), role


@pytest.mark.statement("C-03")
def test_a_feed_can_be_for_some_people(site, program):
    clerk = user_id(site, "bookkeeper@groenhof.nl")
    with company_scope(1), site.outside.sessions() as session:
        feeds.permit(session, 1, "", [clerk], "test")
    assert program.send().status_code == 404
    assert make_program(site, role="bookkeeper").send().status_code == 200
    with company_scope(1), site.outside.sessions() as session:
        feeds.permit(session, 1, "", None, "test")
    assert program.send().status_code == 200


@pytest.mark.statement("C-23")
def test_a_token_for_one_feed_opens_no_other(site):
    make_feed(site, name="second", tables=("Runs",))
    user, token = make_token(site, scope="feed:read:2")
    assert Program(site, "groenhof", "second", user, token).send().status_code == 200
    assert Program(site, "groenhof", "sales", user, token).send().status_code == 404
    with company_scope(1), site.outside.sessions() as session:
        feeds.remove_feed(session, 2, "test")
        assert feeds.add_feed(session, "second", "test") == 3
    assert Program(site, "groenhof", "second", user, token).send().status_code == 404


@pytest.mark.statement("C-06", "C-23")
def test_tokens_are_ended_one_by_one_and_remember_their_use(site, clock):
    first, second = make_program(site), make_program(site)
    clock.move(minutes=5)
    assert first.send().status_code == 200
    with company_scope(1), site.outside.sessions() as session:
        with db.reading(session):
            rows = list(
                session.scalars(select(AccessToken).order_by(AccessToken.id.desc()).limit(2))
            )
        assert [row.used_at for row in rows] == [None, clock.now()]
        tokens.revoke(session, rows[1].id, "test")
    assert first.send().status_code == 401
    assert second.send().status_code == 200


def test_a_person_who_leaves_reads_no_more(site, program):
    assert program.send().status_code == 200
    with company_scope(1), site.outside.sessions() as session:
        people.remove_member(session, user_id(site, "viewer@groenhof.nl"), "test")
    assert program.send().status_code == 401


def test_who_guesses_is_slowed_down(site, program):
    user, token = make_token(site)
    program.headers["Authorization"] = basic(user, spoiled(token))
    codes = [program.send().status_code for _ in range(62)]
    assert codes[:60] == [401] * 60
    assert codes[-1] == 429
    answer = program.send()
    assert answer.headers["Retry-After"] == "60"
    assert answer.get_json()["error"]["code"] == "TooManyRequests"


def test_cookies_are_nothing_to_a_feed(site):
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    assert browser.get("/odata/sales/").status_code == 401


def test_the_base_address_has_no_feeds(site, program):
    program.headers["Host"] = program.host.removeprefix("groenhof.")
    assert program.send().status_code == 404
