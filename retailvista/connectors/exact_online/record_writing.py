"""Writing one record to Exact Online: its address, its body, and what the answer means.

Invariants: the request is made before it is sent, so that the intent can be committed first; a
request is sent once, within a deadline; a text of Exact never decides whether something was
stored. PUT and DELETE have an address with the key, `crm/Accounts(guid'...')`, and answer 204.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from retailvista.connectors.booking import Outcome
from retailvista.connectors.exact_online.answers import words_of
from retailvista.connectors.exact_online.client import bearer
from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import error_text, read_json, read_single
from retailvista.connectors.exact_online.refusals import is_known, says_in_use
from retailvista.connectors.port import Session
from retailvista.connectors.records import (
    Entity,
    Kind,
    RecordsSession,
    Request,
    ToWrite,
    Written,
)
from retailvista.connectors.wire import Call, Reply, Sending, Wire
from retailvista.errors import Refused

# As for postings: Exact's own limit is far below.
WRITE_SECONDS = 130.0
METHODS = {"create": "POST", "update": "PUT", "delete": "DELETE"}
PLACE = re.compile(r"\{([A-Za-z0-9_]+)\}")
GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
WHOLE = re.compile(r"-?[0-9]{1,19}")


def request_of(session: RecordsSession, entity: Entity, to_write: ToWrite) -> Request:
    """The one request of a record. Refused names what its path lacks, before anything is sent."""
    if to_write.action not in entity.actions:
        raise Refused(f"{entity.key} cannot be written with the action {to_write.action!r}.")
    path = fill(entity.key, to_write.path)
    if to_write.action != "create":
        path += key_of(entity, to_write.path)
    # Beta endpoints have their word before the division.
    beta, path = ("beta/", path[5:]) if path.startswith("beta/") else ("", path)
    url = f"{session.site}/api/v1/{beta}{session.division}/{path}"
    asked = query_of(to_write.query, space_as_plus=to_write.space_as_plus)
    body = b"" if to_write.action == "delete" else to_write.body
    return Request(METHODS[to_write.action], f"{url}?{asked}" if asked else url, body)


def fill(path: str, values: Mapping[str, str]) -> str:
    """The {names} of a path with their values, encoded. Refused names the one that is missing.

    >>> fill("channels/{channelId}/orders", {"channelId": "a b/c"})
    'channels/a%20b%2Fc/orders'
    """

    def value(found: re.Match[str]) -> str:
        given = _given(values, found[1])
        if not given:
            raise Refused(f"The path needs a value for {found[0]}.")
        return quote(given, safe="")

    return PLACE.sub(value, path)


def key_of(entity: Entity, values: Mapping[str, str]) -> str:
    """The key in an address: the value of {id}, or of the key property by its own name."""
    named = next((found for found in entity.properties if found.is_key), None)
    given = _given(values, "id") or (_given(values, named.name) if named else "")
    if not given:
        raise Refused("The path needs a value for {id}: the key of the record.")
    if named is not None and named.kind is Kind.WHOLE:
        if not WHOLE.fullmatch(given):
            raise Refused(f"{given!r} is no number, and {named.name} is one.")
        return f"({given})"
    if named is not None and named.kind is Kind.TEXT:
        doubled = given.replace("'", "''")
        return f"('{quote(doubled, safe='')}')"
    if not GUID.fullmatch(given):
        raise Refused(f"{given!r} is no key of a record: a key looks like {'0' * 8}-0000-...")
    return f"(guid'{given.lower()}')"


def query_of(values: Mapping[str, str], *, space_as_plus: bool = False) -> str:
    """Query parameters as they stand in an address; a space is %20, or + where that is asked for.

    >>> query_of({"type": "true", "start": "0"})
    'type=true&start=0'
    >>> query_of({"$filter": "Name eq 'A & B'"}, space_as_plus=True)
    "$filter=Name+eq+'A+%26+B'"
    """

    def encoded(text: str) -> str:
        done = quote(text, safe="$,/()'")
        return done.replace("%20", "+") if space_as_plus else done

    return "&".join(f"{encoded(name)}={encoded(value)}" for name, value in values.items())


def send(wire: Wire, session: RecordsSession, request: Request) -> Written:
    """Send it once. Never raises for what Exact answers; never an Expect header."""
    headers = {"Accept": "application/json"}
    if request.body:
        headers |= {"Content-Type": "application/json", "Prefer": "return=representation"}
    token = Session(session.site, session.division, session.access_token)
    reply = wire.send(
        Call(
            method=request.method,
            url=request.url,
            headers=headers,
            body=request.body,
            deadline_seconds=WRITE_SECONDS,
            secret_headers={"Authorization": bearer(token)},
        )
    )
    return written_of(request, reply)


def written_of(request: Request, reply: Reply) -> Written:
    """What an answer to a write means, as in the table of answers.py.

    | answer | outcome |
    |---|---|
    | 201 with the row (create), 204 (update, delete) | BOOKED |
    | 404 for a record by its key | REJECTED: there is none |
    | everything that is neither these nor in the table | UNKNOWN |
    """
    if reply.sending is not Sending.ANSWERED:
        not_sent = reply.sending is Sending.NOT_SENT
        outcome = Outcome.NOT_SENT if not_sent else Outcome.UNKNOWN
        return Written(outcome, request, said=reply.problem, reply=reply)
    outcome, record = _outcome(request, reply)
    return Written(
        outcome=outcome,
        request=request,
        status=reply.status,
        record=record,
        said=words_of(reply),
        reply=reply,
        not_before=throttled_until(reply) if outcome is Outcome.THROTTLED else None,
    )


def _outcome(request: Request, reply: Reply) -> tuple[Outcome, Mapping[str, object] | None]:
    creates = request.method == "POST"
    match reply.status:
        case 201 if creates:
            record = read_single(read_json(reply) or {})
            return (Outcome.UNKNOWN if record is None else Outcome.BOOKED), record
        case 204 if not creates:
            return Outcome.BOOKED, None
        case 400:
            return Outcome.REJECTED, None
        case 401:
            return Outcome.TOKEN_REFUSED, None
        case 403:
            return Outcome.STOPPED, None
        case 404:
            return (Outcome.STOPPED if creates else Outcome.REJECTED), None
        case 429:
            return Outcome.THROTTLED, None
        case 500:
            return _refusal(reply), None
        case _:
            return Outcome.UNKNOWN, None


def _refusal(reply: Reply) -> Outcome:
    said = error_text(reply)
    if said is None:
        return Outcome.UNKNOWN
    if says_in_use(said):
        return Outcome.NUMBER_IN_USE
    return Outcome.REFUSED_KNOWN if is_known(said) else Outcome.REFUSED_UNKNOWN


def _given(values: Mapping[str, str], name: str) -> str:
    """A value by its name, whatever its case; '' when there is none."""
    return next((value for key, value in values.items() if key.lower() == name.lower()), "").strip()
