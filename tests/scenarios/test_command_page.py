"""docs/commands.md and the command line say the same: commands, options, keys of the documents."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import click
import pytest

from retailvista import app as wiring
from retailvista.cli.commands import root
from retailvista.companies.scope import company_scope
from retailvista.config import load_settings
from retailvista.connectors.logins import finish_login
from retailvista.sandbox.tokens import consent
from tests.scenarios.house import CLIENT_ID, ROOT, TILL_FILES, House

PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
QUOTED = re.compile(r"`([^`]+)`")
# What is under these depends on the kind of the run.
FREE = ("counts", "args")
DAYS = [str(path) for path in sorted(TILL_FILES.glob("groenhof-*.xaa"))]
OF = ("--company", "groenhof")
BOOKKEEPER, DIVISION = "boekhouder@groenhof.example", 1000001


def sections() -> dict[str, str]:
    """The text below each command's heading."""
    parts = re.split(r"^### `([^`]+)`$", PAGE, flags=re.MULTILINE)
    assert len(parts) == 2 * len(set(parts[1::2])) + 1, "a command is described once"
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {name: text.split("\n## ")[0] for name, text in pairs}


def commands(group: click.Group = root, before: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        is_group = isinstance(command, click.Group)
        found |= commands(command, path) if is_group else {path: command}
    return found


def keys_on_page(command: str) -> set[str]:
    """The keys that the page promises; 'as', *link* and *problem* stand for others' keys."""
    found = re.search(r"^JSON(.*?)(?:\n\n|\Z)", sections()[command].strip(), re.DOTALL | re.M)
    assert found, f"{command} says nothing of its document"
    keys = set(QUOTED.findall(found[1])) - {"--missing"}
    for other in keys & commands().keys():
        keys = (keys - {other}) | keys_on_page(other)
    for word in ("link", "problem"):
        if f"*{word}" in found[1]:
            meaning = re.search(rf"^A \*{word}\* is (.*?)\n\n", PAGE, re.DOTALL | re.M)
            assert meaning
            keys |= set(QUOTED.findall(meaning[1]))
    return keys


def keys_of(document: Any) -> set[str]:
    if isinstance(document, list):
        return set().union(*(keys_of(one) for one in document))
    if not isinstance(document, dict):
        return set()
    inner = (keys_of(value) for key, value in document.items() if key not in FREE)
    return set(document).union(*inner)


def test_the_page_describes_the_commands_that_there_are():
    assert sections().keys() == commands().keys()


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_option_stands_on_the_page_and_no_other(name: str):
    options = [one for one in commands()[name].params if isinstance(one, click.Option)]
    known = {word for one in options for word in (*one.opts, *one.secondary_opts)}
    named = set(re.findall(r"(?<=`)--[a-z-]+", sections()[name]))
    assert named - known == set(), "an option that is not there"
    assert known - named - {"--json"} == set(), "an option that is not named"
    assert ("JSON" in sections()[name]) == ("--json" in known)
    for one in options:
        for choice in getattr(one.type, "choices", ()):
            assert choice in sections()[name], f"{one.name} may be {choice}"


@dataclass
class Told(House):
    """A house that compares each document with the page."""

    told: set[str] = field(default_factory=set)

    def tell(self, command: str, *words: str, **how: Any) -> Any:
        document = self.json(*command.split(), *words, **how)
        assert keys_of(document) == keys_on_page(command), command
        self.told.add(command)
        return document


@pytest.fixture
def told(books: House) -> Told:
    return Told(books.folder, books.sandbox_url, books.sandbox_file, books.port)


def log_in(told: Told, url: str, sandbox: Any) -> None:
    """What the browser would bring back."""
    asked = parse_qs(urlsplit(url).query)
    code = consent(
        sandbox.store, CLIENT_ID, BOOKKEEPER, [DIVISION], asked["redirect_uri"][0]
    )  # fmt: skip
    app = wiring.create_app(load_settings(told.environment))
    try:
        with company_scope(1):
            done = finish_login(
                wiring.outside(app), 25, asked["state"][0], code, "", "cli", "cli"
            )  # fmt: skip
    finally:
        wiring.close(app)
    assert done.ok, done.message


def test_every_document_has_the_keys_that_the_page_promises(
    told: Told, sandbox: Any, tmp_path: Path
):
    _set_up(told, sandbox)
    _book(told, sandbox, tmp_path)
    _load(told, tmp_path)
    _look_after(told, tmp_path)
    _play(told)
    silent = {"serve", "worker", "demo", "sandbox serve", "flow export"}
    assert commands().keys() - told.told == silent


def _set_up(told: Told, sandbox: Any) -> None:
    told.tell("init")
    told.tell("company add", "2", "Bloemhof", "--alias", "bloemhof")
    told.tell("company list")
    told.tell("company licence", *OF)
    told.tell("store add", "--company", "bloemhof", "1", "Bloemhof 1")
    told.tell("store list", *OF)
    told.tell("user add", *OF, "anna@groenhof.nl", "--role", "viewer")
    more = ("--provider", "exact-online", "--base-url", told.sandbox_url, "--client-id", "other")
    told.tell("connector add", *OF, *more, "--name", "Second")
    told.tell("connector list", *OF)
    told.tell("connector show", *OF, "25")
    redirect = "http://localhost:9/oauth.ashx?provider=1"
    words = ("--client-id", "other", "--redirect-uri", redirect, "--client-secret-stdin")
    told.tell("sandbox app add", *words, stdin="a secret\n")
    log_in(told, told.tell("connector login-url", *OF, "25")["url"], sandbox)
    told.tell("connector set", *OF, "25", "--division", str(DIVISION), "--journal-code", "91")
    told.tell("connector test", *OF, "25")
    told.tell("schedule list", *OF)
    told.tell("schedule set", *OF, "--connector", "25", "--every", "30m")


def _book(told: Told, sandbox: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.xaa"
    broken.write_text("<auditfile><broken>")
    told.tell("receipts import", *OF, *DAYS, str(broken), exit_code=1)
    assert keys_of(told.json("links", "list", *OF, "--missing")) < keys_on_page("links list")
    held = told.json("journals", "build", *OF)["problems"]
    added = told.tell("links init", *OF)["added"]
    csv = tmp_path / "links.csv"
    csv.write_text("kind;code;sales_type;vat;gl_code;name\ngroup;EXTRA;;;8200;Extra\n")
    told.tell("links import", *OF, str(csv))
    told.tell("links set", *OF, "group", added[0]["code"], "8200", "--vat", "21")
    listed = keys_of(told.json("links", "list", *OF)) | {"used", "example"}
    assert listed == keys_on_page("links list")
    built = told.json("journals", "build", *OF)["built"]
    assert keys_of({"built": built, "problems": held}) == keys_on_page("journals build")
    told.json("journals", "release", *OF, "1")
    refused = told.tell("journals release", *OF, "1", "2", exit_code=1)["refused"]
    assert [one["number"] for one in refused] == [1]
    told.tell("journals export", *OF)
    told.tell("journals list", *OF)
    told.tell("journals show", *OF, "1")
    assert told.json("journals", "control", *OF)["differences"] == []
    with sandbox.store.transaction() as books:
        books.execute("DELETE FROM line")
        books.execute("DELETE FROM entry")
    told.tell("journals control", *OF, exit_code=1)
    told.tell("journals reverse", *OF, "1", "--reason", "counted twice")
    again = told.json("journals", "build-again", *OF, "1")
    assert keys_of(again) <= keys_on_page("journals build-again")
    told.told |= {"links list", "journals build", "journals build-again"}


def _load(told: Told, tmp_path: Path) -> None:
    told.tell("warehouse add", *OF, "--name", "House", "--url", "duckdb:house", "--number", "40")
    told.tell("warehouse grants", *OF, "40")
    told.tell("warehouse check", *OF, "40")
    way = ("--kind", "replication", "--from", "25", "--to", "40")
    entity = ("--entity", "financial/GLAccounts")
    added = told.json("flow", "add", *OF, *way, "--name", "Accounts", *entity)
    assert keys_of(added) < keys_on_page("flow add"), "it has no schedules yet"
    told.tell("flow schedule", *OF, "1", "--every", "2h")
    told.tell("flow list", *OF)
    document = tmp_path / "flows.json"
    told.run("flow", "export", *OF, "--file", str(document))
    told.tell("flow import", *OF, str(document))
    told.tell("flow set", *OF, "1", "--disable")
    told.tell("flow set", *OF, "1", "--enable")
    assert told.tell("flow run", *OF, "1")["outcome"] == "done"
    checked = told.json("flow", "check", *OF, "1", "--totals")
    assert keys_of(checked) <= keys_on_page("flow check")
    told.told |= {"flow check"}
    told.tell("flow remove", *OF, "2")
    told.told |= {"flow add"}


def _play(told: Told) -> None:
    port = ("--port", str(urlsplit(told.sandbox_url).port))
    told.tell("sandbox clock", *port)
    told.tell("sandbox seed", *port, "--days", "1")
    told.tell("sandbox reset", *port)


def _look_after(told: Told, tmp_path: Path) -> None:
    newest = told.tell("run list", *OF)[0]
    with sqlite3.connect(told.folder / "instance" / "retailvista.sqlite3") as connection:
        connection.execute(
            "INSERT INTO run_log (company_id, run_id, at, level, text)"
            " SELECT company_id, id, asked_at, 'info', 'a line' FROM run"
        )
    told.tell("run show", *OF, str(newest["number"]))
    told.tell("key rotate")
    told.tell("moved")
    copy = str(tmp_path / "copy.rv")
    told.tell("backup", copy)
    told.tell("restore", copy, "--replace")
