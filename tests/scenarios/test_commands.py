"""The command line is a contract: one JSON document, exit 0, 1 or 2, no secret as an argument."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import click
import pytest

from retailvista.cli.commands import root
from tests.scenarios.house import TILL_FILES

GROENHOF = [str(path) for path in sorted(TILL_FILES.glob("groenhof-*.xaa"))]
# The commands as the design lists them; `auditfile` comes with its own part.
CONTRACT = """
init, demo, serve, worker, company add, company list, company licence,
store add, store list, user add,
connector add, connector list, connector show, connector test, connector set,
connector login-url, links init, links list, links import, links set, receipts import,
journals build, journals list, journals show, journals release, journals reverse,
journals build-again,
flow add, flow list, flow run, flow check, flow schedule, flow export, flow import, flow set,
flow remove,
warehouse add, warehouse grants, warehouse check,
journals export, journals control, schedule list, schedule set, run list, run show,
sandbox serve, sandbox app add, sandbox seed, sandbox reset, sandbox clock,
backup, restore, moved, key rotate
"""


def names(group: click.Group, before: str = "") -> set[str]:
    found = set()
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        found |= names(command, path) if isinstance(command, click.Group) else {path}
    return found


def commands(group: click.Group = root) -> list[click.Command]:
    found = []
    for command in group.commands.values():
        found += commands(command) if isinstance(command, click.Group) else [command]
    return found


def test_the_commands_are_those_of_the_contract():
    assert names(root) == {" ".join(name.split()) for name in CONTRACT.split(",")}


def test_no_option_takes_a_secret_as_its_value():
    for command in commands():
        for option in command.params:
            words = f"{option.name} {' '.join(option.opts)}"
            # An address, such as where tokens are fetched, is no secret.
            named = any(word in words for word in ("secret", "password", "token"))
            if named and not option.opts[0].endswith("-url"):
                assert option.is_flag, f"{command.name}: {words}"
                assert option.opts[0].endswith("-stdin")


def test_what_is_set_up_from_an_empty_folder(house):
    begun = house.json("init")
    assert begun["new"] is True
    assert not house.json("init")["new"], "a second time upgrades and makes nothing"
    key = Path(begun["master_key_file"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    added = house.json(
        "company", "add", "1", "Tuincentrum Groenhof", "--alias", "groenhof",
        "--licence", "Exact Online integration", "--warn", "boek@groenhof.nl",
        "--post-from", "2026-03-01",
    )  # fmt: skip
    assert added["post_from"] == "2026-03-01"
    assert [row["alias"] for row in house.json("company", "list")] == ["groenhof"]
    house.json(
        "store", "add", "--company", "groenhof", "1", "Groenhof 1", "--zone", "Europe/Amsterdam",
        "--currency", "EUR", "--rounding-step", "0.05", "--till-location", "Groenhof",
    )  # fmt: skip
    user = house.json(
        "user", "add", "--company", "groenhof", "anna@groenhof.nl", "--role", "bookkeeper",
        "--password-stdin", stdin="zeven gele tulpen\n",
    )  # fmt: skip
    assert user == {"email": "anna@groenhof.nl", "role": "bookkeeper", "new_person": True}


def test_the_operator_gives_and_withdraws_licences(house):
    house.begin()
    whose = ("company", "licence", "--company", "groenhof")
    exact = "Exact Online integration"
    assert house.json(*whose) == {"number": 1, "alias": "groenhof", "licences": [exact]}
    assert house.json(*whose, "--withdraw", exact)["licences"] == []
    assert house.json("company", "list")[0]["licences"] == []
    assert house.json(*whose, "--give", exact)["licences"] == [exact]
    assert house.run(*whose, "--give", "Everything").exit_code == 2


def test_from_till_files_to_built_journals(house):
    house.begin()
    files = house.json("receipts", "import", "--company", "groenhof", *GROENHOF)["files"]
    assert [set(one) for one in files] == [
        {"file", "format", "receipts", "new", "known", "problems"}
    ] * 3
    again = house.json("receipts", "import", "--company", "groenhof", *GROENHOF)["files"]
    assert [(one["new"], one["known"]) for one in again] == [(0, one["receipts"]) for one in files]
    assert house.json("links", "init", "--company", "groenhof")["added"]
    house.json(
        "links", "set", "--company", "groenhof", "group", "PLANT", "8210", "--vat", "9"
    )  # fmt: skip
    built = house.json("journals", "build", "--company", "groenhof", "--until", "2026-03-11")
    assert [one["business_date"] for one in built["built"]] == ["2026-03-10", "2026-03-11"]
    assert built["problems"] == []

    rows = house.json("journals", "list", "--company", "groenhof")
    assert set(rows[0]) == {
        "number", "kind", "store", "business_date", "state", "entry_number", "external_id",
        "debit", "credit", "problem",
    }  # fmt: skip
    example = next(row for row in rows if row["business_date"] == "2026-03-10")
    assert (example["debit"], example["credit"]) == ("12037.63", "12037.63")
    assert example["state"] == "to_release"
    shown = house.json("journals", "show", "--company", "groenhof", str(example["number"]))
    assert len(shown["lines"]) > 10

    refused = house.json(
        "journals", "release", "--company", "groenhof", str(example["number"]), exit_code=1
    )
    assert refused["released"] == []
    assert "connector" in refused["refused"][0]["reason"]


def test_files_may_be_named_relative_to_where_the_command_is_called(house, monkeypatch):
    house.begin()
    monkeypatch.chdir(TILL_FILES)
    done = house.json("receipts", "import", "--company", "groenhof", "groenhof-2026-03-10.xaa")
    assert done["files"][0]["receipts"] == 108


def test_a_refused_file_is_exit_1_with_the_reason_on_stderr(house, tmp_path):
    house.begin()
    bad = tmp_path / "bad.xaa"
    bad.write_text("<auditfile><broken>")
    result = house.run("receipts", "import", "--company", "groenhof", str(bad), "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["files"][0]["receipts"] == 0
    assert result.stderr.startswith("Error: bad.xaa:")


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("company", "list"), 1, "retailvista init"),
        (("company", "add", "one", "Name", "--alias", "abc"), 2, "integer"),
        (("company", "add"), 2, "Missing argument"),
        (("nothing",), 2, "No such command"),
        (("journals", "build", "--company", "a", "--until", "14-03-2026"), 2, "not a date"),
    ],
)
def test_refusals_and_usage_are_told_apart(house, words, exit_code, said):
    result = house.run(*words)
    assert result.exit_code == exit_code, result.output
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("company", "add", "1", "Twice", "--alias", "other"), "number 1"),
        (("company", "add", "2", "Twice", "--alias", "www"), "reserved"),
        (("store", "list", "--company", "nobody"), "nobody"),
        (("store", "add", "--company", "groenhof", "2", "Two", "--connector", "9"), "connector 9"),
        (("store", "add", "--company", "groenhof", "2", "Two", "--country", "US"), "country 'US'"),
        (("connector", "show", "--company", "groenhof", "7"), "connector 7"),
        (("run", "show", "--company", "groenhof", "7"), "run 7"),
        (("journals", "show", "--company", "groenhof", "7"), "journal 7"),
    ],
)
def test_what_is_refused_is_said_in_one_sentence_without_a_trace(house, words, said):
    house.begin()
    result = house.run(*words, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert said in result.stderr
    assert "Traceback" not in result.stderr


def test_a_wrong_setting_stops_every_command_and_is_named(house):
    result = house.run("company", "list", RV_BASE_URL="http://retailvista.example")
    assert result.exit_code == 1
    assert "RV_BASE_URL" in result.stderr


def test_a_connector_is_added_shown_changed_and_scheduled(books):
    shown = books.json("connector", "show", "--company", "groenhof", "25")
    callback = f"http://groenhof.retailvista.localhost:{books.port}/oauth.ashx?provider=25"
    assert shown["callback_url"] == shown["computed_callback_url"] == callback
    assert shown["state"] == "none"
    assert "secret of the sandbox" not in json.dumps(shown)
    changed = books.json(
        "connector", "set", "--company", "groenhof", "25", "--name", "Exact nieuw", "--automatic"
    )
    assert (changed["name"], changed["automatic"]) == ("Exact nieuw", True)
    assert [row["number"] for row in books.json("connector", "list", "--company", "groenhof")] == [
        25
    ]
    kinds = {
        row["kind"]: row["every"] for row in books.json("schedule", "list", "--company", "groenhof")
    }
    assert kinds == {"export": "15m", "master": "", "control": ""}
    books.json("schedule", "set", "--company", "groenhof", "--connector", "25", "--every", "2h")
    rows = books.json("schedule", "list", "--company", "groenhof", "--connector", "25")
    assert {row["every"] for row in rows if row["kind"] == "export"} == {"120m"}
    tested = books.json("connector", "test", "--company", "groenhof", "25", exit_code=1)
    assert tested["kind"] == "not_authorised"
