"""The providers of the product, each with its part of the sandbox, as cases of the contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from retailvista.connectors.port import Registration
from retailvista.connectors.records import Records, Way
from retailvista.connectors.registry import provider_named
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.sandbox.sage.seed import business_id
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.conftest import TestClock
from tests.connectors.contract import Case, RecordsCase
from tests.connectors.odata_service import OdataService
from tests.sandbox.sage_visitor import SageVisitor
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor


def registration(sandbox: Sandbox) -> Registration:
    """The app of the tests, known to the sandbox."""
    sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
    return Registration(sandbox.url, CLIENT_ID, Secret(SECRET), CALLBACK)


def exact_online(sandbox: Sandbox, clock: TestClock) -> Case:
    return Case(
        provider=provider_named("exact-online"),
        sandbox=sandbox,
        clock=clock,
        registration=registration(sandbox),
        code=Visitor(sandbox).code,
        division=GROENHOF,
        journal_code="91",
        accounts=("1210", "1205"),
        entries="*/GeneralJournalEntries",
        keys="*/TransactionLines",
        records=RecordsCase(
            entity="logistics/Items",
            body={"Code": "POT-9", "Description": "Potgrond 40 liter"},
            change={"Description": "Potgrond 20 liter"},
            absent="00000000-0000-0000-0000-000000000009",
            path="*/logistics/Items",
            way=Way.FULL,
        ),
    )


def sage_accounting(sandbox: Sandbox, clock: TestClock) -> Case:
    return Case(
        provider=provider_named("sage-accounting"),
        sandbox=sandbox,
        clock=clock,
        registration=registration(sandbox),
        code=SageVisitor(sandbox).code,
        division=division_of(business_id(1)),
        journal_code="JNL",
        accounts=("1210", "1230"),
        entries="/v3.1/journals",
        keys="/v3.1/journals",
        records=RecordsCase(
            entity="contacts",
            body={"name": "Murphy's Garden Centre", "reference": "MGC"},
            change={"name": "Murphy's Gardens"},
            absent="0" * 32,
            path="/v3.1/contacts",
        ),
    )


def odata(sandbox: Sandbox, clock: TestClock) -> Case:
    url = sandbox.url
    known = registration(sandbox)
    return Case(
        provider=provider_named("odata"),
        sandbox=sandbox,
        clock=clock,
        registration=replace(
            known,
            site=f"{url}/api/svc",
            authorise_url=f"{url}/oauth2/auth/central?filter=apiv3.1",
            token_url=f"{url}/token",
        ),
        code=SageVisitor(sandbox).code,
        division=1,
        journal_code="",
        accounts=("", ""),
        entries="/api/svc/Orders",
        keys="/api/svc/Orders",
        records=RecordsCase(
            entity="Orders",
            body={"Number": "A'1", "Amount": 12.5, "Paid": True},
            change={"Amount": 13.25, "Paid": False},
            absent="nobody's",
            path="/api/svc/Orders*",
            of=_records_of_the_service,
        ),
    )


def _records_of_the_service(case: Case) -> Records:
    assert case.provider.catalogue is not None
    assert case.provider.records_for is not None
    return case.provider.records_for(case.provider.catalogue(case.wire, case.records_session()))


CASES: dict[str, Callable[[Sandbox, TestClock], Case]] = {
    "exact-online": exact_online,
    "sage-accounting": sage_accounting,
    "odata": odata,
}


def new_sandbox(folder: Path, clock: TestClock, key: str = "") -> Sandbox:
    """A service of this case's own."""
    kind = OdataService if key == "odata" else Sandbox
    return kind(folder / "sandbox.sqlite", clock=clock)
