"""Flows on the command line: added, run beside a server, scheduled, exported and taken in."""

from __future__ import annotations

import json
import os
import sqlite3

import pytest

from tests.scenarios.house import log_in

HERE = ("--company", "groenhof")


@pytest.fixture
def connected(served):
    assert log_in(served).status == 200
    served.json("connector", "set", *HERE, "25", "--division", "1000001")
    return served


def test_a_flow_from_add_to_import(connected, tmp_path):
    house = connected
    made = house.json(
        "flow", "add", *HERE, "--kind", "incoming", "--name", "Relaties", "--from", "25",
        "--entity", "crm/Accounts", "--query", "$filter=Name ne 'x=y'",
    )  # fmt: skip
    assert (made["number"], made["identifier"], made["into"]) == (1, "relaties", "inbox")
    ran = house.json("flow", "run", *HERE, "1")
    there = ran["counts"]["read"]
    assert (ran["outcome"], ran["counts"]["new"], ran["calls"]) == ("done", there, 1)
    assert there > 0
    again = house.json("flow", "run", *HERE, "1", "--full")
    assert (again["counts"]["read"], again["counts"].get("new", 0)) == (there, 0)

    told = house.json("run", "show", *HERE, str(ran["run"]))
    assert (told["kind"], told["key"], told["calls"]) == ("flow", "flow 1", 1)
    assert told["counts"] == ran["counts"]
    row = house.json("flow", "schedule", *HERE, "1", "--every", "2h", "--mode", "full")
    assert (row["every_minutes"], row["mode"], row["enabled"]) == (120, "full", True)
    file = tmp_path / "flows.json"
    assert house.run("flow", "export", *HERE, "--file", str(file)).exit_code == 0
    printed = house.run("flow", "export", *HERE, "1")
    assert json.loads(printed.stdout) == json.loads(file.read_text())
    taken = house.json("flow", "import", *HERE, str(file))["flows"]
    assert [(one["number"], one["disabled"]) for one in taken] == [(2, True)]
    listed = house.json("flow", "list", *HERE)
    assert [len(one["schedules"]) for one in listed] == [1, 1]
    refused = house.run("flow", "run", *HERE, "2")
    assert refused.exit_code == 1
    assert "Flow 2 is switched off." in refused.stderr
    assert house.json("flow", "set", *HERE, "2", "--enable")["disabled"] is False
    assert house.json("flow", "remove", *HERE, "2") == {"removed": 2}
    assert len(house.json("flow", "list", *HERE)) == 1
    out = house.json(
        "flow", "add", *HERE, "--kind", "outgoing", "--name", "Terug", "--entity", "journals",
        "--to", "25", "--target-entity", "crm/Accounts", "--action", "create",
    )  # fmt: skip
    assert (out["number"], out["into"], out["action"]) == (3, "crm/Accounts", "create")
    nothing = house.json("flow", "run", *HERE, "3")
    assert (nothing["outcome"], nothing["calls"]) == ("done", 0), "no journals, nothing sent"


def test_what_a_flow_lacks_is_said_on_stderr(books, tmp_path):
    wrong = books.run(
        "flow", "add", *HERE, "--kind", "outgoing", "--name", "", "--from", "0", "--to", "99",
        "--entity", "items", "--action", "create",
    )  # fmt: skip
    assert wrong.exit_code == 1
    assert "name: Give the flow a name." in wrong.stderr
    assert "target.connector: There is no connector 99." in wrong.stderr
    file = tmp_path / "flows.json"
    file.write_text("{")
    assert "is no JSON" in books.run("flow", "import", *HERE, str(file)).stderr
    usage = books.run("flow", "import", *HERE, str(file), "--connector", "a=b")
    assert usage.exit_code in (1, 2)
    assert books.run("flow", "run", *HERE, "7").exit_code == 1
    assert books.json("flow", "list", *HERE) == []


def test_a_warehouse_from_add_to_a_load(connected):
    house = connected
    added = house.json(
        "warehouse", "add", *HERE, "--name", "Magazijn", "--url", "duckdb:magazijn?schema=dwh"
    )
    number = str(added["number"])
    assert number == "26"
    checked = house.json("warehouse", "check", *HERE, number)
    assert (checked["kind"], checked["missing"]) == ("connected", [])
    assert "nothing has to be granted" in house.run("warehouse", "grants", *HERE, number).stdout
    load = (
        "flow", "add", *HERE, "--kind", "replication", "--name", "Laden", "--from", "25",
        "--to", number,
    )  # fmt: skip
    one = house.json(*load, "--entity", "crm/Accounts", "--entity", "logistics/Items")
    assert (one["entities"], one["to"]) == (["crm/Accounts", "logistics/Items"], 26)
    ran = house.json("flow", "run", *HERE, str(one["number"]))
    assert (ran["outcome"], ran["counts"]["read"]) == ("done", ran["counts"]["new"])
    with sqlite3.connect(house.folder / "instance" / "retailvista.sqlite3") as database:
        [(owner,)] = database.execute("SELECT lease_owner FROM run WHERE kind = 'flow'")
    assert f".{os.getpid()}." not in owner, "the server works it, whose file the warehouse is"
    every = house.json(*load, "--one-each")["flows"]
    assert len(every) == 58


def test_the_grants_of_a_server_and_what_its_address_may_hold(books):
    def add(url, stdin="geheim", exit_code=0):
        words = ("warehouse", "add", *HERE, "--name", "PG", "--url", url, "--secret-stdin")
        return books.run(*words, "--json", stdin=stdin).exit_code == exit_code

    assert add("postgresql://lader@127.0.0.1:1/dwh?schema=exact&ssl_mode=prefer")
    script = books.json("warehouse", "grants", *HERE, "26", "--schema", "proef")["script"]
    assert 'GRANT CONNECT, CREATE ON DATABASE "dwh" TO "lader";' in script
    assert "proef" in script
    away = books.run("warehouse", "check", *HERE, "26")
    assert away.exit_code == 1
    assert "cannot be reached" in away.stderr
    assert "geheim" not in away.output
    for wrong in ("postgresql://lader:geheim@host/dwh", "mysql://x", "postgresql://host/dwh"):
        assert add(wrong, exit_code=1)
    assert add("postgresql://lader@host/dwh", stdin="", exit_code=1), "a server wants a secret"
    assert books.run("warehouse", "check", *HERE, "25").exit_code == 1
