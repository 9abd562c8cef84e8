"""serve and worker: the process that answers, and the engine that works.

SIGTERM and SIGINT: not ready at once, nothing new is taken, calls in hand finish and commit, then
exit 0. A lock beside the database keeps a second `serve` away from it.
"""

from __future__ import annotations

import faulthandler
import fcntl
import hashlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn, Self
from urllib.parse import urlsplit

import click
from flask import Flask

from retailvista import logs
from retailvista.cli.program import Program, present_program
from retailvista.cli.web_server import WebServer, bind, settle
from retailvista.config import Settings
from retailvista.errors import Refused

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


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


def run_until_told(program: Program, app: Flask, server: WebServer | None) -> None:
    """Serve and work until SIGTERM or SIGINT, then stop in order."""
    with Told(lambda: program.stop(app)) as told, serving(program, app, server):
        told.wait()


class Told:
    """SIGTERM or SIGINT came. To be made and waited for in the main thread.

    A pipe, which Python writes to wherever the signal arrives: a handler alone runs only when the
    main thread wakes up, and an Event that it sets may be locked by the very thread it runs in.
    """

    def __init__(self, at_once: Callable[[], None]) -> None:
        self._at_once = at_once

    def __enter__(self) -> Self:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        self._wakeup_before = signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        self._before = [signal.signal(name, self._tell) for name in STOP_SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        for name, handler in zip(STOP_SIGNALS, self._before, strict=True):
            signal.signal(name, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._read)
        os.close(self._write)

    def _tell(self, _signal: int, _frame: FrameType | None) -> None:
        self._at_once()

    def wait(self) -> None:
        """Return when one of them has come. Each byte is the number of a signal."""
        while os.read(self._read, 1)[0] not in STOP_SIGNALS:
            pass


@contextmanager
def serving(program: Program, app: Flask, server: WebServer | None) -> Iterator[None]:
    """Web and engine run inside, and are stopped in order at the end."""
    engine = program.engine_of(app)
    settle()
    if server is not None:
        server.start()
    engine.start()
    try:
        yield
    finally:
        program.stop(app)
        in_order = engine.stop()
        if server is not None:
            server.stop()
        if not in_order:
            cut_off()


def cut_off() -> NoReturn:
    """Python would wait for threads without end; what they had begun is found by the next start.

    Where each of them stands is written down, for whoever has to find out what kept it.
    """
    sys.stderr.flush()
    faulthandler.dump_traceback(2)
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
