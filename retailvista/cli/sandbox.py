"""sandbox: a small Exact Online of our own, for trying things out. It never touches Exact."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import click

from retailvista.cli.program import json_option, present_program, secret_from
from retailvista.errors import Refused


@click.group("sandbox")
def sandbox() -> None:
    """A sandbox, not Exact Online."""


@sandbox.command("serve")
@click.option("--port", default=8001, show_default=True)
@click.option("--path", type=click.Path(path_type=Path), help="Its file.")
@click.option("--until-eof", is_flag=True, help="End with who started it: when stdin closes.")
def serve(port: int, path: Path | None, until_eof: bool) -> None:
    """Answer until SIGTERM."""
    from retailvista.sandbox import commanding
    from retailvista.sandbox.server import Sandbox

    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())
    place = _place(path)
    try:
        running = Sandbox(place, port)
    except OSError as error:
        raise Refused(f"Port {port} is busy; choose another one with --port.") from error
    with running:
        if until_eof:
            click.echo(running.url)  # who started it waits for this line
            threading.Thread(target=_wait_for_eof, args=(told,), daemon=True).start()
        else:
            click.echo(commanding.welcome(running.url, place), nl=False, err=True)
        told.wait()


@sandbox.command("seed")
@click.option("--division", default=1000001, show_default=True, help="The administration.")
@click.option("--days", default=30, show_default=True, help="Store days until yesterday.")
@click.option("--transaction-lines", type=int, help="Instead: years of store days, in the file.")
@click.option("--dice", default=1, help="Another number gives other amounts (with lines).")
@click.option("--port", default=8001, show_default=True, help="Where the sandbox runs.")
@click.option("--path", type=click.Path(path_type=Path), help="Its file (with lines).")
@json_option
def fill(
    *,
    division: int,
    days: int,
    transaction_lines: int | None,
    dice: int,
    port: int,
    path: Path | None,
) -> dict[str, Any]:
    """Book store days to look at; with --transaction-lines a million lines in under a minute."""
    from retailvista.sandbox import commanding

    if transaction_lines is None:
        return _asked(port, "seed", {"division": division, "days": days})
    try:
        lines = commanding.fill(_place(path), division, transaction_lines, dice)
    except commanding.NotDone as problem:
        raise Refused(str(problem)) from problem
    return {"division": division, "transaction_lines": lines}


@sandbox.command("reset")
@click.option("--port", default=8001, show_default=True, help="Where the sandbox runs.")
@json_option
def reset(*, port: int) -> dict[str, Any]:
    """Empty the books, the switches, the faults and the call log; apps and logins stay."""
    return _asked(port, "reset", {})


@sandbox.command("clock")
@click.option("--days", default=0)
@click.option("--hours", default=0)
@click.option("--seconds", default=0)
@click.option("--to", help="A moment with its zone: 2030-01-01T09:00:00Z.")
@click.option("--port", default=8001, show_default=True, help="Where the sandbox runs.")
@json_option
def clock(*, days: int, hours: int, seconds: int, to: str | None, port: int) -> dict[str, Any]:
    """Move the sandbox's clock, or ask what it says; what falls due is done before the answer."""
    from retailvista.sandbox import commanding

    return _asked(port, "clock", commanding.moment(days=days, hours=hours, seconds=seconds, to=to))


def _asked(port: int, call: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the sandbox that runs there."""
    from retailvista.sandbox import commanding

    try:
        return commanding.ask(port, call, body)
    except commanding.NotDone as problem:
        raise Refused(str(problem)) from problem


@sandbox.group("app")
def app() -> None:
    """Apps registered at the sandbox."""


@app.command("add")
@click.option("--client-id", required=True)
@click.option("--client-secret-stdin", is_flag=True, help="Else from RV_CLIENT_SECRET.")
@click.option("--redirect-uri", required=True)
@click.option("--path", type=click.Path(path_type=Path), help="Its file.")
@json_option
def add(
    *, client_id: str, client_secret_stdin: bool, redirect_uri: str, path: Path | None
) -> dict[str, Any]:
    """Register an app with its one redirect URI."""
    from retailvista.sandbox.store import add_app

    secret = secret_from(client_secret_stdin, "RV_CLIENT_SECRET", "client secret")
    if not secret:
        raise Refused("An app needs a secret: --client-secret-stdin or RV_CLIENT_SECRET.")
    add_app(_place(path), client_id, secret, redirect_uri)
    return {"client_id": client_id, "redirect_uri": redirect_uri}


def _wait_for_eof(told: threading.Event) -> None:
    sys.stdin.read()
    told.set()


def _place(path: Path | None) -> Path:
    place = path or present_program().load_settings().instance_dir / "sandbox.sqlite3"
    place.parent.mkdir(parents=True, exist_ok=True)
    return place


COMMANDS: list[click.Command] = [sandbox]
