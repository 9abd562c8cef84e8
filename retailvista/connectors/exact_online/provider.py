"""What the registry knows of Exact Online: its parts, its sites and its limits."""

from __future__ import annotations

from retailvista.companies.models import LICENCE_EXACT
from retailvista.config import EXACT_SITES
from retailvista.connectors.exact_online.books import ExactBooks
from retailvista.connectors.exact_online.guidance import ADVANCED, GUIDANCE
from retailvista.connectors.exact_online.limits import read_limits, throttled_until
from retailvista.connectors.exact_online.literals import literal
from retailvista.connectors.exact_online.login import ExactLogin
from retailvista.connectors.exact_online.notices import ExactNotices
from retailvista.connectors.exact_online.records import ExactRecords
from retailvista.connectors.exact_online.refusals import hint_for
from retailvista.connectors.exact_online.urls import ENTRIES, endpoint_of
from retailvista.connectors.port import Budget, Provider

# Exact allows 60 a minute and 5,000 a day per app and division, and blocks the key for an hour
# after 10 errors (400, 401, 403, 404) per endpoint and hour: we stay below each.
BUDGET = Budget(
    per_minute=55,
    per_day=4_800,
    errors_per_hour=8,
    counted_errors=frozenset({400, 401, 403, 404}),
    posting_reserve_minute=10,
    posting_reserve_day=500,
)

EXACT_ONLINE = Provider(
    key="exact-online",
    name="Exact Online",
    licence=LICENCE_EXACT,
    sites=EXACT_SITES,
    authorizer=ExactLogin(),
    books=ExactBooks(),
    budget=BUDGET,
    read_limits=read_limits,
    throttled_until=throttled_until,
    posting_endpoint=ENTRIES,
    endpoint_of=endpoint_of,
    hint_for=hint_for,
    records=ExactRecords(),
    literal=literal,
    notices=ExactNotices(),
    guidance=GUIDANCE,
    advanced=ADVANCED,
)
