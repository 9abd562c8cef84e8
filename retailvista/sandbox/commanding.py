"""What the command line asks of the sandbox: of the one that runs, or of its file.

Invariant: switches, clock and books of a running sandbox change only through its admin API, so that
what it keeps in memory is never stale; a file is filled only while nobody serves it.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
from pathlib import Path
from typing import Any

from retailvista.sandbox import bulk, seed
from retailvista.sandbox.store import Store

WAIT_S = 600
WELCOME = """Sandbox, not Exact Online: {url}
  Your client      takes {url} where it has https://start.exactonline.nl
  Your app         registers at {url}/apps, or by `sandbox app add`
  Log in           {user}, password {password}; more users on the page
  Its books        {path}
  Guide            docs/sandbox.md; stop with Ctrl+C
"""


def welcome(url: str, path: Path) -> str:
    """What a person who starts it needs to know."""
    return WELCOME.format(url=url, path=path, user=seed.USERS[0][0], password=seed.PASSWORD)


class NotDone(Exception):
    """Nobody answers, or the sandbox says no; the text says which and what would help."""


def ask(port: int, call: str, body: dict[str, Any]) -> dict[str, Any]:
    """One call of the admin API of the sandbox at this port."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
    try:
        link.request("POST", f"/sandbox/api/{call}", json.dumps(body))
        reply = link.getresponse()
        status, text = reply.status, reply.read()
    except OSError as error:
        raise NotDone(
            f"No sandbox answers at port {port}; start one with `sandbox serve`, or say --port."
        ) from error
    finally:
        link.close()
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise NotDone(f"What answers at port {port} is no sandbox.") from error
    if status != 200:
        raise NotDone(str(found.get("error", status)))
    return found


def fill(path: Path, division: int, lines: int, dice: int) -> int:
    """So many transaction lines into a file that nobody serves; how many were written."""
    store = Store(path)
    try:
        # A server keeps the file open; writing without a journal needs it alone.
        store.db.execute("PRAGMA busy_timeout = 1000")
        store.db.execute("PRAGMA journal_mode = DELETE")
        seed.seed(store)
        if store.row("SELECT 1 FROM division WHERE Code = ?", division) is None:
            known = ", ".join(str(row[0]) for row in store.rows("SELECT Code FROM division"))
            raise NotDone(f"No division {division}; there are {known}.")
        return bulk.seed_lines(store, division, lines, dice)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise NotDone(f"A sandbox is serving {path}; stop it first.") from error
    finally:
        store.close()


def moment(*, days: int, hours: int, seconds: int, to: str | None) -> dict[str, Any]:
    """How the clock is to move, as the admin API takes it."""
    if to is not None:
        return {"to": to}
    return {"days": days, "hours": hours, "move_seconds": seconds}
