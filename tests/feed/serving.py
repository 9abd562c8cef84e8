"""A filled company's feed behind the product's own web server, at an address of its own."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine
from waitress.server import create_server

from retailvista import db
from tests.conftest import TestClock
from tests.feed.conftest import filled_file
from tests.feed.program import Program, make_program, make_token
from tests.web.site import Site, build

GONE = threading.Event()


@dataclass(frozen=True, slots=True)
class Served:
    """The feed's address with a user name and a token, and what it should say."""

    site: Site
    root: str
    user: str
    token: str
    program: Program

    @property
    def address(self) -> dict[str, str]:
        """What a program outside gets to know, as its environment."""
        return {"FEED_ROOT": self.root, "FEED_USER": self.user, "FEED_TOKEN": self.token}


@contextmanager
def serving(folder: Path, clock: TestClock) -> Iterator[Served]:
    """The site on a port of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"retailvista.localhost:{listening.getsockname()[1]}"
    path = folder / "test.sqlite3"
    shutil.copy(filled_file(), path)
    engine = create_engine(f"sqlite:///{path}")
    db.tune_engine(engine, clock)
    site = build(folder, clock, engine=engine, RV_BASE_URL=f"http://{base}")
    server = create_server(site.app, sockets=[listening], threads=6)
    thread = threading.Thread(target=server.run)
    thread.start()
    host = f"groenhof.{base}"
    program = make_program(site)
    program.host, program.root = host, f"http://{host}/odata/sales"
    program.headers["Host"] = host
    user, token = make_token(site)
    try:
        yield Served(site, f"{program.root}/", user, token, program)
    finally:
        for _moment in range(100):  # until what was left open is seen to be gone
            if not server.active_channels:
                break
            GONE.wait(0.05)
        server.task_dispatcher.shutdown()
        server.close()
        thread.join(timeout=5)
        engine.dispose()
