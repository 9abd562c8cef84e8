"""What the registry knows of Sage Accounting: its parts, its sites and our ceiling."""

from __future__ import annotations

from retailvista.companies.models import LICENCE_SAGE
from retailvista.connectors.port import Budget, Provider
from retailvista.connectors.sage_accounting.books import SageBooks
from retailvista.connectors.sage_accounting.businesses import Businesses
from retailvista.connectors.sage_accounting.guidance import ADVANCED, GUIDANCE
from retailvista.connectors.sage_accounting.limits import read_limits, throttled_until
from retailvista.connectors.sage_accounting.login import SageLogin
from retailvista.connectors.sage_accounting.records import SageRecords
from retailvista.connectors.sage_accounting.refusals import hint_for
from retailvista.connectors.sage_accounting.urls import JOURNALS, SITE, TOKEN_SITE, endpoint_of

# Sources disagree on Sage's limits (100 or 200 a minute, 2,500 a day): we stay below the lowest.
BUDGET = Budget(
    per_minute=60,
    per_day=2_400,
    errors_per_hour=1_000,
    counted_errors=frozenset(),
    posting_reserve_minute=10,
    posting_reserve_day=400,
)

BUSINESSES = Businesses()

SAGE_ACCOUNTING = Provider(
    key="sage-accounting",
    name="Sage Accounting",
    licence=LICENCE_SAGE,
    sites=(SITE,),
    authorizer=SageLogin(),
    books=SageBooks(BUSINESSES),
    records=SageRecords(BUSINESSES),
    budget=BUDGET,
    read_limits=read_limits,
    throttled_until=throttled_until,
    posting_endpoint=JOURNALS,
    endpoint_of=endpoint_of,
    hint_for=hint_for,
    further_hosts=(TOKEN_SITE,),
    vat_modes=("own",),
    guidance=GUIDANCE,
    advanced=ADVANCED,
)
