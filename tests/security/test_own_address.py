"""The address a person logs in with: his alone, changed with his password, and told about."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista.companies.models import AuditEvent
from retailvista.companies.scope import company_scope
from retailvista.db import reading
from tests.web.site import PASSWORD

PROFILE = {"first_name": "Anna", "last_name": "de Vries", "language": "nl"}
MINE, OTHER = "viewer@groenhof.nl", "thief@elsewhere.nl"


@pytest.fixture
def viewer(site):
    return site.browser("groenhof", MINE)


def audit_of(site, alias: str, action: str) -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.action == action).order_by(AuditEvent.id)
    with (
        company_scope(site.companies[alias]),
        site.outside.sessions() as session,
        reading(session),
    ):
        return list(session.scalars(query))


@pytest.mark.parametrize("wrong", [{}, {"password": ""}, {"password": "a wrong guess"}])
def test_a_borrowed_screen_cannot_take_the_account_over(site, viewer, wrong):
    refused = viewer.post("/profile", **PROFILE, email=OTHER, **wrong)
    assert refused.status_code == 400
    assert "Het huidige wachtwoord klopt niet." in refused.text
    site.browser("groenhof", MINE)
    assert audit_of(site, "groenhof", "e-mail changed") == []


def test_with_the_password_the_address_changes_and_the_audit_says_so(site, viewer):
    done = viewer.post("/profile", **PROFILE, email=OTHER, password=PASSWORD)
    assert done.status_code == 303
    site.browser("groenhof", OTHER)
    (event,) = audit_of(site, "groenhof", "e-mail changed")
    assert (event.actor, event.detail) == (MINE, {"before": MINE, "after": OTHER})


def test_a_name_changes_without_the_password(viewer):
    for _again in range(12):
        assert viewer.post("/profile", **PROFILE, email=MINE.upper()).status_code == 303


def test_guessing_the_own_password_is_slowed_down_over_both_forms(viewer):
    answers = [
        viewer.post("/profile", **PROFILE, email=OTHER, password=f"guess {n}").status_code
        for n in range(9)
    ]
    new = "hyacinten bij maanlicht"
    # The address in this form is no excuse: it asks for the password always.
    guess = {"current": "guess", "new": new, "again": new, "email": MINE}
    answers += [viewer.post("/profile/password", **guess).status_code for _n in range(3)]
    assert answers == [400] * 10 + [429] * 2
    last = viewer.post("/profile", **PROFILE, email=OTHER, password=PASSWORD)
    assert last.status_code == 429


def test_adding_somebody_of_elsewhere_is_seen_at_both_companies(site):
    admin = site.browser("groenhof", "administrator@groenhof.nl")
    email = "bookkeeper@bloemhof.nl"
    answer = admin.post("/users/new", email=email, role="viewer", known="y", password="x" * 3)
    assert answer.status_code == 303
    event = audit_of(site, "groenhof", "user added")[-1]
    assert event.actor == "administrator@groenhof.nl"
    assert event.subject == f"user {email}"
    assert event.detail == {"role": "viewer", "new_person": False}
    (told,) = audit_of(site, "bloemhof", "user added elsewhere")
    assert (told.actor, told.subject, told.detail) == ("system", f"user {email}", {})
    assert audit_of(site, "groenhof", "user added elsewhere") == []


def test_the_audit_of_a_role_names_the_person(site):
    admin = site.browser("groenhof", "administrator@groenhof.nl")
    admin.post(f"/users/{MINE}/role", role="bookkeeper")
    admin.post(f"/users/{MINE}/remove")
    for action in ("role changed", "user removed"):
        assert [event.subject for event in audit_of(site, "groenhof", action)] == [f"user {MINE}"]
