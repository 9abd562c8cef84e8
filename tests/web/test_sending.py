"""A journal on its way to the books, as the screens tell it: every state, and the second proof."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import update

from retailvista import db
from retailvista.companies import installation
from retailvista.companies.models import Instance
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector
from tests.sandbox.visitor import Visitor
from tests.web.desk import PERIOD, Desk, release_and_send, work_all

PAUSED = "Via deze connector wordt niets verzonden."


def journal(desk: Desk) -> str:
    return desk.admin.get("/journals/1").text


@pytest.mark.statement("R-51")
def test_a_journal_shows_its_state_number_date_and_run(ready: Desk):
    assert "Vrij te geven" in journal(ready)
    assert "Verzonden</dt>" not in journal(ready)
    release_and_send(ready)
    page = journal(ready)
    assert "Geboekt en gecontroleerd" in page
    assert ">26000001<" in page
    assert "14 mrt 2026 10:00" in page
    run = re.search(r'href="(/runs/\d+)"', page)
    assert run is not None
    assert "Export" in ready.admin.get(run.group(1)).text
    assert "26000001" in ready.admin.get("/journals").text


@pytest.mark.statement("R-51", "R-52")
def test_a_rejected_journal_says_why_and_is_sent_again_after_the_correction(ready: Desk):
    visitor = Visitor(ready.sandbox)
    visitor.admin("periods", **PERIOD, closed=True)
    release_and_send(ready)
    page = journal(ready)
    assert "Geweigerd door de boekhouding" in page
    assert "eriode" in page
    assert "Opnieuw proberen" in page
    visitor.admin("periods", **PERIOD, closed=False)
    bare = ready.admin.post("/journals/1/decide", how="try_again", reason="")
    assert "Kies wat geldt" in bare.text
    decided = ready.admin.post("/journals/1/decide", how="try_again", reason="periode heropend")
    assert decided.status_code == 303
    ready.admin.post("/journals/export")
    work_all(ready)
    assert "Geboekt en gecontroleerd" in journal(ready)
    assert "periode heropend" in journal(ready)
    assert len(ready.sandbox.store.rows("SELECT EntryNumber FROM entry")) == 1


@pytest.mark.judge_allows("refresh-token-expired", reason="silent for thirty days")
@pytest.mark.statement("R-43")
def test_a_login_that_ended_is_told_on_the_screens_and_the_journal_waits(ready: Desk, clock):
    ready.admin.post("/journals/release", number="1")
    clock.move(days=31)
    ready.admin = ready.site.browser("groenhof", "administrator@groenhof.nl")
    ready.admin.post("/journals/export")
    work_all(ready)
    assert "Wacht op verzending" in journal(ready)
    for path in ("/connectors", "/connectors/1"):
        assert "Opnieuw aanmelden" in ready.admin.get(path).text, path
    assert "Journaalposten wachten; er gaat niets verloren." in ready.admin.get("/").text
    assert ready.sandbox.store.rows("SELECT EntryNumber FROM entry") == []


def test_the_second_proof_is_offered_after_the_first_journal_and_needs_consent(ready: Desk):
    prove = "/connectors/1/prove"
    assert prove not in ready.admin.get("/connectors/1").text
    release_and_send(ready)
    assert f'action="{prove}"' in ready.admin.get("/connectors/1").text
    refused = ready.admin.post(prove)
    assert refused.status_code == 409
    assert "toestemming" in refused.text
    run = ready.admin.post(prove, consent="yes").location
    work_all(ready)
    assert "De boeken weigerden de kopie: " in ready.admin.get(run).text
    page = ready.admin.get("/connectors/1").text
    assert prove not in page
    assert (
        "Na een verloren antwoord mag RetailVista zelf opnieuw verzenden" in page or "Ja." in page
    )
    assert len(ready.sandbox.store.rows("SELECT EntryNumber FROM entry")) == 1
    assert "Tweede bewijs" in journal(ready)


def test_a_refused_connector_says_that_a_test_lets_it_go_on_and_afterwards_that_it_does(
    ready: Desk,
):
    with (
        company_scope(ready.site.companies["groenhof"]),
        ready.site.outside.sessions() as session,
        db.transaction(session),
    ):
        session.execute(update(Connector).values(paused="403: Forbidden"))
    page = ready.admin.get("/connectors/1").text
    assert PAUSED in page
    assert "Kies Testen: het versturen gaat dan vanzelf verder." in page
    run = ready.admin.post("/connectors/1/test").location
    work_all(ready)
    assert "nu niet meer, dus het versturen gaat verder" in ready.admin.get(run).text
    page = ready.admin.get("/connectors/1").text
    assert PAUSED not in page
    assert "nu niet meer, dus het versturen gaat verder" in page
    assert "Connector verzendt weer" in ready.admin.get("/audit").text


@pytest.mark.parametrize("why", [installation.RESTORED, installation.ELSEWHERE])
def test_a_locked_installation_says_so_where_people_look_first(site, admin, why):
    with site.outside.sessions() as session, db.transaction(session):
        session.execute(update(Instance).values(sending_locked=why))
    for path in ("/", "/connectors"):
        page = admin.get(path).text
        assert "Er wordt voor geen enkel bedrijf iets verzonden." in page
        assert "Deze database" in page
