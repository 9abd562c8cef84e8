"""The providers of the product, each with its part of the sandbox, as cases of the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from retailvista.connectors.port import Registration
from retailvista.connectors.registry import provider_named
from retailvista.connectors.sage_accounting.businesses import division_of
from retailvista.sandbox.sage.seed import business_id
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Secret
from tests.conftest import TestClock
from tests.connectors.contract import Case
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
    )


CASES: dict[str, Callable[[Sandbox, TestClock], Case]] = {
    "exact-online": exact_online,
    "sage-accounting": sage_accounting,
}


def new_sandbox(folder: Path, clock: TestClock) -> Sandbox:
    """A service of this case's own."""
    return Sandbox(folder / "sandbox.sqlite", clock=clock)
