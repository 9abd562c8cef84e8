"""`current/Me`: who the token belongs to. It carries no rate headers.

Invariant: CurrentDivision is the user's own choice and may lie outside the consent, as at Exact.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox.answers import Request
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.endpoints import endpoints
from retailvista.sandbox.store import Store
from retailvista.sandbox.times import ZONE

LANGUAGES = {"nl": ("NL", "nl-NL"), "en": ("EN", "en-GB")}


def me_row(store: Store, asker: Asker, request: Request) -> dict[str, Any]:
    """The one row of Me."""
    endpoint = endpoints()["current/Me"]
    found = store.row("SELECT divisions FROM user WHERE name = ?", asker.name)
    divisions = found[0].split() if found else []
    local = store.now().astimezone(ZONE)
    offset = local.utcoffset()
    assert offset is not None
    language, language_code = LANGUAGES[asker.language]
    first, _, last = asker.full_name.partition(" ")
    values: dict[str, Any] = {
        "UserID": asker.id,
        "AccountingDivision": None,
        "CurrentDivision": int(divisions[0]) if divisions else None,
        "DivisionCustomerCode": f"{divisions[0]:>18}" if divisions else None,
        "Email": asker.name,
        "FirstName": first,
        "LastName": last,
        "FullName": asker.full_name,
        "UserName": asker.name,
        "Language": language,
        "LanguageCode": language_code,
        "Legislation": "1",
        "PackageCode": "SANDBOX",
        "ServerTime": local.strftime("%Y-%m-%dT%H:%M:%S"),
        "ServerUtcOffset": int(offset.total_seconds()),
    }
    select = [part for part in request.query.get("$select", "").split(",") if part]
    uri = f"{request.base}/api/v1/current/Me(guid'{asker.id}')"
    row: dict[str, Any] = {"__metadata": {"uri": uri, "type": endpoint.type_name}}
    for name in endpoint.props:
        if not select or name in select or "*" in select:
            row[name] = values.get(name)
    return row
