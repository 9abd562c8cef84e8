"""The operator's own app: a connector without a registration of its own logs in with it."""

from __future__ import annotations

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors import app_keys, grants, logins
from retailvista.connectors.port import AppKeys
from retailvista.connectors.registering import save
from retailvista.errors import LoginNeeded, Refused
from retailvista.vault import Secret
from tests.connectors.side import PERSON, Side
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, SECRET
from tests.world import add_company

OWN = ("an-app-of-groenhof", "its own secret")
APPS = {"exact-online": AppKeys(CLIENT_ID, Secret(SECRET))}
EMPTY = {"client_id": "", "client_secret": ""}


@pytest.fixture
def served(side: Side) -> Side:
    """An installation whose operator registered an app at Exact."""
    side.serve(APPS)
    return side


def changed(side: Side, **values: object) -> list[str]:
    problems = save(
        side.session, side.outside.vault, 25, values, PERSON,
        provider_hosts=[side.sandbox.url], apps=side.outside.apps,
    )  # fmt: skip
    return [problem.field for problem in problems]


@pytest.mark.statement("R-24")
def test_with_the_operators_app_a_login_needs_no_registration(served: Side, clock):
    served.add_connector(**EMPTY)
    assert served.log_in().ok
    row, grant = served.connector(), served.grant()
    assert (row.client_id, row.client_secret_sealed) == (CLIENT_ID, "")
    assert grant.client_id == CLIENT_ID
    clock.move(hours=1)
    assert grants.usable_token(served.outside, row.id).secret.reveal()
    assert served.token_calls() == 2


@pytest.mark.statement("R-24")
def test_without_it_the_registration_is_needed_as_before(side: Side):
    side.add_connector(**EMPTY)
    with pytest.raises(Refused, match="client ID, client secret"):
        side.state_of_login()


@pytest.mark.statement("R-24")
def test_a_registration_of_ones_own_goes_before_the_operators(served: Side):
    served.sandbox.store.add_app(*OWN, CALLBACK)
    served.add_connector(client_id=OWN[0], client_secret=OWN[1])
    assert served.connector().client_id == OWN[0]
    assert OWN[0] in logins.start_login(served.session, served.outside, 25, "session", PERSON).url
    assert changed(served, client_id="") == []
    row = served.connector()
    assert (row.client_id, row.client_secret_sealed) == (CLIENT_ID, "")
    assert served.log_in().ok


@pytest.mark.statement("R-24")
def test_changing_to_the_operators_app_ends_the_other_login(served: Side):
    served.sandbox.store.add_app(*OWN, CALLBACK)
    served.add_connector(**EMPTY)
    assert served.log_in().ok
    assert changed(served, client_id=OWN[0], client_secret=OWN[1]) == []
    assert served.connector().grant_id is None


def test_a_secret_without_its_client_id_is_refused_at_the_field(served: Side):
    served.add_connector(**EMPTY)
    assert changed(served, client_id="", client_secret="typed alone") == ["client_id"]


def test_two_companies_share_the_app_and_not_the_login(served: Side, clock):
    served.add_connector(**EMPTY)
    assert served.log_in().ok
    other = add_company(served.session, 2, "Zonnedauw", "zonnedauw")
    clock.move(minutes=10)
    with company_scope(other):
        served.add_connector(**EMPTY)
        assert served.log_in(user=BOOKKEEPER).kind == logins.OTHER_COMPANY


@pytest.mark.statement("R-24")
def test_an_app_that_is_taken_away_ends_nothing_for_good(served: Side, clock):
    served.add_connector(**EMPTY)
    assert served.log_in().ok
    connector_id = served.connector().id
    clock.move(hours=1)
    served.serve({})
    with pytest.raises(LoginNeeded, match="ask the operator"):
        grants.usable_token(served.outside, connector_id)
    assert served.grant().login_needed_why == app_keys.WHY
    another = {"exact-online": AppKeys("another-app", Secret("x"))}
    assert app_keys.mark_found(served.session, another) == 0
    served.serve(APPS)
    assert app_keys.mark_found(served.session, APPS) == 1
    assert grants.usable_token(served.outside, connector_id).secret.reveal()


@pytest.mark.statement("R-22", "R-24")
def test_the_operators_secret_is_in_no_file_and_no_repr(served: Side, tmp_path):
    served.add_connector(**EMPTY)
    assert served.log_in().ok
    assert SECRET not in repr(served.outside)
    places = [path for path in tmp_path.rglob("*") if path.is_file()]
    ours = [path for path in places if not path.name.startswith("sandbox")]
    assert any(path.name.endswith("-wal") for path in ours)
    assert [path.name for path in ours if SECRET.encode() in path.read_bytes()] == []
