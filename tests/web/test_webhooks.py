"""Webhooks: subscribing from the screen, the empty ping, signed notices, and the bell they ring."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from retailvista import db
from retailvista.cli.web_server import WebServer
from retailvista.companies.scope import company_scope
from retailvista.connectors.grants import usable_token
from retailvista.flows import keeping, webhooks
from retailvista.flows.models import WebhookSubscription
from retailvista.flows.starting import FLOW_RUN
from retailvista.runs.models import WAITING, Run
from retailvista.sandbox import records
from retailvista.sandbox.seed import GROENHOF
from tests.flows.works import incoming
from tests.sandbox.visitor import Visitor
from tests.web.desk import CLIENT_ID, Desk, open_desk, work_all

SECRET = "webhook-secret-of-the-app"
PAGE = "/connectors/1/webhooks"


@pytest.fixture
def served(tmp_path: Path, clock, request: pytest.FixtureRequest) -> Iterator[Desk]:
    """A desk whose app answers on a port of its own, so that the provider can call it."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port = chosen.getsockname()[1]
    base = f"http://retailvista.localhost:{port}"
    with open_desk(tmp_path, clock, request, RV_BASE_URL=base) as desk:
        server = WebServer(desk.site.app, "127.0.0.1", port, threads=2)
        server.start()
        Visitor(desk.sandbox).admin(
            "apps", client_id=CLIENT_ID, webhook_secret=SECRET)  # fmt: skip
        desk.back(desk.start(), desk.code())
        desk.admin.post("/connectors/1/division", division=GROENHOF)
        work_all(desk)
        yield desk
        server.stop()


def subscribe(desk: Desk, topic: str = "Accounts", secret: str = SECRET) -> None:
    answer = desk.admin.post(PAGE, topic=topic, division=GROENHOF, secret=secret)
    assert answer.status_code == 303, answer.text
    work_all(desk)


def rows(desk: Desk) -> list[WebhookSubscription]:
    with company_scope(1), desk.site.outside.sessions() as session, db.reading(session):
        return webhooks.subscriptions_of(session, 1)


def add_flow(desk: Desk, entity: str = "crm/Accounts", **more: object) -> None:
    spec = incoming(entity, **more)
    spec = spec.__class__(
        spec.name, spec.kind, spec.source.__class__(1, (entity,)), spec.target, **more)  # fmt: skip
    with company_scope(1), desk.site.outside.sessions() as session:
        keeping.add_flow(session, spec, "anna")


def waiting(desk: Desk) -> list[Run]:
    """Runs of flows that wait."""
    query = select(Run).where(Run.kind == FLOW_RUN, Run.state == WAITING).order_by(Run.number)
    with company_scope(1), desk.site.outside.sessions() as session, db.reading(session):
        return list(session.scalars(query))


def change_account(desk: Desk, name: str = "Vivaldi") -> None:
    """Somebody changes a relation through the API, which the provider then announces."""
    visitor = Visitor(desk.sandbox)
    visitor.admin("settings", limits="off")
    store = desk.sandbox.store
    key = records.put(store, GROENHOF, "crm/Accounts", [{"Name": "Oud", "Code": "77"}])[0].key
    with company_scope(1):
        token = usable_token(desk.site.outside, 1).secret.reveal()
    reply = visitor.ask(
        "PUT", f"/api/v1/{GROENHOF}/crm/Accounts(guid'{key}')", json.dumps({"Name": name}),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json",
         "Accept": "application/json"},
    )  # fmt: skip
    assert reply.status == 204, reply.body
    visitor.admin("webhooks/deliver")


def signed(content: str, secret: str = SECRET) -> str:
    code = hmac.new(secret.encode(), content.encode(), hashlib.sha256).hexdigest().upper()
    return f'{{"Content":{content},"HashCode":"{code}"}}'


def token_of(desk: Desk) -> str:
    (address,) = desk.sandbox.store.row("SELECT CallbackURL FROM subscription")
    return address.rsplit("/", 1)[1]


def tell(desk: Desk, body: str, token: str = "") -> int:
    stranger = desk.site.browser("groenhof")
    path = f"/webhooks/{token or token_of(desk)}"
    return stranger.send("POST", path, data=body.encode()).status_code


def test_a_subscription_is_made_from_the_screen_and_the_ping_is_answered(served: Desk):
    subscribe(served)
    (row,) = rows(served)
    assert (row.topic, row.division, row.state, row.problem) == (
        "Accounts", GROENHOF, webhooks.ACTIVE, "")  # fmt: skip
    assert served.sandbox.store.rows("SELECT Topic, ID FROM subscription") == [
        ("Accounts", row.external_id)]  # fmt: skip
    page = served.admin.get(PAGE).text
    assert "Accounts" in page
    assert token_of(served) not in page
    assert SECRET not in row.secret_sealed


def test_a_change_rings_the_bell_of_the_flows_that_read_it(served: Desk, clock):
    add_flow(served)
    add_flow(served, "logistics/Items")
    add_flow(served, disabled=True)
    subscribe(served)
    change_account(served)
    (run,) = waiting(served)
    assert (run.key, run.asked_by) == ("flow 1", "webhook")
    assert run.args["divisions"] == [GROENHOF]
    assert (run.not_before - clock.now()) == webhooks.GATHERING
    assert rows(served)[0].rings == 1
    clock.move(minutes=1)
    work_all(served)
    assert waiting(served) == []


@pytest.mark.parametrize("setting", [{"webhook_copies": 3}, {"webhook_order": "reversed"}])
def test_duplicates_and_a_wrong_order_are_harmless(served: Desk, setting: dict[str, object]):
    Visitor(served.sandbox).admin("settings", **setting)
    add_flow(served)
    subscribe(served)
    for name in ("Een", "Twee", "Drie"):
        change_account(served, name)
    assert len(waiting(served)) == 1
    assert rows(served)[0].rings == (9 if "webhook_copies" in setting else 3)


def content(**values: object) -> str:
    known = {"Topic": "Accounts", "ClientId": CLIENT_ID, "Division": GROENHOF, "Action": "Update"}
    return json.dumps(known | values)


def test_the_code_is_over_the_literal_text(served: Desk):
    add_flow(served)
    subscribe(served)
    odd = '{ "Topic" : "Accounts",  "ClientId":"x", "Division":1000001, "Key":"\\u00e9" }'
    assert tell(served, signed(odd)) == 200
    assert len(waiting(served)) == 1
    again = json.dumps(json.loads(signed(odd)))
    assert tell(served, again) == 401
    assert rows(served)[0].problem == webhooks.NO_FIT


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (signed(content(), "another secret"), 401),
        (content(), 401),
        ('{"Content":{},"HashCode":7}', 401),
        ("{" * 5000, 401),
        ("[]", 401),
        (signed(content(Division="x")), 401),
        (signed(content(Division=2000001)), 401),
        (signed(content(Topic="Items")), 401),
        ("x" * 70_000, 413),
        ("", 200),
        ("  ", 200),
    ],
)
def test_what_is_not_signed_rings_nothing(served: Desk, body: str, status: int):
    add_flow(served)
    subscribe(served)
    assert tell(served, body) == status
    assert waiting(served) == []
    assert rows(served)[0].rings == 0


def test_an_unknown_address_is_no_address(served: Desk):
    subscribe(served)
    assert tell(served, signed(content()), token="guessed") == 404
    other = served.site.browser("bloemhof")
    assert other.send("POST", f"/webhooks/{token_of(served)}", data=b"").status_code == 404
    base = served.site.browser("")
    assert base.send("POST", f"/webhooks/{token_of(served)}", data=b"").status_code == 404


def test_a_subscription_that_was_made_without_an_answer_is_taken_over(served: Desk, clock):
    served.sandbox.faults.add("drop_after_commit", method="POST", path="*WebhookSubscriptions*")
    subscribe(served)
    assert rows(served)[0].state == webhooks.ASKED
    clock.move(minutes=2)
    work_all(served)
    (row,) = rows(served)
    assert row.state == webhooks.ACTIVE
    assert served.sandbox.store.row("SELECT count(*) FROM subscription") == (1,)
    add_flow(served)
    change_account(served)
    assert len(waiting(served)) == 1


def test_an_address_that_cannot_be_reached_is_said_with_exacts_words(served: Desk):
    answer = served.admin.post(PAGE, topic="Accounts", division=GROENHOF, secret=SECRET)
    assert answer.status_code == 303
    served.sandbox.faults.add(
        "refuse", value="Invalid: Post to callback URL endpoint returns 503 Service Unavailable",
        method="POST", path="*WebhookSubscriptions*")  # fmt: skip
    work_all(served)
    (row,) = rows(served)
    assert row.state == webhooks.FAILED
    assert "callback URL endpoint returns 503" in row.problem
    assert "De aanbieder weigerde het abonnement: Invalid: Post" in served.admin.get(PAGE).text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"secret": ""}, "webhook"),
        ({"topic": "Nothing"}, "Nothing"),
        ({"division": 4711}, "4711"),
    ],
)
def test_what_cannot_be_is_refused_at_once(served: Desk, fields: dict[str, object], says: str):
    usual: dict[str, object] = {"topic": "Accounts", "division": GROENHOF, "secret": SECRET}
    answer = served.admin.post(PAGE, **usual | fields)
    assert answer.status_code == 409
    assert says in answer.text
    assert rows(served) == []


def test_a_subscription_is_ended(served: Desk):
    subscribe(served)
    (row,) = rows(served)
    token = token_of(served)
    assert served.admin.post(f"{PAGE}/{row.id}/end").status_code == 303
    work_all(served)
    assert rows(served) == []
    assert served.sandbox.store.row("SELECT count(*) FROM subscription") == (0,)
    assert tell(served, signed(content()), token) == 404


def test_a_viewer_sees_none_and_a_bookkeeper_makes_none(served: Desk):
    viewer = served.site.browser("groenhof", "viewer@groenhof.nl")
    assert viewer.get(PAGE).status_code == 403
    bookkeeper = served.site.browser("groenhof", "bookkeeper@groenhof.nl")
    assert bookkeeper.get(PAGE).status_code == 200
    answer = bookkeeper.post(PAGE, topic="Accounts", division=GROENHOF, secret=SECRET)
    assert answer.status_code == 403
