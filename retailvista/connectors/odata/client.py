"""Calls to an OData service: headers, reading, and what went wrong as one of our errors.

Invariant: a call goes to the origin of the service only; nothing is repeated here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from retailvista.connectors import json_bodies
from retailvista.connectors.port import Call, Limits, Reply, Sending, TokenRefused, Wire
from retailvista.connectors.records import RecordsSession
from retailvista.errors import Later, Refused
from retailvista.vault import Secret

VERSION = "4.0"
GET_SECONDS = 60.0
WRITE_SECONDS = 130.0
PAUSE = timedelta(minutes=1)
BUSY_PAUSE = timedelta(minutes=5)
SAID_MAX = 2000
PORTS = {"http": 80, "https": 443}


def call(
    wire: Wire,
    session: RecordsSession,
    method: str,
    url: str,
    *,
    accept: str = "application/json",
    body: bytes = b"",
) -> Reply:
    """One call with what opens the service. Refused for an address elsewhere."""
    if not same_origin(session.site, url):
        raise Refused("The service names an address on another host; it is not asked.")
    headers = {"Accept": accept, "OData-Version": VERSION, "OData-MaxVersion": "4.01"}
    if language := session.advanced.get("accept_language"):
        headers["Accept-Language"] = language
    if method == "GET" and (size := session.advanced.get("page_size")):
        headers["Prefer"] = f"odata.maxpagesize={size}"
    if body:
        headers |= {"Content-Type": "application/json", "Prefer": "return=representation"}
    secret = {}
    if session.scheme:
        text = f"{session.scheme} {session.access_token.reveal()}"
        secret = {"Authorization": Secret(text)}
    return wire.send(
        Call(
            method=method,
            url=url,
            headers=headers,
            body=body,
            deadline_seconds=GET_SECONDS if method == "GET" else WRITE_SECONDS,
            secret_headers=secret,
        )
    )


def same_origin(site: str, url: str) -> bool:
    """Whether an address has scheme, host and port of the service, and no user in it.

    >>> same_origin("https://a.example/odata", "https://A.example:443/odata/X?$skip=2")
    True
    >>> same_origin("https://a.example/odata", "https://a.example.evil/odata")
    False
    >>> same_origin("https://a.example/odata", "https://a.example:99999/odata")
    False
    """
    try:
        return _origin(site) == _origin(url) and "@" not in urlsplit(url).netloc
    except ValueError:  # a port beyond all ports, half an IPv6 address
        return False


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or PORTS.get(parts.scheme)


def value_of(reply: Reply) -> Mapping[str, Any]:
    """The object of an answer; empty for a page of a proxy, or for nothing."""
    if "json" not in reply.headers.get("content-type", "").lower():
        return {}
    try:
        value = json_bodies.read(reply.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def said_in(reply: Reply) -> str:
    """The service's own words in the form of the standard (OData JSON 4.01, 21.1)."""
    error = value_of(reply).get("error")
    if not isinstance(error, dict):
        return ""
    return str(error.get("message") or error.get("code") or "")[:SAID_MAX]


def error_of(reply: Reply) -> Later | Refused | TokenRefused:
    """Why a call brought nothing, as an error that says who moves next."""
    assert reply.answered_at is not None, "a wire says when it answered"
    said, status = said_in(reply), reply.status
    if reply.sending is not Sending.ANSWERED:
        until = reply.answered_at + PAUSE
        return Later("The service cannot be reached.", not_before=until, said=reply.problem)
    match status:
        case 401:
            return TokenRefused("The service refused the login.", said=said, http_status=status)
        case 403:
            text = "This login has no access to it."
            return Refused(text, said=said, http_status=status)
        case 429 | 503:
            until = throttled_until(reply) or reply.answered_at + PAUSE
            text = "The limit of calls is reached."
            return Later(text, not_before=until, said=said, http_status=status)
        case _ if 300 <= status < 500 or status == 501:
            text = "The service does not take this request."
            return Refused(text, said=said or f"{status}", http_status=status)
        case _:
            until = reply.answered_at + BUSY_PAUSE
            text = "The service cannot answer now."
            return Later(text, not_before=until, said=said, http_status=status)


def read_limits(_reply: Reply) -> Limits:
    """The standard has no headers for limits."""
    return Limits()


def throttled_until(reply: Reply) -> datetime | None:
    """When a 429 ends (Retry-After: seconds, or a date, RFC 9110); None when it does not say."""
    text = reply.headers.get("retry-after", "").strip()
    if not text or reply.answered_at is None:
        return None
    if text.isdecimal() and len(text) < 7:
        return reply.answered_at + timedelta(seconds=int(text))
    try:
        named = parsedate_to_datetime(text)
    except ValueError:
        return None
    return named if named.tzinfo is not None else None


def endpoint_of(url: str) -> str:
    """The last part of an address without its key: the table.

    >>> endpoint_of("https://x.example/odata/Orders(17)?$top=1")
    'Orders'
    """
    return urlsplit(url).path.rstrip("/").split("/")[-1].split("(")[0]


def hint_for(_said: str, _language: str) -> str:
    """Services of every make: nothing is known of their texts."""
    return ""
