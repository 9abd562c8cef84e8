"""Trial, test, production and partner accounts of Exact: other settings, the same code.

Two sandboxes stand for two country sites; nothing but values of the connector and the settings
differs between the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from retailvista.companies.scope import company_scope
from retailvista.connectors import saying, testing
from retailvista.connectors.http import RequestsWire
from retailvista.connectors.logins import finish_login
from retailvista.connectors.port import AppKeys, LineToBook, Outcome
from retailvista.connectors.visits import open_visit
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.seed import ZONNEDAUW
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.connectors.exact_online.books import ENTRY
from tests.connectors.side import BOUND, PERSON, Side, open_side
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, GROENHOF, NORWEGIAN, TESTSTORE, Visitor

NO_VAT = (LineToBook("1210", 12100, "", 0, "PIN"), LineToBook("1205", -12100, "", 0, "Kas"))
OPERATOR = ("the-operators-app", "the operator's secret")


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody has at Exact, and what is set for it."""

    site: int
    client_id: str
    secret: str
    user: str
    division: int
    currency: str = "EUR"


ACCOUNTS = {
    "trial, Dutch site": Account(0, "trial-app", "trial secret", BOOKKEEPER, GROENHOF),
    "test, Dutch site": Account(0, "test-app", "test secret", BOOKKEEPER, ZONNEDAUW),
    "production, Belgian site": Account(1, "live-app", "live secret", NORWEGIAN, TESTSTORE, "NOK"),
    "partner, the operator's app": Account(1, *OPERATOR, BOOKKEEPER, GROENHOF),
}


@pytest.fixture
def sites(tmp_path: Path, clock, request: pytest.FixtureRequest) -> Iterator[list[Sandbox]]:
    """Two sites of Exact, each with every app registered."""
    dutch, belgian = (Sandbox(tmp_path / f"sandbox-{n}.sqlite", clock=clock) for n in "nb")
    with judged(dutch, request), judged(belgian, request):
        for account in ACCOUNTS.values():
            (dutch, belgian)[account.site].store.add_app(
                account.client_id, account.secret, CALLBACK
            )
        yield [dutch, belgian]


@pytest.fixture
def side(tmp_path: Path, clock, sites: list[Sandbox]) -> Iterator[Side]:
    made = open_side(tmp_path, clock, sites[0])
    hosts = tuple(site.url for site in sites)
    made.outside = replace(
        made.outside, wire=RequestsWire(clock, (), hosts), provider_hosts=hosts,
        apps={"exact-online": AppKeys(OPERATOR[0], Secret(OPERATOR[1]))},
    )  # fmt: skip
    with company_scope(made.company_id):
        yield made
    made.session.close()
    made.engine.dispose()


@pytest.mark.statement("R-02")
@pytest.mark.parametrize("name", ACCOUNTS)
def test_every_kind_of_account_works_by_its_settings_alone(side, sites, name):
    account = ACCOUNTS[name]
    side.sandbox = site = sites[account.site]
    own = account.client_id != OPERATOR[0]
    side.add_connector(
        division=account.division,
        client_id=account.client_id if own else "",
        client_secret=account.secret if own else "",
    )
    state = side.state_of_login()
    code = Visitor(site).code(account.user, client_id=account.client_id)
    assert finish_login(side.outside, 25, state, code, "", BOUND, PERSON).ok
    assert testing.test_connector(side.outside, 25).kind == saying.CONNECTED

    row = side.connector()
    with open_visit(side.outside, row.id, posting=True) as visit:
        assert visit.master().currency == account.currency == row.division_currency
        entry = replace(ENTRY, division=account.division, currency=account.currency, lines=NO_VAT)
        assert visit.book(visit.render(entry)).outcome is Outcome.BOOKED
        look = visit.look("91", entry.entry_number, entry.entry_number)
        assert [found.entry_number for found in look.entries] == [entry.entry_number]
    booked = [s.store.rows("SELECT division, EntryNumber FROM entry") for s in sites]
    assert booked[account.site] == [(account.division, entry.entry_number)]
    assert booked[1 - account.site] == []
