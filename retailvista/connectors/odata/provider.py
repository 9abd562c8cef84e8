"""What the registry knows of OData services: their parts, and a ceiling of our own."""

from __future__ import annotations

from typing import Any

from retailvista.connectors.guidance import BASIC, FULL, NO_LOGIN, REFRESH, TOKEN
from retailvista.connectors.odata.books import OdataBooks
from retailvista.connectors.odata.client import (
    endpoint_of,
    hint_for,
    read_limits,
    throttled_until,
)
from retailvista.connectors.odata.guidance import ADVANCED, GUIDANCE
from retailvista.connectors.odata.literals import literal
from retailvista.connectors.odata.login import OdataLogin
from retailvista.connectors.odata.metadata import Catalogue
from retailvista.connectors.odata.records import OdataRecords
from retailvista.connectors.port import Budget, Provider
from retailvista.connectors.records import Records

BUDGET = Budget(
    per_minute=120,
    per_day=20_000,
    errors_per_hour=1_000,
    counted_errors=frozenset(),
    posting_reserve_minute=0,
    posting_reserve_day=0,
)
BOOKS = OdataBooks()


def records_for(catalogue: Any) -> Records:
    """The records of a service whose $metadata was read."""
    return OdataRecords(Catalogue.of(catalogue))


ODATA = Provider(
    key="odata",
    name="OData",
    licence="",
    sites=(),
    authorizer=OdataLogin(),
    books=BOOKS,
    budget=BUDGET,
    read_limits=read_limits,
    throttled_until=throttled_until,
    posting_endpoint="",
    endpoint_of=endpoint_of,
    hint_for=hint_for,
    records=OdataRecords(),
    literal=literal,
    catalogue=BOOKS.catalogue,
    records_for=records_for,
    guidance=GUIDANCE,
    modes=(BASIC, NO_LOGIN, FULL, REFRESH, TOKEN),
    advanced=ADVANCED,
    free_site=True,
    keeps_books=False,
)
