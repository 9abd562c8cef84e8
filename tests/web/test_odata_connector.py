"""A connector to any OData service, set up on its screen; and two of our own companies joined."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from waitress.server import create_server

from retailvista.companies.scope import company_scope
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.models import Connector
from retailvista.flows.models import Item
from retailvista.runs import working
from retailvista.scheduler.kinds import KINDS
from tests.connectors.odata_service import PASSWORD, USER, OdataService
from tests.feed.program import Program, make_feed, make_token
from tests.web.filling import fill
from tests.web.site import Browser, Site, build

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
FORM = {"mode": "basic", "log_requests": "y"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(site: Site, port: int) -> Iterator[None]:
    server = create_server(site.app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.close()
        thread.join(5)


def work_all(site: Site) -> None:
    while (facts := working.claim(site.outside, KINDS)) is not None:
        working.work(site.outside, KINDS, facts)


def connect(browser: Browser, site: str, user: str, password: str, **more: str) -> str:
    """A connector of the kind OData; its address."""
    place = browser.post("/connectors", provider="odata").location
    saved = browser.post(
        place, name="Dienst", site=site, client_id=user, client_secret=password, **FORM | more
    )
    assert saved.status_code == 303, saved.text
    return place


def row_of(site: Site, alias: str, place: str) -> Connector:
    number = int(place.rsplit("/", 1)[1])
    with company_scope(site.companies[alias]), site.outside.sessions() as session:
        return session.scalars(select(Connector).where(Connector.number == number)).one()


def fetch(browser: Browser, connector: str) -> None:
    """A flow that takes the journals of a feed into the inbox, and its first run."""
    made = browser.post(
        "/flows/new", kind="incoming", name="Van Groenhof", source_connector=connector,
        entity="Journals", asked_how="yes", paging="yes", press="save",
    )  # fmt: skip
    assert made.status_code == 303, made.text
    browser.post(f"{made.location.split('?')[0]}/fetch")


@pytest.mark.statement("C-21")
def test_the_feed_of_one_company_is_read_by_the_connector_of_another(tmp_path, clock):
    port = free_port()
    host = f"http://groenhof.retailvista.localhost:{port}"
    site = build(
        tmp_path, clock, RequestsWire(clock, (), [host]), RV_PROVIDER_HOSTS=host,
        RV_BASE_URL=f"http://retailvista.localhost:{port}",
    )  # fmt: skip
    fill(site)
    make_feed(site, name="joined")
    user, token = make_token(site)
    browser = site.browser("bloemhof", "administrator@bloemhof.nl")
    with serving(site, port):
        place = connect(browser, f"{host}/odata/joined", user, token)
        work_all(site)
        page = browser.get(place).text
        assert "Verbonden als groenhof.retailvista.localhost" in page
        assert token not in page
        number = place.rsplit("/", 1)[1]
        search = f"/flows/entities?source_connector={number}&find=journ&kind=incoming"
        offered = browser.get(search).text
        assert "JournalLines" in offered
        fetch(browser, number)
        work_all(site)
    with company_scope(site.companies["bloemhof"]), site.outside.sessions() as session:
        items = session.scalars(select(Item)).all()
    served = Program(site, "groenhof", "joined", user, token).rows("Journals")
    assert served
    came = [item.received for item in items if item.entity == "Journals"]
    assert [(row["Number"], str(row["Debit"]), row["Store"]) for row in came] == [
        (row["Number"], str(row["Debit"]), row["Store"]) for row in served
    ]
    assert (
        f"{host}/odata/joined"
        not in site.browser("groenhof", "administrator@groenhof.nl").get("/connectors").text
    )


@pytest.mark.statement("C-21")
def test_a_service_is_set_up_read_and_written_through_its_activities(tmp_path, clock):
    with OdataService(tmp_path / "sandbox.sqlite", clock=clock) as service:
        root = f"{service.url}/api/svc"
        site = build(
            tmp_path, clock, RequestsWire(clock, (), [service.url]), RV_PROVIDER_HOSTS=service.url
        )
        browser = site.browser("groenhof", "administrator@groenhof.nl")
        place = connect(browser, root, USER, PASSWORD)
        work_all(site)
        page = browser.get(place).text
        assert '<span data-modes="basic">Gebruikersnaam</span>' in page
        assert '<span data-modes="basic">Wachtwoord</span>' in page
        assert '<span data-modes="full refresh token none" hidden>Client-ID</span>' in page
        assert "Journaalposten die" not in page, "a service without books has no journals"
        assert 'id="activities"' in page
        assert PASSWORD not in page
        step = f"{place}/activities/new?name=Bestellingen&kind=query"
        assert "Recount" not in browser.get(step).text, "a procedure is not queried"
        wrong = browser.get(
            f"{step}&entity=Orders&property=Amount&how=gt&value=veel&reviewed=yes&paging=yes"
        )
        assert wrong.status_code == 400
        review = browser.get(
            f"{step}&entity=Orders&property=Number&how=eq&value=O'1&reviewed=yes&paging=yes"
        ).text
        assert "$filter=Number eq &#39;O&#39;&#39;1&#39;" in review
        assert "ingevuld door de aanbieder" in review
        procedures = browser.get(f"{place}/activities/new?name=Tellen&kind=execute").text
        assert "Recount" in procedures
        assert "entity=Orders" not in procedures
        assert browser.post(f"{place}/activities/refresh", kind="query").status_code == 303


@pytest.mark.statement("J-18")
def test_a_user_and_his_password_are_asked_for_by_name(admin):
    place = admin.post("/connectors", provider="odata").location
    filled = {"name": "Dienst", "site": "https://odata.example/v4", **FORM}
    refused = admin.post(place, **filled)
    assert refused.status_code == 400
    assert "Vul de gebruikersnaam in." in refused.text
    assert "Vul het wachtwoord in." in refused.text
    named = filled | {"client_id": "anna", "client_secret": "geheim"}
    assert admin.post(place, **named).status_code == 303
    moved = admin.post(place, **filled | {"client_id": "bert"})
    assert "Vul het wachtwoord opnieuw in" in moved.text
    # What was kept as a password is never sent as the secret of an app.
    other = admin.post(place, **named | {"client_secret": "", "mode": "full"})
    assert "Vul het client secret opnieuw in" in other.text
    exact = admin.get(admin.post("/connectors", provider="exact-online").location).text
    assert "Gebruikersnaam" not in exact.split('id="form"')[1]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("https://127.0.0.1/odata", "binnen het netwerk"),
        ("https://169.254.169.254/latest", "binnen het netwerk"),
        ("https://[::1]/odata", "binnen het netwerk"),
        ("https://intranet/odata", "binnen het netwerk"),
        ("http://odata.example/odata", "https://"),
        ("https://anna:geheim@odata.example/odata", "gebruikersnaam"),
        ("ftp://odata.example", "https://"),
    ],
)
def test_an_address_inside_our_own_network_is_refused(site, admin, address, said):
    place = admin.post("/connectors", provider="odata").location
    answer = admin.post(
        place, name="Dienst", site=address, client_id="a", client_secret="geheim-7", **FORM
    )
    assert answer.status_code == 400
    assert said in answer.text
    assert "geheim-7" not in answer.text
    tried = admin.post(place, name="Dienst", site=address, press="try", mode="none")
    assert said in tried.text


@pytest.mark.statement("J-09")
def test_the_proxy_is_a_switch_that_says_where_there_is_none(tmp_path, clock):
    site = build(tmp_path, clock, RV_PROXY_URL="http://proxy.example:3128")
    browser = site.browser("groenhof", "administrator@groenhof.nl")
    place = browser.post("/connectors", provider="odata").location
    page = browser.get(place).text
    assert 'id="use_proxy"' in page
    assert "heeft geen proxy" not in page
    saved = browser.post(
        place, name="Dienst", site="https://odata.example/x", mode="none", use_proxy="y"
    )
    assert saved.status_code == 303, saved.text
    assert row_of(site, "groenhof", place).settings["use_proxy"] is True
