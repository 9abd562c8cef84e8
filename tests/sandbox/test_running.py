"""The sandbox as a thing that runs: restart, second process, admin calls, pages."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.settings import CHOICES
from retailvista.sandbox.store import Store, add_app
from retailvista.sandbox.words import WORDS
from tests.conftest import TestClock
from tests.sandbox.visitor import BOOKKEEPER, CALLBACK, CLIENT_ID, SECRET, Visitor


@dataclass
class At:
    """A sandbox in another process."""

    port: int
    store: Store


def test_everything_survives_a_restart(tmp_path: Path, clock: TestClock) -> None:
    path = tmp_path / "books.sqlite"
    with Sandbox(path, clock=clock) as first:
        first.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Visitor(first).log_in()
        visitor.book(visitor.line("1210", 5), visitor.line("1205", -5), EntryNumber=26000001)
        visitor.admin("profile", name="netted", division=1000001)
        visitor.admin("clock", move_seconds=60)
        before = visitor.get("financial/GLAccounts", top=1).body.split(b'"type"')[1]
        left = int(visitor.get("hrm/Divisions").headers["X-RateLimit-Remaining"])
    with Sandbox(path, clock=clock) as second:
        again = Visitor(second, token=visitor.token, pair=visitor.pair)
        after = again.get("financial/GLAccounts", top=1)
        assert after.body.split(b'"type"')[1] == before
        assert int(after.headers["X-RateLimit-Remaining"]) == left - 1
        assert again.numbers() == [26000001]
        used = again.book(again.line("1210", 5), again.line("1205", -5), EntryNumber=26000001)
        assert used.says == "In gebruik: Boekstuknummer"
        assert second.store.setting("vat", 1000001) == "netted"
        assert second.store.setting("vat", 1000002) == "net-added"
        clock.move(seconds=600)
        assert again.refresh().status == 200


def test_a_late_commit_waits_in_the_file_while_nothing_runs(
    tmp_path: Path, clock: TestClock
) -> None:
    path = tmp_path / "books.sqlite"
    with Sandbox(path, clock=clock) as first:
        first.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Visitor(first).log_in()
        lines = visitor.line("1210", 5), visitor.line("1205", -5)
        for seconds in (900, 7_000, 90_000):
            with pytest.raises(ConnectionError):
                visitor.book(*lines, fault=f"late_commit={seconds}")
        (kept,) = {
            row[0].count(visitor.token) for row in first.store.rows("SELECT request FROM late")
        }
        assert kept == 0, "the file keeps no token"
        assert visitor.numbers() == []
    clock.move(hours=2)
    with Sandbox(path, clock=clock) as second:
        again = Visitor(second)
        assert len(again.numbers()) == 2
        assert again.admin("state", "GET")["late"] == 1
        again.admin("reset")
        clock.move(days=2)
        assert again.numbers() == []


def test_an_app_is_registered_from_outside_while_the_sandbox_runs(
    sandbox: Sandbox, stranger: Visitor
) -> None:
    add_app(sandbox.store.path, "second-app", "s", "https://two.example/oauth.ashx?provider=1")
    reply = stranger.redeem("x", client_id="second-app", client_secret="s")
    assert reply.json == {"error": "invalid_request"}, "the app is known, the code is not"


def test_the_commands(tmp_path: Path) -> None:
    path = tmp_path / "by-command.sqlite"
    command = [sys.executable, "-m", "retailvista.sandbox", "app", "--path", str(path)]
    command += ["--client-id", "c", "--redirect-uri", CALLBACK]
    subprocess.run(command, input=b"secret\n", check=True, timeout=20)
    with Sandbox(path) as running:
        reply = Visitor(running).redeem("x", client_id="c", client_secret="secret")
        assert reply.json == {"error": "invalid_request"}


def serve(path: Path, port: int) -> subprocess.Popen[bytes]:
    """The sandbox as a process of its own, answering."""
    command = [sys.executable, "-m", "retailvista.sandbox", "serve"]
    process = subprocess.Popen([*command, "--port", str(port), "--path", str(path)])
    pause = threading.Event()
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            pause.wait(0.05)
        else:
            return process
    process.kill()
    pytest.fail("the sandbox did not start")


def test_what_was_booked_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "killed.sqlite"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = serve(path, port)
    store = Store(path)
    store.add_app(CLIENT_ID, SECRET, CALLBACK)
    visitor = Visitor(At(port, store)).log_in()
    visitor.book(visitor.line("1210", 5), visitor.line("1205", -5), EntryNumber=26000001)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL
    again = serve(path, port)
    assert visitor.numbers() == [26000001]
    again.terminate()
    assert again.wait(10) == 0
    store.close()


def test_retail_accounts_can_be_left_to_the_client(tmp_path: Path) -> None:
    with Sandbox(tmp_path / "bare.sqlite", retail_accounts=False) as bare:
        known = {row[0] for row in bare.store.rows("SELECT Code FROM gl_account")}
        assert not known & {"1205", "1210", "8210", "9411"}
        assert known >= {"1290", "2000", "1500", "1510", "1520"}


def test_a_reset_empties_the_books_and_keeps_the_logins(visitor: Visitor) -> None:
    visitor.book(visitor.line("1210", 5), visitor.line("1205", -5))
    visitor.admin("settings", numbers="ignores-ours")
    visitor.admin("reset")
    assert visitor.numbers() == []
    assert visitor.admin("state", "GET")["settings"] == {}
    assert visitor.book(visitor.line("1210", 5), visitor.line("1205", -5)).status == 201


def test_wrong_switches_are_refused_with_a_reason(stranger: Visitor) -> None:
    for body, text in (
        ({"vat": "magic"}, "one of net-added"),
        ({"nonsense": 1}, "No setting 'nonsense'"),
        ({"calls_minute": "many"}, "whole number"),
        ({"limits": "perhaps"}, "on or off"),
    ):
        reply = stranger.ask("POST", "/sandbox/api/settings", json.dumps(body))
        assert (reply.status, text in reply.json["error"]) == (400, True)
    unknown = stranger.ask("GET", "/sandbox/api/nothing")
    assert unknown.status == 404
    assert "POST /sandbox/api/clock" in unknown.json["known"]


def test_the_call_log_keeps_no_secret(visitor: Visitor) -> None:
    visitor.get("financial/Journals")
    log = json.dumps(visitor.admin("calls", "GET")["calls"])
    assert "/api/oauth2/token" in log
    for secret in (visitor.token, visitor.pair["refresh_token"], SECRET, "code="):
        assert secret not in log
    stored = b"".join(
        file.read_bytes() for file in Path(visitor.sandbox.store.path).parent.glob("sandbox.*")
    )
    assert b"stampNL001" not in stored
    assert SECRET.encode() not in stored


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_pages_say_that_this_is_a_sandbox(visitor: Visitor, language: str) -> None:
    visitor.book(visitor.line("1210", 1234.5), visitor.line("1205", -1234.5))
    visitor.book(visitor.line("1210", 1))
    entry = visitor.admin("entries", "GET", division=1000001)["entries"][0]
    banner = WORDS["banner"][0 if language == "nl" else 1]
    wanted = {
        "/": "Tuincentrum Groenhof B.V.",
        "/books/1000001": "1.234,50",
        f"/entry/{entry['entry_id']}": "PIN onderweg",
        "/calls": "GeneralJournalEntries",
        "/judge": WORDS["judge-clean"][0 if language == "nl" else 1],
        "/switches": "debit-as-purchase",
        "/apps": CLIENT_ID,
        "/webhooks": WORDS["no-webhooks"][0 if language == "nl" else 1],
    }
    for path, text in wanted.items():
        page = visitor.ask("GET", f"{path}?lang={language}").body.decode()
        assert banner in page
        assert text in page
        assert "src=" not in page
        assert "<script" not in page


def test_switches_on_the_page(visitor: Visitor, clock: TestClock) -> None:
    for value in CHOICES["vat"]:
        assert visitor.form("/switch", {"do": "settings", "vat": value}).status == 303
        assert visitor.sandbox.store.setting("vat") == value
    assert visitor.form("/switch", {"do": "clock", "move_seconds": "86400"}).status == 303
    assert visitor.admin("clock", "GET")["now"].startswith("2026-03-15T09:00:00")
    fault = {"do": "fault", "name": "html_503", "method": "GET", "path": "*", "times": "1"}
    assert visitor.form("/switch", fault).status == 303
    assert visitor.get("hrm/Divisions").status == 503
    always = fault | {"rate": "1", "dice": "7", "value": ""}
    assert visitor.form("/switch", always).status == 303
    assert [visitor.get("hrm/Divisions").status for _ in range(3)] == [503] * 3
    assert visitor.form("/switch", {"do": "clear-faults"}).status == 303
    assert visitor.get("hrm/Divisions").status == 401, "the clock has passed the token by"
    assert visitor.form("/switch", {"do": "nonsense"}).status == 400
    foreign = visitor.form("/switch", {"do": "reset"}, Origin="https://evil.example")
    assert foreign.status == 403


def test_example_days_in_every_administration(visitor: Visitor) -> None:
    for division in (1000001, 1000002, 2000001, 3000001):
        fields = {"do": "seed", "division": str(division), "days": "3"}
        assert visitor.form("/switch", fields).status == 303
        found = visitor.admin("entries", "GET", division=division)["entries"]
        assert [(one["journal"], one["year"], one["period"]) for one in found] == [
            ("92", 2026, 3)
        ] * 3
        balance = visitor.admin("balance", "GET", division=division)["balance"]
        assert sum(row["debit"] - row["credit"] for row in balance) == 0
        assert sum(row["debit"] for row in balance) > 0
    assert visitor.form("/switch", {"do": "seed", "division": "1"}).status == 400


def test_a_user_is_blocked_and_freed_on_the_page(visitor: Visitor) -> None:
    form = {"do": "users", "name": BOOKKEEPER, "back": "/apps"}
    blocked = visitor.form("/switch", form | {"reason": "BlockedUser"})
    assert blocked.headers["Location"] == "/apps?lang=en"
    assert visitor.get("hrm/Divisions").status == 403
    visitor.form("/switch", form | {"reason": "active"})
    assert visitor.get("hrm/Divisions").status == 200


def test_the_trial_balance_is_zero(visitor: Visitor) -> None:
    for amount in (0.1, 0.2, 1234.56):
        visitor.book(
            visitor.line("1210", amount * 1.0),
            visitor.line("8220", -amount, VATCode="4"),
        )
    balance = visitor.admin("balance", "GET", division=1000001)["balance"]
    assert sum(row["debit"] - row["credit"] for row in balance) == 0
    assert {row["code"]: row["debit"] for row in balance}["1210"] == 123486
