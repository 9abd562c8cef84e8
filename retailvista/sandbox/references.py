"""References from one row to another: by Guid, by code, and the names that come with them.

Invariant: a Guid of the same division is kept and its names are filled in; one of another division
is stored as null (or refused, switch `foreign_guid`); one that nobody knows is refused.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox import records, refusals
from retailvista.sandbox.endpoints import Endpoint, catalogue, endpoints
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store

# The parts of a row that others show beside its Guid: AccountCode, DocumentSubject, ...
SHOWN = (
    *("Code", "Name", "Description", "FullName", "Subject", "Number"),
    *("CodeDescription", "ID"),
)
SOURCES = {"Number": ("HID", "Number", "EntryNumber")}


def resolve(
    store: Store, division: int, endpoint: Endpoint, body: dict[str, Any], language: str
) -> list[str]:
    """Check every reference of a body, fill in the names, and say what is wrong."""
    problems: list[str] = []
    for name in list(body):
        entity = catalogue().references.get(name)
        if entity and body[name] is not None and endpoint.props[name].type == "Guid":
            found = records.find(store, entity, division, body[name])
            if found is None and _is_refused(store, division, entity, body[name]):
                label = refusals.label(name, language)
                problems.append(refusals.said("unknown-reference", language, label=label))
            if found is None:
                body[name] = None
            _fill(endpoint, name, found, body)
        elif name in catalogue().codes and body[name]:
            problems += _by_code(store, division, endpoint, name, body, language)
    _describe(endpoint, body)
    return problems


def _is_refused(store: Store, division: int, entity: str, key: str) -> bool:
    """Unknown everywhere, or foreign while the switch says that Exact refuses it."""
    foreign = records.is_elsewhere(store, entity, key)
    return not foreign or store.setting("foreign_guid", division) == "refused"


def _by_code(
    store: Store, division: int, endpoint: Endpoint, name: str, body: dict[str, Any], language: str
) -> list[str]:
    code = str(body[name]).strip()
    found = records.by_value(store, catalogue().codes[name], division, "Code", code)
    if found is None:
        label = refusals.label(name, language)
        return [refusals.said("unknown-reference", language, label=label)]
    body[name] = found.body["Code"]
    if f"{name}Description" in endpoint.props:
        body[f"{name}Description"] = found.body.get("Description")
    return []


def _fill(endpoint: Endpoint, name: str, found: Record | None, body: dict[str, Any]) -> None:
    """AccountCode and AccountName beside Account, as far as the endpoint has them."""
    for part in SHOWN:
        prop = endpoint.props.get(name + part)
        if prop is None or (prop.writable and body.get(prop.name) is not None):
            continue
        if found is None:
            body[prop.name] = None
            continue
        sources = SOURCES.get(part, (part,))
        values = [found.body[source] for source in sources if source in found.body]
        body[prop.name] = values[0] if values else None


def _describe(endpoint: Endpoint, body: dict[str, Any]) -> None:
    """TypeDescription beside Type, from the documented code list."""
    for name, labels in endpoint.enums.items():
        shown = endpoint.props.get(f"{name}Description")
        if shown is not None and name in body and not shown.writable:
            body[shown.name] = labels.get(str(body[name]))


def users_of(store: Store, record: Record, language: str) -> str | None:
    """Who still needs a row that is to be deleted, in the words of the refusal."""
    dutch = language == "nl"
    if record.entity == "crm/Accounts":
        if records.by_value(store, "documents/Documents", record.division, "Account", record.key):
            return "Documenten" if dutch else "Documents"
        column = "Account"
    elif record.entity == "financial/GLAccounts":
        column = "GLAccount"
    else:
        return None
    used = store.row(
        f"SELECT 1 FROM line WHERE Division = ? AND {column} = ? LIMIT 1",  # noqa: S608 - ours
        record.division,
        record.key,
    )
    if used:
        return "Boekingen" if dutch else "Entries"
    return None


def name_of(entity: str, language: str) -> str:
    """What people call a row: Relatie, Grootboekrekening, Artikel."""
    known = {
        "crm/Accounts": "Account",
        "financial/GLAccounts": "GLAccount",
        "logistics/Items": "Item",
        "documents/Documents": "Document",
    }
    return refusals.label(known.get(entity, endpoints()[entity].model), language)
