"""serve and worker: the process that answers, and the engine that works.

SIGTERM and SIGINT: not ready at once, nothing new is taken, calls in hand finish and commit, then
exit 0. A lock beside the database keeps a second `serve` away from it.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

import click
from flask import Flask
from waitress.server import create_server

from retailvista import logs
from retailvista.cli.program import Program, present_program
from retailvista.config import Settings
from retailvista.errors import Refused

WEB_THREADS = 8
# So much of an answer waits for a reader before the thread that makes it waits too. More would be
# sent by the one thread that takes new connections, which then stand in line.
ANSWER_BYTES = 256 * 1024
# A reader who takes nothing so long is dropped by the system, and his thread is free again.
READER_SECONDS = 60
# A thread that reckons lets the others in so often: a screen waits for several turns.
TURN_SECONDS = 0.0005
WEB_STOP_SECONDS = 10


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=int, default=None, help="Default: the port of RV_BASE_URL, or 8000.")
def serve(host: str, port: int | None) -> None:
    """Web and engine in one process."""
    logs.configure()
    program = present_program()
    settings = program.load_settings()
    _refuse_distributed(settings)
    with begun_app(program, settings) as app, only_one(settings):
        server = bind(app, host, port or urlsplit(settings.base_url).port or 8000)
        locked = program.locked_of(app)
        if locked:
            click.echo(f"Sending is locked. {locked}", err=True)
        click.echo(f"RetailVista serves {settings.base_url}{settings.prefix}", err=True)
        run_until_told(program, app, server)


@click.command()
def worker() -> None:
    """The engine alone, beside web processes of their own."""
    logs.configure()
    program = present_program()
    settings = program.load_settings()
    _refuse_distributed(settings)
    with begun_app(program, settings) as app, only_one(settings):
        run_until_told(program, app, None)


@contextmanager
def begun_app(program: Program, settings: Settings) -> Iterator[Flask]:
    """The app on a database that init has made; refused on an empty one."""
    with program.open_app(settings) as app:
        if not program.outside_of(app).installation:
            raise Refused("The database is empty. Run: retailvista init")
        yield app


def bind(app: Flask, host: str, port: int) -> object:
    """A server that listens already. Refused with the way out when the port is busy."""
    sys.setswitchinterval(TURN_SECONDS)
    try:
        server = create_server(
            app,
            host=host,
            port=port,
            threads=WEB_THREADS,
            outbuf_high_watermark=ANSWER_BYTES,
            ident="RetailVista",
            # The app itself decides what it believes of them: RV_PROXY_HOPS, and only the client.
            clear_untrusted_proxy_headers=False,
        )
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refused(busy(port)) from error
    unread = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READER_SECONDS * 1000)
    server.adj.socket_options = [*server.adj.socket_options, unread]
    return server


def busy(port: int) -> str:
    """What to do when another program listens on the port."""
    return (
        f"Port {port} is busy. Choose another one: make demo PORT={port + 10},"
        f" or retailvista serve --port {port + 10}."
    )


def run_until_told(program: Program, app: Flask, server: object | None) -> None:
    """Serve and work until SIGTERM or SIGINT, then stop in order."""
    told = until_told(program, app)
    with serving(program, app, server):
        told.wait()


def until_told(program: Program, app: Flask) -> threading.Event:
    """An event that SIGTERM and SIGINT set; from then on the app is not ready."""
    told = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        program.stop(app)
        told.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, tell)
    return told


@contextmanager
def serving(program: Program, app: Flask, server: object | None) -> Iterator[None]:
    """Web and engine run inside, and are stopped in order at the end."""
    engine = program.engine_of(app)
    web = threading.Thread(target=server.run, name="web", daemon=True) if server else None  # type: ignore[attr-defined]
    if web is not None:
        web.start()
    engine.start()
    try:
        yield
    finally:
        program.stop(app)
        in_order = engine.stop()
        if server is not None:
            server.task_dispatcher.shutdown(timeout=WEB_STOP_SECONDS)  # type: ignore[attr-defined]
            server.close()  # type: ignore[attr-defined]
        if not in_order:
            cut_off()


def cut_off() -> NoReturn:
    """Python would wait for threads without end; what they had begun is found by the next start."""
    sys.stderr.flush()
    os._exit(0)


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Hold the lock of this database; refused while another engine holds it."""
    path = lock_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(handle)
        raise Refused(
            f"Another engine works on this database already (lock {path}). Stop that one first."
        ) from error
    try:
        yield
    finally:
        os.close(handle)


def lock_file(settings: Settings) -> Path:
    """Beside a SQLite file; for a server database in the instance folder, by its address."""
    if settings.database_url.startswith("sqlite:///"):
        return Path(settings.database_url.removeprefix("sqlite:///") + ".engine-lock")
    mark = hashlib.sha256(settings.database_url.encode()).hexdigest()[:12]
    return settings.instance_dir / f"engine-{mark}.lock"


def _refuse_distributed(settings: Settings) -> None:
    if settings.engine == "distributed":
        raise Refused(
            "RV_ENGINE=distributed is not in this version, which has the embedded engine only."
            " Leave RV_ENGINE out, or set it to embedded."
        )


COMMANDS: list[click.Command] = [serve, worker]
