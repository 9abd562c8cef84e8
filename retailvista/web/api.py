"""For programs: hand in till files, read journals. Access token in a header, on an alias only.

Cookies are ignored here and a token in an address or a form is not looked at.
"""

from __future__ import annotations

from typing import BinaryIO, cast

from flask import Blueprint, g, jsonify, request
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wrappers import Response

from retailvista.companies import tokens
from retailvista.companies.tokens import Holder
from retailvista.errors import NotAllowed
from retailvista.journals import importing, listing
from retailvista.web import wiring
from retailvista.web.access import TOKEN, allow
from retailvista.web.login import limiter
from retailvista.web.numbers import whole
from retailvista.web.store_days import date_of

screen = Blueprint("api", __name__)
READ, WRITE = "journals:read", "receipts:write"


@screen.post("/api/receipts")
@allow(TOKEN)
@limiter.limit("600 per hour")
def receipts() -> tuple[Response, int]:
    holder = _holder(WRITE)
    if holder.role == "viewer":
        raise NotAllowed("A viewer may not hand in till files.")
    name = request.args.get("name", "")[:200] or "api.xml"
    store = request.args.get("store", "") or None
    stream = cast(BinaryIO, request.stream)
    result = importing.import_till_file(wiring.session(), name, stream, store, holder.email)
    return jsonify(result.to_json()), 200 if result.state == importing.READ else 422


@screen.get("/api/journals")
@allow(TOKEN)
@limiter.limit("3600 per hour")
def journals() -> Response:
    _holder(READ)
    asked = request.args
    which = listing.JournalFilter(
        from_on=date_of(asked.get("from", "")),
        to_on=date_of(asked.get("to", "")),
        store_code=asked.get("store", ""),
        states=tuple(asked.getlist("state")),
        connector_number=asked.get("connector", type=whole),
    )
    with wiring.reading() as session:
        page = listing.list_journals(session, which, asked.get("after", ""))
    return jsonify(journals=[row.to_json() for row in page.rows], after=page.after or None)


def _holder(scope: str) -> Holder:
    """Who the token of the Authorization header speaks for. NotAllowed says no more."""
    if not g.on_alias:
        raise NoSuchPage
    scheme, _space, raw = request.headers.get("Authorization", "").partition(" ")
    holder = None
    if scheme.lower() == "bearer":
        holder = tokens.holder_of(wiring.session(), raw.strip(), scope)
    if holder is None:
        raise NotAllowed("No valid access token with the needed scope was sent.")
    return holder
