"""Companies and stores are registered once, and what a clash is, is said."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from retailvista import db as database
from retailvista.companies import registering
from retailvista.companies.models import LICENCE_EXACT, AuditEvent
from retailvista.companies.scope import company_scope
from retailvista.errors import NotFound, Refused


def register(session, number=7, alias="testcompany", **more):
    return registering.add_company(session, number, "Test company", alias, **more, actor="cli")


@pytest.mark.statement("R-07")
def test_a_company_is_registered_with_what_the_screen_asks(session):
    company = register(
        session, licences=[LICENCE_EXACT], warn=["Boek@Houden.nl"], post_from=date(2026, 1, 1)
    )
    with database.reading(session), company_scope(company.id):
        assert registering.company_by_alias(session, "testcompany").number == 7
        assert registering.has_licence(session, LICENCE_EXACT)
        assert [row.email for row in registering.recipients_of(session)] == ["boek@houden.nl"]
        events = session.scalars(select(AuditEvent)).all()
    assert [(event.actor, event.action) for event in events] == [("cli", "company added")]


@pytest.mark.parametrize(
    ("number", "alias", "said"),
    [
        (1, "other", "number 1"),
        (9, "groenhof", "taken"),
        (9, "Groenhof", "lower-case"),
        (0, "other", "between 1"),
    ],
)
def test_a_clash_is_refused_and_nothing_is_written(session, groenhof, number, alias, said):
    assert groenhof
    with pytest.raises(Refused, match=said):
        register(session, number, alias)
    with database.reading(session):
        assert len(registering.all_companies(session)) == 1


@pytest.mark.statement("R-03")
def test_a_withdrawn_licence_is_kept_and_can_come_back(session, groenhof):
    with company_scope(groenhof):
        registering.set_licences(session, [], "boss@groenhof.nl")
        with database.reading(session):
            assert not registering.has_licence(session, LICENCE_EXACT)
        registering.set_licences(session, [LICENCE_EXACT], "boss@groenhof.nl")
        with database.reading(session):
            assert registering.licences_of(session) == [LICENCE_EXACT]


def test_an_alias_can_be_changed_but_not_into_that_of_another(session, groenhof, teststore):
    change = {"name": "Groenhof", "actor": "boss@groenhof.nl"}
    registering.change_company(session, groenhof, alias="groenhof-zuid", **change)
    with database.reading(session):
        assert registering.company_by_alias(session, "groenhof") is None
        assert registering.company_by_alias(session, "groenhof-zuid").id == groenhof
    with pytest.raises(Refused, match="taken"):
        registering.change_company(session, groenhof, alias="teststore", **change)
    assert teststore


def test_a_store_has_one_code_and_its_own_till_locations(session, groenhof):
    with company_scope(groenhof):
        registering.add_store(
            session, "2", "Groenhof Zuid", till_locations=["Kassa zuid"], actor="cli"
        )
        with pytest.raises(Refused, match="already a store"):
            registering.add_store(session, "2", "Nog een", actor="cli")
        with pytest.raises(Refused, match="another store"):
            registering.add_store(session, "3", "Noord", till_locations=["Kassa zuid"], actor="cli")
        with database.reading(session):
            assert [store.code for store in registering.stores_of(session)] == ["1", "2"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"currency": "euro"}, "currency"),
        ({"zone": "Europe/Groenhof"}, "time zone"),
        ({"zone": "../../etc/passwd"}, "time zone"),
        ({"rounding_step": 3}, "rounding step"),
    ],
)
def test_a_store_that_cannot_be_is_refused(session, groenhof, more, said):
    with company_scope(groenhof), pytest.raises(Refused, match=said):
        registering.add_store(session, "9", "Negen", **more, actor="cli")


@pytest.mark.statement("R-14")
def test_a_store_of_another_company_does_not_exist(session, groenhof, teststore):
    with company_scope(teststore):
        registering.add_store(session, "77", "Oslo", currency="NOK", rounding_step=100, actor="cli")
    with company_scope(groenhof), database.reading(session), pytest.raises(NotFound):
        registering.store_by_code(session, "77")
