"""POST of master data: G/L accounts and cost centres.

Invariant: code and description are mandatory and a code is unique in its division.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox import refusals
from retailvista.sandbox.books import Asker
from retailvista.sandbox.chart import GL_TYPES
from retailvista.sandbox.endpoints import Endpoint
from retailvista.sandbox.master import Masters
from retailvista.sandbox.rows import stored_columns
from retailvista.sandbox.store import guid

ACCOUNT_DEFAULTS: dict[str, Any] = {
    "Type": 90,
    "BalanceSide": "D",
    "IsBlocked": 0,
    "UseCostcenter": 0,
    "UseCostunit": 0,
    "Compress": 0,
    "Matching": 0,
}


def add_row(
    masters: Masters, asker: Asker, division: int, endpoint: Endpoint, body: dict[str, Any]
) -> str:
    """Store the row; its key. Refusal 500 when the books refuse."""
    store = masters.store
    _check(masters, asker, division, endpoint, body)
    made = store.wall_ms()
    row = {
        name: value
        for name, value in body.items()
        if name in stored_columns(store, endpoint.table) and name != "ID"
    }
    key = guid(division, endpoint.table, row["Code"].strip().lower())
    if endpoint.table == "gl_account":
        row = _account(row)
    row |= {
        "ID": key,
        "Division": division,
        "Code": row["Code"].strip(),
        "Created": made,
        "Modified": made,
        "Creator": asker.id,
        "CreatorFullName": asker.full_name,
        "Modifier": asker.id,
        "ModifierFullName": asker.full_name,
    }
    with store.transaction():
        store.insert(endpoint.table, row)
        store.version += 1
    return key


def _account(row: dict[str, Any]) -> dict[str, Any]:
    row = ACCOUNT_DEFAULTS | row
    row["TypeDescription"] = GL_TYPES.get(row["Type"], "General")
    row.setdefault("BalanceType", "W" if row["Type"] >= 110 else "B")
    row.setdefault("SearchCode", row["Description"][:18].upper())
    if row.get("VATCode"):
        row["VATCode"] = row["VATCode"].strip()
    return row


def _check(
    masters: Masters, asker: Asker, division: int, endpoint: Endpoint, body: dict[str, Any]
) -> None:
    store, problems = masters.store, []
    code = (body.get("Code") or "").strip()
    if not code:
        problems.append("code-missing")
    elif store.row(
        f"SELECT 1 FROM {endpoint.table} WHERE Division = ? AND Code = ?",  # noqa: S608
        division,
        code,
    ):
        problems.append("exists")
    if not (body.get("Description") or "").strip():
        problems.append("description-missing")
    vat = (body.get("VATCode") or "").strip()
    if endpoint.table == "gl_account" and vat and vat not in masters.of(division).vat:
        problems.append("vat-unknown")
    if problems:
        texts = [refusals.said(key, asker.language) for key in problems]
        known = store.setting("refusals", division) == "known"
        raise refusals.refused(texts, asker.language, known=known)
