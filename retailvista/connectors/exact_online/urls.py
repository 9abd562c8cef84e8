"""Addresses of Exact's REST API, with their filters. Paths are case-sensitive.

Invariant: every text that goes into a filter is quoted here, and the whole query is encoded.
"""

from __future__ import annotations

from urllib.parse import quote

ENTRIES = "generaljournalentry/GeneralJournalEntries"
LINES = "GeneralJournalEntryLines"
EXPANDED_LINES_MAX = 60
TRANSACTION_LINES = "financialtransaction/TransactionLines"
BULK_TRANSACTION_LINES = "bulk/Financial/TransactionLines"

HEADER_FIELDS = (
    "EntryID",
    "EntryNumber",
    "Division",
    "JournalCode",
    "FinancialYear",
    "FinancialPeriod",
    "Status",
    "Currency",
)
LINE_FIELDS = (
    "ID",
    "LineNumber",
    "GLAccount",
    "GLAccountCode",
    "AmountFC",
    "AmountVATFC",
    "VATCode",
    "VATType",
    "Description",
    "CostCenter",
    "Date",
)
TRANSACTION_FIELDS = (*HEADER_FIELDS, *LINE_FIELDS)


def authorise(site: str) -> str:
    """Where the user logs in and consents."""
    return f"{site}/api/oauth2/auth"


def token(site: str) -> str:
    """Where codes and refresh tokens are exchanged."""
    return f"{site}/api/oauth2/token"


def me(site: str) -> str:
    """Who is logged in; the one address without a division, not counted in the limits."""
    fields = "UserID,FullName,LanguageCode,CurrentDivision"
    return f"{site}/api/v1/current/Me?$select={fields}"


def of(site: str, division: int, path: str, **options: str) -> str:
    """A resource of a division; options are select, filter, expand, orderby, top."""
    assert division > 0, "a division is pinned before it is spoken to"
    query = "&".join(
        f"${name}={quote(value, safe=',/()$')}" for name, value in options.items() if value
    )
    return f"{site}/api/v1/{division}/{path}" + (f"?{query}" if query else "")


def rights(site: str, division: int, endpoint: str) -> str:
    """Whether the user may read a resource; its parameters are no OData options."""
    query = f"endpoint={quote(text(endpoint), safe='')}&action={quote(text('GET'), safe='')}"
    return f"{site}/api/v1/{division}/users/UserHasRights?{query}"


def text(value: str) -> str:
    """A text literal of a filter.

    >>> text("D'Hondt")
    "'D''Hondt'"
    """
    return "'" + value.replace("'", "''") + "'"


def number_range(journal_code: str, low: int, high: int) -> str:
    """Entries of a journal code between two numbers, inclusive."""
    assert low <= high, "a range has its lower end first"
    return f"JournalCode eq {text(journal_code)} and EntryNumber ge {low} and EntryNumber le {high}"


def carries(journal_code: str, posting_key: str) -> str:
    """Lines of a journal code whose description holds the posting key."""
    return f"JournalCode eq {text(journal_code)} and substringof({text(posting_key)},Description)"


def endpoint_of(url: str) -> str:
    """The resource of an address, without division and query: what Exact counts errors by.

    >>> endpoint_of("https://start.exactonline.nl/api/v1/12/vat/VATCodes?$select=Code")
    'vat/VATCodes'
    """
    path = url.split("?", 1)[0].split("/api/", 1)[-1].removeprefix("v1/")
    head, _, rest = path.partition("/")
    return (rest if head.isdigit() else path).split("(", 1)[0]
