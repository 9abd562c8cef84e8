"""Links and logins cannot be bent by who sends somebody an address."""

from __future__ import annotations

import re

from retailvista.companies import people, tokens
from retailvista.companies.scope import company_scope
from retailvista.connectors import registering
from tests.web.site import PASSWORD

LINK = re.compile(r'href="([^"]*journals\.csv[^"]*)"')


def test_the_query_of_the_journal_list_cannot_bend_its_links(site):
    browser = site.browser("groenhof", "viewer@groenhof.nl")
    for query in ("_external=1", "_scheme=https", "_anchor=x", "endpoint=x", "_method=POST"):
        answer = browser.get(f"/journals?{query}&store=1&state=ready&state=posted")
        assert answer.status_code == 200, query
        (link,) = LINK.findall(answer.text)
        assert link.replace("&amp;", "&") == "/journals.csv?store=1&state=ready&state=posted", query


def test_a_login_at_the_provider_starts_only_from_our_own_page(site):
    """Whoever is logged in at the provider could otherwise be made to replace the login."""
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    with company_scope(site.companies["groenhof"]):
        session = site.outside.sessions()
        number = registering.reserve(session, "exact-online", "test").number
        values = {
            "name": "Exact", "site": "https://start.exactonline.nl", "client_id": "id",
            "client_secret": "secret", "callback_url": "https://groenhof.example/oauth.ashx",
        }  # fmt: skip
        registering.save(session, site.outside.vault, number, values, "test")
        session.close()
    path = f"/connectors/{number}/oauth?again=yes"
    for sent_from in ("cross-site", "same-site"):
        answer = browser.get(path, **{"Sec-Fetch-Site": sent_from})
        assert answer.location == f"/connectors/{number}", sent_from
    for sent_from in ("same-origin", "none"):
        answer = browser.get(path, **{"Sec-Fetch-Site": sent_from})
        assert answer.location.startswith("https://start.exactonline.nl/"), sent_from


def test_the_token_of_somebody_who_left_stays_dead_when_he_returns(site):
    session = site.outside.sessions()
    with company_scope(site.companies["groenhof"]):
        person = people.add_user(session, "x@y.nl", "viewer", PASSWORD, actor="test").user
        raw = tokens.create_token(session, person, "old", ["journals:read"], None, "test")
        people.remove_member(session, person.id, "test")
        people.add_user(session, "x@y.nl", "viewer", actor="test")
        assert tokens.holder_of(session, raw, "journals:read") is None
    session.close()


def test_a_login_that_somebody_else_made_beforehand_is_not_added_unseen(site):
    """Whoever registers a colleague-to-be of ours first would get our role with his password."""
    thief = site.browser("bloemhof", "administrator@bloemhof.nl")
    address = "nieuw@groenhof.nl"
    thief.post("/users/new", email=address, role="viewer", password="known to the thief 1")
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    new = {"email": address, "role": "administrator", "password": "chosen by us 12345"}
    asked = browser.post("/users/new", **new)
    assert asked.status_code == 400
    assert 'name="known"' in asked.text
    login = {"email": address, "password": "known to the thief 1"}
    assert site.browser("groenhof").post("/login", **login).status_code == 400
    assert browser.post("/users/new", **new, known="y").status_code == 303


def test_somebody_new_is_added_without_a_question(site):
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    assert 'name="known"' not in browser.get("/users/new").text
    new = {"email": "x@groenhof.nl", "role": "viewer", "password": "chosen by us 12345"}
    assert browser.post("/users/new", **new).status_code == 303
