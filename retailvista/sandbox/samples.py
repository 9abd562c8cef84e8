"""A few rows for every other endpoint, so that each answers with something to look at.

A garden centre's articles, relations and stores are named; the rest is made up from the property
types. Invariant: the same division gives the same rows, and a Guid that refers to another endpoint
refers to a row that is there.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

from retailvista.sandbox import records, times
from retailvista.sandbox.endpoints import Endpoint, Prop, catalogue, endpoints
from retailvista.sandbox.flat import write_flat
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store, guid

ROWS = 3
ARTICLES = ("Hortensia 'Annabelle' 23 cm", "Potgrond 40 liter", "Terracotta pot 30 cm")
RELATIONS = ("Kwekerij De Lentehof", "Hoveniersbedrijf Groenrijk", "Bloembinderij Margriet")
# What the books write is not made up here; nor what stands in a list of its own.
WRITTEN = (
    *("financial/GLAccounts", "financial/Journals", "financial/FinancialPeriods"),
    *("financial/ExchangeRates", "vat/VATCodes", "vat/VatPercentages", "hrm/Costcenters"),
    *("hrm/Costunits", "general/Currencies", "cashflow/PaymentConditions", "crm/BankAccounts"),
    *("salesentry/SalesEntryLines", "purchaseentry/PurchaseEntryLines"),
    *("financialtransaction/BankEntryLines", "financialtransaction/CashEntryLines"),
    *("webhooks/WebhookSubscriptions", "documents/DocumentAttachments"),
    *("financial/GLAccountClassificationMappings",),
)
FLAT_HEADERS = ("salesinvoice/SalesInvoices", "purchaseorder/PurchaseOrders")
STAMPS = ("Created", "Modified", "Division", "Timestamp", "CustomField")
DAY = times.date_ms(date(2026, 1, 5))
TEXTS = {
    "Country": "NL",
    "Currency": "EUR",
    "Language": "NL",
    "Status": "C",
    "Email": "info@lentehof.example",
    "City": "Boskoop",
    "Postcode": "2771 AB",
    "VATCode": "2",
    "Unit": "pc",
    "UnitCode": "pc",
}


def add_samples(store: Store, division: int) -> None:
    """Three rows for each endpoint that has no rows of its own making."""
    made = [
        Record(row.entity, row.division, row.key, dict(row.body), row.parent)
        for row in _samples(division)
    ]
    records.add(store, *made)
    for record in made:
        if record.entity in FLAT_HEADERS:
            write_flat(store, record)


@cache
def _samples(division: int) -> list[Record]:
    """They are the same for every file, so they are made once."""
    return [
        sample(endpoints()[entity], division, place)
        for entity in sample_entities()
        for place in range(ROWS)
    ]


def sample_entities() -> list[str]:
    """Every kind of row in the generic store but those that are written elsewhere."""
    found: dict[str, None] = {}
    for endpoint in endpoints().values():
        if endpoint.table == "record" and not endpoint.flat:
            found |= dict.fromkeys(endpoint.entities)
    return [entity for entity in found if entity not in WRITTEN]


def sample(endpoint: Endpoint, division: int, place: int) -> Record:
    """The row of a place: 0, 1, 2, ..."""
    body: dict[str, Any] = {}
    for prop in endpoint.props.values():
        if prop.name in STAMPS or prop.child is not None or "K" in prop.flags:
            continue
        value = _value(endpoint, prop, division, place)
        if value is not None:
            body[prop.name] = value
    parent = str(body.get(endpoint.parent)) if endpoint.parent else None
    key = sample_key(endpoint.path, division, place)
    if endpoint.props[endpoint.key[0]].type == "Int32":
        key = str(10 * (place + 1))
    return Record(endpoint.path, division, key, body, parent)


def sample_key(path: str, division: int, place: int) -> str:
    """The key of a sample."""
    return guid(division, "sample", path, place)


def _value(endpoint: Endpoint, prop: Prop, division: int, place: int) -> Any:
    name, number = prop.name, place + 1
    if prop.type == "Guid":
        return _reference(endpoint, name, division, place)
    if prop.type == "String":
        return _text(endpoint, name, number)
    enum = endpoint.enums.get(name)
    if enum and prop.type in ("Byte", "Int16", "Int32"):
        return int(list(enum)[place % len(enum)])
    numbers = {
        "DateTime": DAY + place * 86_400_000,
        "Double": round(1.25 * number, 2),
        "Boolean": place % 2,
        "Byte": place % 2,
        "Int16": number,
        "Int32": number,
        "Int64": number,
    }
    return numbers.get(prop.type)


def _reference(endpoint: Endpoint, name: str, division: int, place: int) -> str | None:
    if name == endpoint.parent:
        return _parent(endpoint, division, place)
    target = catalogue().references.get(name)
    if target == "financial/GLAccounts":
        return guid(division, "gl", "8000")
    if target is None or target == endpoint.path or target in WRITTEN:
        return None
    return sample_key(target, division, place)


def _parent(endpoint: Endpoint, division: int, place: int) -> str | None:
    """The key of the header whose line this is."""
    service = endpoint.path.rpartition("/")[0]
    for header in endpoints().values():
        nested = {prop.child for prop in header.props.values() if prop.child}
        if header.path.startswith(service) and endpoint.name in nested and header.kind == "regular":
            return sample_key(header.path, division, place)
    return None


def _text(endpoint: Endpoint, name: str, number: int) -> str | None:
    if endpoint.path == "crm/Accounts" and name == "Code":
        return f"{number:>18}"
    if name == "Status" and endpoint.path != "crm/Accounts":
        return None
    if name in ("Description", "ItemDescription") and "Item" in endpoint.path:
        return ARTICLES[(number - 1) % len(ARTICLES)]
    if name.endswith("Name") and ("Account" in endpoint.path or "Account" in name):
        return RELATIONS[(number - 1) % len(RELATIONS)]
    if name.endswith("Code") and name not in TEXTS:
        return f"{number:03d}"
    if name in ("Description", "Name", "Subject", "FullName", "Notes"):
        return f"{endpoint.name} {number}"
    return TEXTS.get(name)
