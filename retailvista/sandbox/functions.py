"""The two functions among the endpoints: UserHasRights and SyncTimestamp.

Invariant: a function needs its parameters in the query string; without them it is refused with 400.
"""

from __future__ import annotations

import base64

from retailvista.sandbox import records, times
from retailvista.sandbox.answers import Answer, Refusal, Request, as_json
from retailvista.sandbox.endpoints import Endpoint, catalogue, endpoints
from retailvista.sandbox.query import parse_literals
from retailvista.sandbox.rows import shaped
from retailvista.sandbox.store import Store

MISSING = "Bad Request - Error in query syntax."


def answer(store: Store, request: Request, endpoint: Endpoint, *, has_rights: bool) -> Answer:
    """The answer of a function."""
    if endpoint.name == "UserHasRights":
        return as_json(200, {"d": {"UserHasRights": has_rights}}, [("DataServiceVersion", "2.0;")])
    return _sync_timestamp(store, request, endpoint)


def attachment(store: Store, division: int, key: str) -> Answer:
    """The raw bytes of an attachment."""
    found = records.find(store, "documents/DocumentAttachments", division, key)
    if found is None:
        raise Refusal(404, "Resource not found for the segment 'SysAttachment'.")
    name = str(found.body.get("FileName", "")).replace('"', "")
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("Content-Disposition", f'attachment; filename="{name}"'),
    ]
    return Answer(200, base64.b64decode(found.body.get("content", "")), headers)


def _sync_timestamp(store: Store, request: Request, endpoint: Endpoint) -> Answer:
    """The rowversion after which everything was changed at or after a moment."""
    names = {name.lower(): value for name, value in request.query.items()}
    known = catalogue().sync_timestamp
    moments = parse_literals(names.get("modified", ""))
    wanted = parse_literals(names.get("endpoint", ""))
    if not moments or not isinstance(moments[0], int) or not wanted:
        raise Refusal(400, MISSING)
    path = {name.lower(): path for name, path in known.items()}.get(str(wanted[0]).lower())
    if path is None:
        raise Refusal(400, f"The endpoint '{wanted[0]}' is not supported.")
    stamp = _stamp_before(store, endpoints()[path], request.division or 0, moments[0])
    row = {
        "__metadata": {
            "uri": f"{request.base}/api/v1/{request.division}/{endpoint.path}",
            "type": endpoint.type_name,
        },
        "Modified": f"/Date({times.parsed_ms(times.literal(moments[0]))})/",
        "API": str(wanted[0]),
        "TimeStampAsBigInt": str(stamp),
    }
    return shaped(request, {"d": {"results": [row]}})


def _stamp_before(store: Store, feed: Endpoint, division: int, moment: int) -> int:
    where = f"Division = ? AND {feed.where or '1'} AND Modified"
    later = store.row(
        f"SELECT min(Timestamp) FROM {feed.table} WHERE {where} >= ?",  # noqa: S608 - ours
        *(division, moment),
    )
    if later and later[0] is not None:
        return int(later[0]) - 1
    last = store.row(
        f"SELECT max(Timestamp) FROM {feed.table} WHERE {where} < ?",  # noqa: S608 - ours
        *(division, moment),
    )
    return int(last[0] or 0) if last else 0
