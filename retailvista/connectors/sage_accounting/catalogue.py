"""What flows may read and write of Sage Accounting (API reference v3.1; docs/sage.md).

Journals are created and voided and never changed; a journal that is voided and made anew is the
procedure `journals/reissue`.
"""

from __future__ import annotations

from retailvista.connectors.records import Entity, Kind, Property, Way
from retailvista.errors import Refused

SERVICE = "Sage Accounting"
REFERENCE = "https://developer.sage.com/accounting/reference/"
PAGE_ROWS = 200
ID = Property("id", Kind.TEXT, is_key=True, read_only=True)
SHOWN = Property("displayed_as", Kind.TEXT, read_only=True)
TIMES = (
    Property("created_at", Kind.MOMENT, read_only=True),
    Property("updated_at", Kind.MOMENT, read_only=True),
    Property("deleted_at", Kind.MOMENT, read_only=True),
)


def _entity(
    key: str, name: str, fields: tuple[Property, ...], actions: tuple[str, ...] = ()
) -> Entity:
    return Entity(
        key=key,
        name=name,
        service=SERVICE,
        properties=(ID, SHOWN, *fields, *TIMES),
        row_key=("id",),
        way=Way.FULL,
        actions=frozenset(actions),
        page_size=PAGE_ROWS,
        documentation_url=REFERENCE,
        table=key,
        listed=True,
    )


def _text(name: str, *, must: bool = False, read_only: bool = False) -> Property:
    return Property(name, Kind.TEXT, mandatory=must, read_only=read_only)


JOURNALS = _entity(
    "journals",
    "Journals",
    (
        Property("date", Kind.MOMENT, mandatory=True),
        _text("reference", must=True),
        _text("description"),
        Property("total", Kind.DECIMAL, read_only=True, scale=2),
        Property("journal_lines", Kind.LINES, mandatory=True, loaded=False),
    ),
    ("create", "delete"),
)
LEDGER_ACCOUNTS = _entity(
    "ledger_accounts",
    "Ledger accounts",
    (
        _text("ledger_account_name"),
        _text("display_name"),
        Property("nominal_code", Kind.WHOLE),
        Property("visible_in_journals", Kind.BOOLEAN),
        Property("is_control_account", Kind.BOOLEAN, read_only=True),
    ),
)
TAX_RATES = _entity(
    "tax_rates", "Tax rates", (_text("name"), Property("percentage", Kind.DECIMAL, scale=3))
)
CONTACTS = _entity(
    "contacts",
    "Contacts",
    (
        _text("name", must=True),
        _text("reference"),
        _text("email"),
        _text("telephone"),
        _text("tax_number"),
        _text("notes"),
        Property("contact_type_ids", Kind.LINES, loaded=False),
    ),
    ("create", "update", "delete"),
)
REISSUE = Entity(
    key="journals/reissue",
    name="Void a journal and make it anew",
    service=SERVICE,
    properties=(_text("id", must=True),),
    row_key=(),
    way=Way.FULL,
    actions=frozenset({"execute"}),
    documentation_url=REFERENCE,
)
ENTITIES = (JOURNALS, LEDGER_ACCOUNTS, TAX_RATES, CONTACTS, REISSUE)
# How one is named inside a request.
SENT = {"journals": "journal", "contacts": "contact"}


def entity(key: str) -> Entity:
    """One of them. Refused names it when there is none."""
    for found in ENTITIES:
        if found.key == key:
            return found
    raise Refused(f"Sage Accounting has nothing called {key!r}.")
