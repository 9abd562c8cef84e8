"""Opening the warehouse of a connector: which kind it is, and what must be installed for it.

Invariant: the packages of the extra `warehouse` are imported here and nowhere above, so that an
installation without them says what to install instead of failing to start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import select

from retailvista import db
from retailvista.companies.models import Company
from retailvista.companies.scope import scoped_company_id
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.database.shapes import DUCKDB, POSTGRESQL
from retailvista.connectors.database.warehouse import Warehouse
from retailvista.connectors.field_variables import known_to
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.sealing import client_secret_place
from retailvista.errors import Refused
from retailvista.vault import Secret

PROVIDER = "database"
FOLDER = "warehouses"
NEEDED = {DUCKDB: ("duckdb", "pyarrow"), POSTGRESQL: ("pyarrow",)}
NEEDED_BY_SNOWFLAKE = ("snowflake.connector", "pyarrow")


@dataclass(frozen=True, slots=True)
class WarehouseFacts:
    """A warehouse as its connector describes it, for the company in scope."""

    number: int
    name: str
    company: int
    settings: WarehouseSettings
    folder: Path
    secret: Secret | None = field(default=None, repr=False)

    @property
    def file(self) -> Path:
        """Where a DuckDB warehouse lies."""
        return self.folder / f"{self.settings.file}.duckdb"

    @property
    def parquet(self) -> Path:
        """Where its tables lie as Parquet files, for other programs."""
        return self.folder / f"{self.settings.file}.parquet"


def warehouse_facts(outside: Outside, connector_id: int) -> WarehouseFacts:
    """The warehouse of a connector. Refused when it is none."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = session.scalars(select(Connector).where(Connector.id == connector_id)).one()
            company = session.scalars(
                select(Company.number).where(Company.id == scoped_company_id())
            ).one()
            known = known_to(session, outside.variables, row.number)
    finally:
        session.close()
    if row.provider != PROVIDER or row.draft or row.deleted_at is not None:
        raise Refused(f"Connector {row.number} is no warehouse.")
    place = client_secret_place(row.company_id, row.number)
    sealed = row.client_secret_sealed
    return WarehouseFacts(
        number=row.number,
        name=row.name,
        company=company,
        settings=WarehouseSettings.of(row.settings).filled(known),
        folder=outside.spool.parent / FOLDER / str(company),
        secret=outside.vault.unseal(sealed, place) if sealed else None,
    )


def open_warehouse(outside: Outside, facts: WarehouseFacts) -> Warehouse:
    """A connection to it. Refused says what is missing, Later that it cannot be reached now."""
    check_installed(facts.settings.kind)
    if facts.settings.kind == DUCKDB:
        from retailvista.connectors.database.duck import DuckWarehouse

        return DuckWarehouse(facts.file, outside.clock)
    if facts.settings.kind == POSTGRESQL:
        from retailvista.connectors.database.postgres import PostgresWarehouse

        return PostgresWarehouse(facts.settings, facts.secret, outside)
    from retailvista.connectors.database.snowflake import SnowflakeWarehouse

    return SnowflakeWarehouse(facts.settings, facts.secret, outside.clock)


def check_installed(kind: str) -> None:
    """Refused names the extra to install."""
    missing = [name for name in NEEDED.get(kind, NEEDED_BY_SNOWFLAKE) if not _is_there(name)]
    if missing:
        extra = "warehouse" if kind in NEEDED else "snowflake"
        raise Refused(
            f"Loading a warehouse needs {', '.join(missing)}. Install the extra:"
            f" pip install 'retailvista-journals[{extra}]'."
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False
