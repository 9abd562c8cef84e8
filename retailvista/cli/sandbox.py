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
            threading.Thread(target=_wait_for_eof, args=(told,), daemon=True).start()
        else:
            click.echo(f"Sandbox, not Exact Online: {running.url}", err=True)
        told.wait()


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
