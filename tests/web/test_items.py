"""The inbox on the screen: list, filters, one item, and what a person does with items."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.flows.models import Item
from retailvista.runs.models import Run
from tests.web.desk import Desk, work_all
from tests.web.test_flows import INCOMING, says


@pytest.fixture
def inbox(ready: Desk) -> Desk:
    """A desk whose inbox has the relations of the sandbox."""
    fields = INCOMING | {"fields_name": ["Naam"], "fields_value": ["Name"]}
    made = ready.admin.post("/flows/new", **fields)
    assert made.status_code == 303, made.text
    ready.admin.post("/flows/1/fetch")
    work_all(ready)
    return ready


def change(desk: Desk, number: int, **values: object) -> None:
    """Something that happened to an item meanwhile."""
    scope = company_scope(desk.site.companies["groenhof"])
    with scope, desk.site.outside.sessions() as session, db.transaction(session):
        item = session.scalars(select(Item).where(Item.number == number)).one()
        for name, value in values.items():
            setattr(item, name, value)


@pytest.mark.statement("A-21")
def test_the_list_is_filtered_by_state_flow_day_and_key(inbox: Desk):
    everything = inbox.admin.get("/inbox").text
    numbers = re.findall(r'name="number" value="(\d+)"', everything)
    assert len(numbers) >= 3
    change(inbox, 2, state="failed", problem="The other system refused it.", said="Naam ontbreekt")
    failed = inbox.admin.get("/inbox?state=failed&flow=1").text
    assert re.findall(r'name="number" value="(\d+)"', failed) == ["2"]
    assert "Het andere systeem heeft het geweigerd." in failed
    key = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", everything).group()
    assert re.findall(r'name="number" value="', inbox.admin.get(f"/inbox?text={key}").text)
    today = inbox.site.outside.clock.now().date().isoformat()
    assert "/inbox/1" in inbox.admin.get(f"/inbox?from={today}&to={today}").text
    assert "Hier zijn geen items." in inbox.admin.get("/inbox?from=2030-01-01").text
    assert "Hier zijn geen items." in inbox.admin.get("/inbox?state=uncertain").text
    for wrong in ("state=x", "from=x", "flow=x", "after=x", "flow=99999999999999"):
        assert inbox.admin.get(f"/inbox?{wrong}").status_code == 200


def test_a_button_without_ticked_items_says_what_to_do_first(inbox: Desk):
    for what in ("retry", "skip", "delete"):
        answer = inbox.admin.post("/inbox", what=what)
        assert answer.status_code == 409
        assert "Vink eerst de items aan." in answer.text
        assert "/inbox/1" in answer.text


@pytest.mark.statement("A-13", "A-22")
def test_one_item_shows_how_it_came_how_it_was_changed_and_its_log(inbox: Desk):
    page = inbox.admin.get("/inbox/1").text
    text = says(page)
    for words in ("Zoals het is ontvangen", "Zoals het is gewijzigd", "Logboek", "Ontvangen."):
        assert words in text
    name = re.search(r"&#34;Name&#34;: &#34;([^&]+)&#34;", page).group(1)
    assert f"&#34;Naam&#34;: &#34;{name}&#34;" in page
    run = re.search(r'href="(/runs/\d+)"', page.split("rv-facts")[1]).group(1)
    assert "Zijn items" in inbox.admin.get(run).text
    change(inbox, 1, request={"method": "POST", "url": "https://x"}, answer={"status": 400})
    assert "Wat is verzonden" not in inbox.admin.get("/inbox/1").text, "an incoming flow sends not"


@pytest.mark.statement("A-23")
def test_items_are_skipped_tried_again_and_deleted_by_hand(inbox: Desk):
    for number in (1, 2):
        change(inbox, number, state="failed", problem="The other system refused it.")
    assert inbox.admin.post("/inbox", what="skip", number=["1", "2"]).status_code == 303
    assert "Overgeslagen" in inbox.admin.get("/inbox/1").text
    assert "Overgeslagen door administrator@groenhof.nl." in inbox.admin.get("/inbox/1").text
    again = inbox.admin.post("/inbox/1", what="retry")
    assert again.location == "/inbox/1?done=saved"
    assert "Wordt opnieuw geprobeerd" in inbox.admin.get("/inbox/1").text
    assert flow_runs(inbox)[-1] == "waiting", "the flow is started for it"
    assert inbox.admin.post("/inbox/2", what="delete").location == "/inbox?done=removed"
    assert inbox.admin.get("/inbox/2").status_code == 404
    assert inbox.admin.post("/inbox", what="dance", number="1").status_code == 409
    assert inbox.admin.post("/inbox", what="skip").status_code == 409


def flow_runs(desk: Desk) -> list[str]:
    scope = company_scope(desk.site.companies["groenhof"])
    with scope, desk.site.outside.sessions() as session, db.reading(session):
        runs = select(Run.state).where(Run.kind == "flow").order_by(Run.number)
        return list(session.scalars(runs))


def test_an_item_without_an_answer_is_sent_again_only_by_who_has_looked(inbox: Desk):
    now = inbox.site.outside.clock.now()
    change(inbox, 1, state="failed", sent_at=now, answered_at=None)
    change(inbox, 2, state="failed", problem="The other system refused it.")
    page = inbox.admin.get("/inbox/1").text
    assert "Misschien is het er, misschien niet." in page
    assert "Verzonden, zonder antwoord" in inbox.admin.get("/inbox").text
    both = inbox.admin.post("/inbox", what="retry", number=["1", "2"])
    assert both.status_code == 200
    assert "Gedaan: 1. Deze zijn gelaten zoals ze waren:" in both.text
    assert "Kijk eerst in het andere systeem" in both.text
    refused = inbox.admin.post("/inbox/1", what="retry")
    assert refused.status_code == 409
    assert "Item 1 is zonder antwoord verzonden" in refused.text
    assert inbox.admin.post("/inbox/1", what="retry", looked="yes").status_code == 303
    change(inbox, 3, state="processing")
    busy = inbox.admin.post("/inbox/3", what="skip")
    assert "Met item 3 wordt nu gewerkt." in busy.text


def test_a_reason_and_every_line_of_the_log_are_in_dutch(inbox: Desk):
    at = inbox.site.outside.clock.now().isoformat()
    lines = [
        ("received", {}),
        ("sending", {"send": 1}),
        ("no clear answer", {"said": "reset"}),
        ("could not look", {"why": "503"}),
        ("not there yet", {"look": 1}),
        ("refused", {"status": 400, "said": "Naam ontbreekt"}),
        ("not sent", {"why": "throttled", "said": "later"}),
        ("found back, stored otherwise", {"fields": "Name"}),
        ("is there already", {"fields": "Name"}),
        ("overtaken by item", {"item": 3}),
        ("taken by flow", {"flow": 2}),
        ("done", {"status": 201}),
        ("a person decides", {}),
        ("gone", {"status": 404}),
    ]
    log = [{"at": at, "text": text} | ({"values": values} if values else {})
           for text, values in lines]  # fmt: skip
    reason = "The path needs a value for {id}: the key of the record."
    change(inbox, 1, state="failed", log=log, problem="%(why)s", problem_values={"why": reason})
    text = says(inbox.admin.get("/inbox/1").text)
    for words in (
        "voor de 1e keer", "Geen duidelijk antwoord", "Opzoeken lukte niet: 503",
        "Geweigerd: Naam ontbreekt", "Ingehaald: item 3", "Overgenomen door stroom 2",
        "Gedaan: antwoord 201", "iemand beslist",
    ):  # fmt: skip
        assert words in text, words
    assert "needs a value" not in text
    assert "not there yet" not in text
