"""Finding a written record back in Exact: by its key, or by what we gave it ourselves.

Invariants: a look is good only as 200 with JSON of the pinned division; an empty list counts only
while the user's right to read that list is confirmed, since Exact answers a list that a user may
not read with 200 and no rows. A record is found by `$filter`, never by its address: an absent one
would be a 404, and ten of those an hour block the app.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from retailvista.connectors.exact_online import urls
from retailvista.connectors.exact_online.client import get, read_list
from retailvista.connectors.exact_online.looking import blind
from retailvista.connectors.exact_online.reading import (
    EPOCH,
    WIRE_DATE,
    Row,
    day,
    read_json,
    truth,
    whole,
    words,
)
from retailvista.connectors.exact_online.record_writing import GUID
from retailvista.connectors.port import Look, Session
from retailvista.connectors.records import (
    Entity,
    Found,
    Kind,
    Mark,
    RecordsSession,
    ToFind,
)
from retailvista.connectors.wire import Wire

# Exact shows wall clock of the Netherlands, in every country it serves.
ZONE = ZoneInfo("Europe/Amsterdam")
# What we give a new record ourselves and find it back by. `unique`: Exact refuses a second one
# ("Data already exists"), so that sending again after an absent look cannot make two of them.
CODE = Mark(("Code",), unique=True)
YOUR_REF = Mark(("YourRef",))
ENTRY = Mark(("JournalCode", "EntryNumber"))
MARKS: Mapping[str, tuple[Mark, ...]] = {
    "cashflow/PaymentConditions": (CODE,),
    "crm/Accounts": (Mark(("Code",)), Mark(("Name", "Postcode")), Mark(("Name", "Email"))),
    "crm/BankAccounts": (Mark(("Account", "BankAccount")),),
    "crm/Contacts": (Mark(("Account", "Email")), Mark(("Account", "FirstName", "LastName"))),
    "crm/Quotations": (YOUR_REF,),
    "documents/DocumentAttachments": (Mark(("Document", "FileName")),),
    "documents/Documents": (Mark(("Subject", "Type")),),
    "financial/GLAccounts": (CODE,),
    "financial/Journals": (Mark(("Code",)),),
    "financialtransaction/BankEntries": (ENTRY,),
    "financialtransaction/CashEntries": (ENTRY,),
    "generaljournalentry/GeneralJournalEntries": (ENTRY,),
    "hrm/Costcenters": (CODE,),
    "hrm/Costunits": (CODE,),
    "inventory/Warehouses": (Mark(("Code",)),),
    "logistics/Items": (CODE,),
    "manufacturing/ShopOrders": (YOUR_REF,),
    "project/Projects": (CODE,),
    "purchaseentry/PurchaseEntries": (
        Mark(("Journal", "EntryNumber")), Mark(("Supplier", "YourRef")),
    ),
    "purchaseorder/PurchaseOrders": (Mark(("Supplier", "YourRef")),),
    "salesentry/SalesEntries": (Mark(("Journal", "EntryNumber")), Mark(("Customer", "YourRef"))),
    "salesinvoice/SalesInvoices": (Mark(("OrderedBy", "YourRef")),),
    "salesorder/SalesOrders": (Mark(("OrderedBy", "YourRef")),),
    "vat/VATCodes": (CODE,),
}  # fmt: skip
# Two amounts are the same when they differ by less than what a double adds behind the cents.
CREATED = "Created"
CLOSE = Decimal("0.000001")


def mark_for(entity: Entity, sent: Mapping[str, Any]) -> Mark | None:
    """The first mark of the entity that this record carries in full."""
    for mark in MARKS.get(entity.key, ()):
        if all(_is_given(sent.get(name)) for name in mark.properties):
            return mark
    return None


def find(
    wire: Wire, session: RecordsSession, entity: Entity, shown: Collection[str], wanted: ToFind
) -> Found:
    """The records with these values; `shown` are the properties that the list has."""
    token = Session(session.site, session.division, session.access_token)
    nested = [name for name, value in wanted.sent.items() if isinstance(value, list)]
    found = read_list(wire, token, _url(session, entity, shown, wanted, nested))
    if found.broken is not None:
        return _blind(blind(found.broken))
    strange = [row for row in found.rows if whole(row.get("Division", session.division))
               != session.division]  # fmt: skip
    if strange:
        return Found(good=False, problem="an answer of another division")
    if not found.rows and not _may_read(wire, token, entity):
        return Found(good=False, problem="whether this user may read it could not be found out")
    return Found(good=True, rows=tuple(found.rows))


def differences(entity: Entity, sent: Mapping[str, Any], found: Row) -> list[str]:
    """Names of what was sent and is stored otherwise; what Exact does not show is left out."""
    wrong = []
    for name, value in sent.items():
        if name not in found:
            continue
        if isinstance(value, list):
            equal = _lines_equal(value, found[name])
        else:
            prop = entity.property_named(name)
            equal = _equal(prop.kind if prop else Kind.TEXT, value, found[name])
        if not equal:
            wrong.append(name)
    return wrong


def sent_in(body: bytes) -> dict[str, Any]:
    """The properties of a body; {} when there is none."""
    value = json.loads(body, parse_float=Decimal) if body else {}
    return value if isinstance(value, dict) else {}


def created_at(row: Mapping[str, Any]) -> datetime | None:
    """When Exact made the record; None when it does not tell. In the repeated hour: the first."""
    found = WIRE_DATE.fullmatch(str(row.get(CREATED) or ""))
    if found is None:
        return None
    wall = (EPOCH + timedelta(milliseconds=int(found[1]))).replace(tzinfo=ZONE)
    return wall.astimezone(UTC)


def key_of_row(entity: Entity, row: Mapping[str, Any]) -> str:
    """The key that Exact gave a record."""
    names = [found.name for found in entity.properties if found.is_key] or list(entity.row_key)
    return "|".join(words(row.get(name)) for name in names)


def _url(
    session: RecordsSession,
    entity: Entity,
    shown: Collection[str],
    wanted: ToFind,
    nested: list[str],
) -> str:
    names = [found.name for found in entity.properties if found.is_key]
    others = ("Division", CREATED, *wanted.values, *wanted.sent)
    names += [name for name in others if name in shown]
    condition = " and ".join(_equals(entity, name, value) for name, value in wanted.values.items())
    return urls.of(
        session.site,
        session.division,
        entity.key,
        select=",".join(dict.fromkeys([*names, *nested])),
        expand=",".join(nested),
        filter=condition,
    )


def _equals(entity: Entity, name: str, value: Any) -> str:
    prop = entity.property_named(name)
    kind = prop.kind if prop else Kind.TEXT
    if kind is Kind.GUID and GUID.fullmatch(str(value)):
        return f"{name} eq guid'{value}'"
    if kind in {Kind.WHOLE, Kind.DECIMAL}:
        return f"{name} eq {Decimal(str(value))}"
    if (entity.key, name) == ("crm/Accounts", "Code"):
        # Exact keeps the code of a relation right-aligned in 18 places.
        return f"trim({name}) eq {urls.text(str(value).strip())}"
    return f"{name} eq {urls.text(str(value))}"


def may_read(wire: Wire, session: RecordsSession, entity: Entity) -> bool:
    """Whether Exact confirms the user's right to read a list; False when it does not say."""
    token = Session(session.site, session.division, session.access_token)
    return _may_read(wire, token, entity)


def _may_read(wire: Wire, token: Session, entity: Entity) -> bool:
    reply = get(wire, token, urls.rights(token.site, token.division, _plain(entity.key)))
    answer = (read_json(reply) or {}).get("d") if reply.status == 200 else None
    return isinstance(answer, dict) and answer.get("UserHasRights") is True


def _plain(key: str) -> str:
    """Rights are asked by service and name, whatever the form: Payroll/BankAccounts."""
    return key.removeprefix("sync/").removeprefix("read/")


def _blind(look: Look) -> Found:
    return Found(
        good=False,
        problem=look.problem,
        login_refused=look.login_refused,
        not_before=look.not_before,
    )


def _lines_equal(sent: list[Any], stored: Any) -> bool:
    """Each sent line is among the stored ones, and there are as many of them."""
    rows = stored.get("results") if isinstance(stored, dict) else stored
    if not isinstance(rows, list) or len(rows) != len(sent):
        return False
    left = list(rows)
    for line in sent:
        twin = next((row for row in left if _line_equal(line, row)), None)
        if twin is None:
            return False
        left.remove(twin)
    return True


def _line_equal(line: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """By value: the types of a line's properties are not asked for."""
    return all(
        any(_equal(kind, value, row[name]) for kind in (Kind.TEXT, Kind.DECIMAL, Kind.MOMENT))
        for name, value in line.items()
        if name in row and not isinstance(value, list)
    )


def _equal(kind: Kind, sent: Any, stored: Any) -> bool:
    if sent in (None, "") or stored in (None, ""):
        return words(sent) == words(stored)
    match kind:
        case Kind.WHOLE | Kind.DECIMAL:
            return _numbers_equal((sent, stored))
        case Kind.BOOLEAN:
            return truth(sent) == truth(stored)
        case Kind.MOMENT:
            return day(sent) is not None and day(sent) == day(stored)
        case _:
            return words(sent).casefold() == words(stored).casefold()


def _numbers_equal(values: Iterable[Any]) -> bool:
    try:
        one, other = (Decimal(str(value)) for value in values)
    except ArithmeticError:
        return False
    return abs(one - other) < CLOSE


def _is_given(value: Any) -> bool:
    return value is not None and not isinstance(value, (list, dict)) and str(value).strip() != ""
