"""Where records of Exact Online lead: a header to its lines, and a property to what it names.

Invariant: a reference joins a GUID with the key of its target, so that Exact can resolve it by a
filter. Names follow Exact: lines under the name they have inside of their header, what a
property names under the property's name with Details behind it (`Account`: AccountDetails).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from retailvista.connectors.exact_online.catalogue import Endpoint, catalogue
from retailvista.connectors.records import Entity, Kind
from retailvista.connectors.referring import Reference

# What a GUID property of this name holds, in every entity (Exact's reference pages).
NAMED = {
    "Account": "crm/Accounts",
    "AccountID": "crm/Accounts",
    "Asset": "assets/Assets",
    "AssetGroup": "assets/AssetGroups",
    "Contact": "crm/Contacts",
    "Customer": "crm/Accounts",
    "DeliverTo": "crm/Accounts",
    "Document": "documents/Documents",
    "Employee": "payroll/Employees",
    "GLAccount": "financial/GLAccounts",
    "InvoiceTo": "crm/Accounts",
    "Item": "logistics/Items",
    "ItemGroup": "logistics/ItemGroups",
    "OrderedBy": "crm/Accounts",
    "Project": "project/Projects",
    "Subscription": "subscription/Subscriptions",
    "Supplier": "crm/Accounts",
    "Warehouse": "inventory/Warehouses",
}


@cache
def references(key: str) -> tuple[Reference, ...]:
    """The ways that lead from the records of an entity, each name once."""
    endpoint = catalogue().endpoint(key)
    found: dict[str, Reference] = {}
    taken = {each.name for each in endpoint.entity.properties if each.kind is not Kind.LINES}
    for reference in (*_to_lines(endpoint.entity), *_to_header(endpoint.entity), *_named(endpoint)):
        if reference.name not in taken:
            found.setdefault(reference.name, reference)
    return tuple(found.values())


def _named(endpoint: Endpoint) -> Iterator[Reference]:
    for each in endpoint.entity.properties:
        target = NAMED.get(each.name)
        if each.kind is Kind.GUID and target in catalogue().endpoints:
            key = catalogue().endpoints[target].entity.row_key[0]
            yield Reference(f"{each.name}Details", target, each.name, key)


def _to_lines(header: Entity) -> Iterator[Reference]:
    for each in header.properties:
        lines = _lines_of(header, each.name) if each.kind is Kind.LINES else None
        if lines is not None:
            key = header.row_key[0]
            yield Reference(each.name, lines.key, key, key, many=True)


def _to_header(lines: Entity) -> Iterator[Reference]:
    """InvoiceID of a line leads to its Invoice."""
    for header in _headers(lines.key.rpartition("/")[0]):
        for each in header.properties:
            if each.kind is Kind.LINES and _lines_of(header, each.name) is lines:
                key = header.row_key[0]
                yield Reference(key.removesuffix("ID") or "Header", header.key, key, key)


def _lines_of(header: Entity, name: str) -> Entity | None:
    """The entity of its own that holds the lines of a header, with the header's key in each."""
    found = catalogue().endpoints.get(f"{header.key.rpartition('/')[0]}/{name}")
    if found is None or len(header.row_key) != 1:
        return None
    column = found.entity.property_named(header.row_key[0])
    is_line = column is not None and found.entity.row_key != header.row_key
    return found.entity if is_line else None


@cache
def _headers(service: str) -> tuple[Entity, ...]:
    """The entities of a service that hold lines."""
    return tuple(
        each
        for each in catalogue().entities
        if each.key.rpartition("/")[0] == service
        and any(found.kind is Kind.LINES for found in each.properties)
    )
