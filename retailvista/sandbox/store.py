"""The sandbox's file: one SQLite database, one writer at a time, and its own time.

Invariant: a change is visible only when it is committed, and survives a restart. All access goes
through one connection under one lock; another process may register apps in the same file.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL

from retailvista.clock import Clock, SystemClock
from retailvista.sandbox import times
from retailvista.sandbox.entropy import Entropy
from retailvista.sandbox.settings import DEFAULTS, OF_APPS, WrongSetting, checked

SPACE = NAMESPACE_URL.bytes
HERE = Path(__file__).parent
SCHEMAS = tuple(HERE / name for name in ("schema.sql", "apps.sql", "sage/sage.sql"))

FORMER = (
    *("gl_account", "journal", "vat_code", "vat_percentage", "cost_center", "currency", "period"),
    *("division", "entry", "line", "deleted", "closed", "journal_status", "reporting_balance"),
)


def hashed(secret: str) -> str:
    """What is kept of a secret or token."""
    return hashlib.sha256(secret.encode()).hexdigest()


def guid(*parts: object) -> str:
    """The same Guid for the same parts (a version 5 UUID), so that a run can be repeated."""
    name = "/".join(["retailvista-sandbox", *map(str, parts)])
    text = hashlib.sha1(SPACE + name.encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{variant}{text[17:20]}-{text[20:32]}"


class Store:
    """The open file."""

    def __init__(self, path: str | Path, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.lock = threading.RLock()
        self.path = str(path)
        self.db = sqlite3.connect(
            self.path, check_same_thread=False, isolation_level=None, cached_statements=512
        )
        self.db.execute("PRAGMA busy_timeout = 30000")
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = NORMAL")
        self.db.execute("PRAGMA cache_size = -64000")
        # Random Guids touch many pages; a checkpoint now and then is enough.
        self.db.execute("PRAGMA wal_autocheckpoint = 16000")
        self.make_tables()
        self._depth = 0
        self._settings: dict[tuple[str, int], str | int | bool] = {}
        self._of_apps: dict[tuple[str, str], str | int | bool] = {}
        self.entropy = Entropy()
        # Raised whenever master data change, so that whoever caches them reads again.
        self.version = 0
        self._load_settings()
        if self.row("SELECT 1 FROM line LIMIT 1"):
            self.analyze()

    def make_tables(self) -> None:
        """Tables, views and indexes that are not there yet."""
        old = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'gl_account'"
        if self.db.execute(old).fetchone():
            # A file from before the generic store: its books begin anew, apps and logins stay.
            found = self.db.execute("SELECT type, name FROM sqlite_master").fetchall()
            for kind, name in found:
                if name in FORMER:
                    self.db.execute(f"DROP {kind} {name}")
        for schema in SCHEMAS:
            self.db.executescript(schema.read_text(encoding="utf-8"))

    def analyze(self) -> None:
        """Tell the query planner how the rows lie; a glance at each index, some milliseconds."""
        with self.lock:
            self.db.execute("PRAGMA analysis_limit = 400")
            self.db.execute("ANALYZE")

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing; nested calls join the outer one."""
        with self.lock:
            if self._depth:
                yield self.db
                return
            self.db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self.db
            except BaseException:
                self.db.execute("ROLLBACK")
                raise
            else:
                self.db.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """Every row of a query."""
        with self.lock:
            return self.db.execute(sql, args).fetchall()

    def row(self, sql: str, *args: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.lock:
            found: tuple[Any, ...] | None = self.db.execute(sql, args).fetchone()
            return found

    def insert(self, table: str, values: dict[str, Any]) -> None:
        """One row by its column names (which are ours, never a client's)."""
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        with self.transaction() as db:
            db.execute(
                # Names of tables and columns are ours; every value is bound.
                f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608
                list(values.values()),
            )

    def next_number(self, name: str, count: int, start: int = 1) -> int:
        """Reserve numbers that are never given twice, inside a transaction; the first of them."""
        assert self._depth, "numbers are given inside a transaction"
        row = self.db.execute(
            "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE "
            "SET next = next + ? RETURNING next",
            (name, start + count, count),
        ).fetchone()
        return int(row[0]) - count

    # Settings and time

    def setting(self, name: str, division: int = 0, client_id: str | None = None) -> Any:
        """The app's value, else the division's, else the server's, else the default."""
        found = self._of_apps.get((name, client_id)) if client_id and self._of_apps else None
        if found is None:
            found = self._settings.get((name, division))
        if found is None and division:
            found = self._settings.get((name, 0))
        return DEFAULTS[name] if found is None else found

    def set(self, name: str, value: Any, division: int = 0) -> None:
        """Switch; WrongSetting when it does not fit."""
        good = checked(name, value)
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO setting VALUES (?,?,?)", (name, division, str(good)))
            self._settings[name, division] = good

    def set_of_app(self, client_id: str, name: str, value: Any) -> None:
        """Switch for one app; WrongSetting when that does not exist."""
        good = checked(name, value)
        if name not in OF_APPS:
            raise WrongSetting(f"For one app: {', '.join(OF_APPS)}.")
        with self.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO app_setting VALUES (?,?,?)", (client_id, name, str(good))
            )
            self._of_apps[name, client_id] = good

    def settings(self) -> dict[str, Any]:
        """What is switched away from its default, by name, name@division or name@app."""
        return {
            f"{name}@{whose}" if whose else name: value
            for found in (self._settings, self._of_apps)
            for (name, whose), value in sorted(found.items())
        }

    def forget_settings(self) -> None:
        """Back to the defaults; the clock stays where it is."""
        with self.transaction() as db:
            db.execute("DELETE FROM setting WHERE name <> 'clock_offset_s'")
            db.execute("DELETE FROM app_setting")
            self._load_settings()

    def now(self) -> datetime:
        """The sandbox's time."""
        return self.clock.now() + timedelta(seconds=self.setting("clock_offset_s"))

    def now_s(self) -> float:
        """The sandbox's time in seconds since 1970."""
        return self.now().timestamp()

    def wall_ms(self) -> int:
        """The sandbox's time as Exact writes it."""
        return times.wall_ms(self.now())

    def move_clock(self, seconds: int) -> None:
        """Everything that follows happens so much later (or earlier)."""
        self.set("clock_offset_s", self.setting("clock_offset_s") + seconds)

    def _load_settings(self) -> None:
        rows = self.rows("SELECT name, division, value FROM setting")
        self._settings = {
            (name, division): checked(name, value)
            for name, division, value in rows
            if name in DEFAULTS
        }
        self._of_apps = {
            (name, client_id): checked(name, value)
            for name, client_id, value in self.rows(
                "SELECT name, client_id, value FROM app_setting"
            )
            if name in OF_APPS
        }

    # Apps

    def add_app(self, client_id: str, client_secret: str, redirect_uri: str) -> None:
        """Register an app, or a further redirect address for it; a new secret replaces the old."""
        with self.transaction() as db:
            found = self.row("SELECT redirect_uris FROM app WHERE client_id = ?", client_id)
            uris = found[0].split("\n") if found else []
            if redirect_uri not in uris:
                uris.append(redirect_uri)
            db.execute(
                "INSERT OR REPLACE INTO app VALUES (?,?,?)",
                (client_id, hashed(client_secret), "\n".join(uris)),
            )


def add_app(path: str | Path, client_id: str, client_secret: str, redirect_uri: str) -> None:
    """Register an app in the file of a sandbox that may be running."""
    store = Store(path)
    try:
        store.add_app(client_id, client_secret, redirect_uri)
    finally:
        store.close()
