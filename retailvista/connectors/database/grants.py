"""What the administrator of a warehouse must allow, as SQL that is ready to copy and run.

Invariant: names are quoted; the script grants what loading one schema needs and no more.
"""

from __future__ import annotations

from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import DUCKDB, POSTGRESQL, quoted
from retailvista.connectors.database.warehouse import Missing


def grant_script(settings: WarehouseSettings, schema: str) -> str:
    """The whole script for a new user of a warehouse; '' for a file of our own."""
    if settings.kind == DUCKDB:
        return ""
    if settings.kind == POSTGRESQL:
        return _postgresql(settings, schema)
    return _snowflake(settings, schema)


def missing_grants(
    settings: WarehouseSettings, schema: str, lacks: set[tuple[str, str]]
) -> list[Missing]:
    """A grant for each (privilege, 'database' or 'schema') that is lacking."""
    who = settings.user if settings.kind == POSTGRESQL else settings.role or settings.user
    found = []
    for privilege, on in sorted(lacks):
        name = quoted(settings.database) if on == "database" else _schema(settings, schema)
        role = f"ROLE {quoted(who)}" if settings.kind != POSTGRESQL else quoted(who)
        statement = f"GRANT {privilege} ON {on.upper()} {name} TO {role};"
        found.append(Missing(privilege, f"{on} {name}", statement))
    return found


def _schema(settings: WarehouseSettings, schema: str) -> str:
    if settings.kind == POSTGRESQL:
        return quoted(schema)
    return quoted(settings.database, schema)


def _postgresql(settings: WarehouseSettings, schema: str) -> str:
    user, database = quoted(settings.user), quoted(settings.database)
    name = settings.user.replace("'", "''")
    return "\n".join(
        [
            "-- PostgreSQL: run as the owner of the database.",
            f"-- CREATE ROLE {user} LOGIN PASSWORD '...';  -- when it does not exist yet",
            f"GRANT CONNECT, CREATE ON DATABASE {database} TO {user};",
            "DO $$ BEGIN",
            f"  IF EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = '{schema}') THEN",
            f"    EXECUTE 'GRANT USAGE, CREATE ON SCHEMA {quoted(schema)} TO {quoted(name)}';",
            "  END IF;",
            "END $$;",
            "",
        ]
    )


def _snowflake(settings: WarehouseSettings, schema: str) -> str:
    role = quoted(settings.role or "RETAILVISTA_LOADER")
    user, database = quoted(settings.user), quoted(settings.database)
    place = quoted(settings.database, schema)
    lines = [
        "-- Snowflake: run as ACCOUNTADMIN.",
        f"CREATE ROLE IF NOT EXISTS {role};",
        f"CREATE USER IF NOT EXISTS {user} TYPE = SERVICE DEFAULT_ROLE = {role};",
        f"-- ALTER USER {user} SET RSA_PUBLIC_KEY = '...';  -- the key that belongs to the secret",
        f"GRANT ROLE {role} TO USER {user};",
        f"CREATE DATABASE IF NOT EXISTS {database};",
        f"GRANT USAGE, CREATE SCHEMA ON DATABASE {database} TO ROLE {role};",
        f"CREATE SCHEMA IF NOT EXISTS {place};",
        f"GRANT USAGE, CREATE TABLE ON SCHEMA {place} TO ROLE {role};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {place} TO ROLE {role};",
    ]
    if settings.compute:
        lines.append(f"GRANT USAGE ON WAREHOUSE {quoted(settings.compute)} TO ROLE {role};")
    return "\n".join([*lines, ""])
