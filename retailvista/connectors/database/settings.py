"""How a warehouse is reached: the fields of its connector, checked; one line of text holds them.

Invariants: a secret is not among them. A DuckDB file has a name, never a path: it lies in the
installation's own folder of its company. [variables] may stand in FILLED alone: what says where a
secret goes is never changed from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from retailvista.connectors.database.shapes import DUCKDB, POSTGRESQL, SNOWFLAKE
from retailvista.connectors.field_variables import IN_TEXT, filled
from retailvista.connectors.fields import FieldProblem
from retailvista.errors import Refused

# Where [variables] are filled in when the warehouse is opened.
FILLED = ("file", "database", "schema", "role", "compute")
KINDS = (DUCKDB, POSTGRESQL, SNOWFLAKE)
SSL_MODES = ("require", "verify-full", "prefer", "disable")
FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
SQL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_$]{0,62}")
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,252}[A-Za-z0-9])?")
ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,120}")
DEFAULT_FILE, DEFAULT_SCHEMA = "warehouse", "exact"
POSTGRESQL_PORT = 5432
NAME_TEXT = "A name has letters, digits and _, no digit first."


@dataclass(frozen=True, slots=True)
class WarehouseSettings:
    """What a connector to a warehouse is told. `schema` is where flows load by default."""

    kind: str = DUCKDB
    schema: str = DEFAULT_SCHEMA
    file: str = DEFAULT_FILE
    host: str = ""
    port: int = POSTGRESQL_PORT
    database: str = ""
    user: str = ""
    ssl_mode: str = "require"
    account: str = ""
    role: str = ""
    compute: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From a form or a row; an empty value is the default, an unknown name is left out."""
        known = {field.name for field in fields(cls)}
        given: dict[str, Any] = {
            name: str(value).strip()
            for name, value in values.items()
            if name in known and str(value if value is not None else "").strip()
        }
        port = given.pop("port", "")
        made = cls(**given)
        return made if not port else cls(**(asdict(made) | {"port": _port(port)}))

    @classmethod
    def of_url(cls, url: str) -> Self:
        """From one line: `duckdb:name`, `postgresql://user@host/database?schema=exact`,
        `snowflake://user@account/database?role=LOADER&compute=SMALL`. Refused names what is wrong.
        """
        try:
            parts = urlsplit(url.strip())
            kind = {"postgres": POSTGRESQL}.get(parts.scheme, parts.scheme)
            port = parts.port or POSTGRESQL_PORT
        except ValueError as error:
            raise Refused("The address of the warehouse is not a URL.") from error
        if kind not in KINDS:
            raise Refused(
                "The address of a warehouse begins with duckdb:, postgresql: or snowflake:."
            )
        if parts.password is not None:
            raise Refused("A password does not belong in the address; give it by itself.")
        values: dict[str, Any] = {"kind": kind, **dict(parse_qsl(parts.query))}
        path = unquote(parts.path.strip("/"))
        if kind == DUCKDB:
            return cls.of(values | {"file": path})
        values |= {"database": path, "user": unquote(parts.username or "")}
        place = "host" if kind == POSTGRESQL else "account"
        return cls.of(values | {place: parts.hostname or "", "port": port})

    @property
    def url(self) -> str:
        """All of it in one line, without a secret."""
        if self.kind == DUCKDB:
            return f"duckdb:{self.file}?{urlencode({'schema': self.schema})}"
        who = f"{quote(self.user, safe='')}@" if self.user else ""
        if self.kind == POSTGRESQL:
            more = urlencode({"schema": self.schema, "ssl_mode": self.ssl_mode})
            return f"postgresql://{who}{self.host}:{self.port}/{self.database}?{more}"
        more = urlencode({"schema": self.schema, "role": self.role, "compute": self.compute})
        return f"snowflake://{who}{self.account}/{self.database}?{more}"

    @property
    def place(self) -> str:
        """Where it is, as people name it: the file, or the database and who keeps it."""
        if self.kind == DUCKDB:
            return f"{self.file}.duckdb"
        who = f"{self.host}:{self.port}" if self.kind == POSTGRESQL else self.account
        return f"{who}/{self.database}"

    @property
    def document(self) -> dict[str, Any]:
        """As the connector's row keeps it: what belongs to its kind."""
        return {name: value for name, value in asdict(self).items() if name in self._own()}

    def filled(self, known: Mapping[str, str]) -> Self:
        """With [variables] filled in. Refused names one that is not known, or what does not fit."""
        values = {name: filled(getattr(self, name), known, f"connector.{name}") for name in FILLED}
        made = type(self)(**(asdict(self) | values))
        for problem in made.problems():
            place = f"connector.{problem.field}"
            raise Refused(place + ": " + problem.msgid)
        return made

    def problems(self) -> list[FieldProblem]:
        """Everything that is wrong, in the order of the screen."""
        if self.kind not in KINDS:
            return [FieldProblem("kind", "Choose DuckDB, PostgreSQL or Snowflake.")]
        found = []
        if not SQL_NAME.fullmatch(_without(self.schema)):
            found.append(FieldProblem("schema", NAME_TEXT))
        own = {DUCKDB: self._duckdb, POSTGRESQL: self._postgresql, SNOWFLAKE: self._snowflake}
        return [*found, *own[self.kind]()]

    def _duckdb(self) -> Iterator[FieldProblem]:
        if not FILE.fullmatch(_without(self.file)):
            yield FieldProblem("file", "The file has a name of letters, digits, - and _.")

    def _postgresql(self) -> Iterator[FieldProblem]:
        if not HOST.fullmatch(self.host):
            yield FieldProblem("host", "Enter the host of the database.")
        yield from self._server()
        if self.ssl_mode not in SSL_MODES:
            yield FieldProblem("ssl_mode", "Choose how the connection is encrypted.")

    def _snowflake(self) -> Iterator[FieldProblem]:
        if not ACCOUNT.fullmatch(self.account):
            yield FieldProblem(
                "account", "Enter the account: what stands before snowflakecomputing."
            )
        yield from self._server()
        for name in ("role", "compute"):
            value = getattr(self, name)
            if value and not SQL_NAME.fullmatch(_without(value)):
                yield FieldProblem(name, NAME_TEXT)

    def _server(self) -> Iterator[FieldProblem]:
        if not SQL_NAME.fullmatch(_without(self.database)):
            yield FieldProblem("database", NAME_TEXT)
        if not self.user:
            yield FieldProblem("user", "Enter the user that loads.")
        elif IN_TEXT.search(self.user):
            yield FieldProblem("user", "The user that loads is no [variable]: the secret is his.")

    def _own(self) -> tuple[str, ...]:
        shared = ("kind", "schema")
        if self.kind == DUCKDB:
            return (*shared, "file")
        if self.kind == POSTGRESQL:
            return (*shared, "host", "port", "database", "user", "ssl_mode")
        return (*shared, "account", "database", "user", "role", "compute")


def _without(text: str) -> str:
    """A name whose variables have some value."""
    return IN_TEXT.sub("x", text)


def _port(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 0 < number < 65536:
        raise Refused("The port is a number from 1 to 65535.")
    return number
