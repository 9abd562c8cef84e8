"""The sandbox by command: filled, emptied, moved in time, served alone."""

from __future__ import annotations

from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.store import Store
from tests.scenarios.house import House, free_port, wait_for


def entries(sandbox: Sandbox) -> int:
    return sandbox.store.rows("SELECT count(*) FROM entry")[0][0]


def test_a_running_sandbox_is_filled_emptied_and_moved(house: House, sandbox: Sandbox) -> None:
    port = ("--port", str(sandbox.port))
    assert house.json("sandbox", "seed", "--days", "3", *port) == {"days": 3}
    booked = entries(sandbox)
    assert booked > 0
    before = sandbox.store.now()
    moved = house.json("sandbox", "clock", "--days", "31", "--hours", "1", *port)
    assert moved["moved_seconds"] == 31 * 86_400 + 3600
    assert (sandbox.store.now() - before).days == 31
    assert house.json("sandbox", "reset", *port)["entries"] == 0
    assert entries(sandbox) == 0


def test_a_refusal_says_what_would_help(house: House, sandbox: Sandbox) -> None:
    port = ("--port", str(sandbox.port))
    for words, said in (
        (("clock", "--to", "2030-01-01T09:00:00", *port), '"to" needs a zone'),
        (("seed", "--division", "7", *port), "No division 7"),
        (("reset", "--port", str(free_port())), "start one with `sandbox serve`"),
        (("seed", "--transaction-lines", "10", "--path", sandbox.store.path), "stop it first"),
    ):
        result = house.run("sandbox", *words)
        assert (result.exit_code, said in result.stderr) == (1, True), result.stderr


def test_a_file_that_nobody_serves_is_filled_with_lines(house: House) -> None:
    path = house.folder / "large.sqlite3"
    asked = ("--transaction-lines", "2000", "--path", str(path))
    made = house.json("sandbox", "seed", *asked)
    assert made == {"division": GROENHOF, "transaction_lines": 2000}
    store = Store(path)
    try:
        assert store.rows(
            "SELECT count(*), round(sum(AmountDC), 2) FROM line WHERE LineNumber > 0"
        ) == [(2000, 0.0)]
    finally:
        store.close()
    refused = house.run("sandbox", "seed", *asked, "--division", "7")
    assert "No division 7" in refused.stderr


def test_served_alone_it_says_how_to_begin(house: House) -> None:
    port = free_port()
    path = house.folder / "alone.sqlite3"
    process = house.start("sandbox", "serve", "--port", str(port), "--path", str(path))
    wait_for(lambda: house.run("sandbox", "clock", "--port", str(port)).exit_code == 0)
    process.terminate()
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    for word in ("not Exact Online", f"http://127.0.0.1:{port}", "password sandbox", str(path)):
        assert word in said, said
