"""What the simulation must know of the service it simulates: Exact Online, or Sage Accounting.

Invariant: a run on Sage begins without anything remembered of an earlier one, so that a seed gives
the same run alone and among others.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from retailvista.connectors import registry
from retailvista.connectors.port import Call
from retailvista.connectors.sage_accounting.books import SageBooks
from retailvista.connectors.sage_accounting.businesses import Businesses
from retailvista.connectors.sage_accounting.provider import SAGE_ACCOUNTING
from retailvista.connectors.sage_accounting.reading import number_in
from retailvista.sandbox.answers import Request
from retailvista.sandbox.server import Sandbox

SAGE = "sage"
EVERY_NUMBER = (0, 2**31 - 1)


def service_of(profile: str) -> str:
    """'sage' for the profiles of Sage, '' for those of Exact."""
    return SAGE if profile.startswith(SAGE) else ""


def begin(profile: str) -> None:
    """A provider that remembers nothing yet."""
    if service_of(profile):
        books = SageBooks(Businesses())
        registry.PROVIDERS[SAGE_ACCOUNTING.key] = replace(SAGE_ACCOUNTING, books=books)


def is_books(url: str) -> bool:
    """Whether a call is about the books: logins are another story."""
    return "/api/v1/" in url or "/v3.1/" in url


def number_sent(call: Call) -> int:
    """Our number in a POST."""
    body = json.loads(call.body)
    if "journal" in body:
        return number_in(body["journal"]["reference"])
    return int(body["EntryNumber"])


def numbers_looked_at(call: Call) -> tuple[int, int] | None:
    """The numbers that a GET shows; None when it is no look."""
    split = urlsplit(call.url)
    if split.path == "/v3.1/journals":
        return EVERY_NUMBER
    found = parse_qs(split.query).get("$filter", [""])[0]
    if "EntryNumber ge " not in found:
        return None
    low, high = (int(found.split(f"EntryNumber {word} ")[1].split()[0]) for word in ("ge", "le"))
    return low, high


def entries_per_key(sandbox: Sandbox) -> dict[str, int]:
    """How often each posting key is in the books of either service."""
    rows = sandbox.store.rows(
        "SELECT substr(Description, 1, instr(Description || ' ', ' ') - 1),"
        " count(DISTINCT EntryID) FROM line WHERE Description LIKE 'RV:%' GROUP BY 1"
    )
    found = Counter({str(key): int(count) for key, count in rows})
    journals = sandbox.store.rows(
        "SELECT body ->> 'description', count(*) FROM sage_record"
        " WHERE resource = 'journals' AND deleted IS NULL GROUP BY 1"
    )
    return dict(found + Counter({str(key): int(count) for key, count in journals}))


def settle(sandbox: Sandbox, request: Request) -> None:
    """Who asks is settled when the request was sent, as with a server that is only slow."""
    if request.path.startswith("/v3.1/"):
        sandbox.sage.settle(request)
        return
    found = sandbox.api.tokens.asker(request.bearer() or "")
    if found and found[1]:
        request.asker = found[0]
