"""A login that is started on the command line, and the export that it makes possible."""

from __future__ import annotations

import json
import sqlite3

import pytest

from retailvista.cli.demo_browser import Browser
from retailvista.sandbox.store import add_app
from tests.scenarios.house import TILL_FILES, log_in, wait_for

GROENHOF = [str(path) for path in sorted(TILL_FILES.glob("groenhof-*.xaa"))]


def test_from_login_url_to_a_controlled_journal(served, sandbox):
    house = served
    page = log_in(house)
    assert page.status == 200
    assert 'data-kind="connected"' in page.text
    tested = house.json("connector", "test", "--company", "groenhof", "25", exit_code=1)
    assert tested["kind"] == "no_division"
    assert 1000001 in [found["code"] for found in tested["divisions"]]
    house.json(
        "connector", "set", "--company", "groenhof", "25", "--division", "1000001",
        "--journal-code", "91",
    )  # fmt: skip
    again = house.run("connector", "login-url", "--company", "groenhof", "25")
    assert again.exit_code == 1, "a login that works is not overwritten silently"
    assert house.json("connector", "login-url", "--company", "groenhof", "25", "--confirm")["url"]

    house.json("receipts", "import", "--company", "groenhof", *GROENHOF)
    house.json("links", "init", "--company", "groenhof")
    house.json("journals", "build", "--company", "groenhof")
    released = house.json("journals", "release", "--company", "groenhof")
    assert released["released"] == [1, 2, 3]
    counts = house.json("journals", "export", "--company", "groenhof")
    assert set(counts) == {"posted", "verified", "waiting", "rejected", "conflict", "unknown"}
    rows = house.json("journals", "list", "--company", "groenhof")
    assert {row["state"] for row in rows} == {"verified"}
    assert sorted(row["entry_number"] for row in rows) == [26000001, 26000002, 26000003]
    control = house.json(
        "journals", "control", "--company", "groenhof",
        "--from", "2026-03-01", "--to", "2026-03-31",
    )  # fmt: skip
    assert control == {"days": 3, "differences": []}
    assert sandbox.store.row("SELECT count(*) FROM entry")[0] == 3
    _then_reversed_and_told(house)


def _then_reversed_and_told(house):
    reversal = house.json(
        "journals", "reverse", "--company", "groenhof", "2", "--reason", "counted twice"
    )
    assert reversal["reverses"] == 2
    again = house.json("journals", "build-again", "--company", "groenhof", "2")
    (built,) = again["built"]
    old = house.json("journals", "show", "--company", "groenhof", "2")
    assert (built["business_date"], built["debit"]) == (old["business_date"], old["debit"])
    assert built["number"] > reversal["number"]
    refused = house.run("journals", "build-again", "--company", "groenhof", "1")
    assert refused.exit_code == 1
    assert "is not reversed" in refused.stderr
    kinds = {row["kind"] for row in house.json("run", "list", "--company", "groenhof")}
    assert "export" in kinds
    (number,) = (
        row["number"]
        for row in house.json("run", "list", "--company", "groenhof")
        if row["kind"] == "export" and row["asked_by"] == "cli"
    )
    run = house.json("run", "show", "--company", "groenhof", str(number))
    assert (run["state"], run["outcome"]) == ("ended", "done")


@pytest.mark.statement("R-46")
def test_after_a_new_login_what_waited_goes_out_without_waiting_for_the_schedule(served, sandbox):
    house, named = served, ("--company", "groenhof")
    log_in(house)
    house.json("connector", "set", *named, "25", "--division", "1000001", "--journal-code", "91")
    house.json("receipts", "import", *named, *GROENHOF)
    house.json("links", "init", *named)
    house.json("journals", "build", *named)
    house.json("journals", "release", *named)
    change(house, "UPDATE \"grant\" SET login_needed_at = answered_at, login_needed_why = 'gone'")
    waits = house.run("journals", "export", *named)
    assert (waits.exit_code, "Connector 25 needs a new login: gone" in waits.stderr) == (1, True)
    # It was tried a moment ago, and is tried once a minute.
    change(house, "UPDATE export SET not_before = created_at")
    log_in(house)
    wait_for(lambda: sandbox.store.row("SELECT count(*) FROM entry")[0] == 3)


def change(house, statement):
    connection = sqlite3.connect(house.folder / "instance" / "retailvista.sqlite3", timeout=30)
    connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_connector_that_is_added_with_its_division_works_after_the_login(served):
    house = served
    callback = house.json("connector", "show", "--company", "groenhof", "25")["callback_url"]
    made = house.json(
        "connector", "add", "--company", "groenhof", "--provider", "exact-online",
        "--name", "Complete", "--base-url", house.sandbox_url, "--client-id", "complete",
        "--client-secret-stdin", "--number", "26", "--division", "1000001",
        "--journal-code", "91",
        stdin="another secret\n",
    )  # fmt: skip
    assert made["callback_url"] == callback.replace("=25", "=26")
    add_app(house.sandbox_file, "complete", "another secret", made["callback_url"])
    log_in(house, number="26")
    assert house.json("connector", "test", "--company", "groenhof", "26")["kind"] == "connected"
    shown = house.json("connector", "show", "--company", "groenhof", "26")
    assert (shown["division"], shown["currency"], shown["state"]) == (1000001, "EUR", "connected")


def test_a_callback_without_a_session_and_of_no_command_goes_to_the_login(served):
    house = served
    address = f"http://groenhof.retailvista.localhost:{house.port}"
    page = Browser().get(f"{address}/oauth.ashx?provider=25&code=x&state=y")
    assert page.url.endswith("/login")


def test_the_state_of_a_command_works_once_and_only_at_its_company(served):
    house = served
    house.json(
        "company", "add", "2", "Bloemhof", "--alias", "bloemhof",
        "--licence", "Exact Online integration",
    )  # fmt: skip
    page = log_in(house)
    assert 'data-kind="connected"' in page.text
    again = Browser().get(page.url)
    assert 'data-kind="reused_state"' in again.text
    elsewhere = Browser().get(page.url.replace("groenhof.", "bloemhof."))
    assert elsewhere.url.endswith("/login")


def test_a_second_engine_on_the_same_database_is_refused(served):
    second = served.start("serve", "--port", "0")
    _out, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert "Another engine works on this database" in said


def test_the_documents_hold_no_secret(served):
    house = served
    log_in(house)
    for words in (
        ("connector", "show", "--company", "groenhof", "25"),
        ("run", "list", "--company", "groenhof"),
    ):
        text = json.dumps(house.json(*words))
        assert "secret of the sandbox" not in text
