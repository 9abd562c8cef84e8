"""Requests, answers and refusals: the small values that travel through the sandbox.

Invariant: a body is bytes and the Content-Length is made from it, never by hand.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

JSON_TYPE = "application/json;charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"


@dataclass(slots=True)
class Request:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    # Filled in on the way for the call log; never a secret.
    client_id: str | None = None
    division: int | None = None
    counted: bool = False
    busy: bool = False
    # Who asks, when that was settled on arrival (a request that is carried out late).
    asker: Any = None
    # The query once it was read: (target, options).
    read: tuple[str, dict[str, str]] | None = field(default=None, repr=False, compare=False)

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(self.target.split("?", 1)[0])

    @property
    def query(self) -> dict[str, str]:
        """The query, decoded; a plus is a blank."""
        if self.read is None or self.read[0] != self.target:
            _, _, text = self.target.partition("?")
            self.read = (self.target, dict(parse_qsl(text, keep_blank_values=True)))
        return self.read[1]

    @property
    def base(self) -> str:
        """Scheme, host and port as the client wrote them."""
        scheme = self.headers.get("x-forwarded-proto", "http")
        return f"{scheme}://{self.headers.get('host', '127.0.0.1')}"

    @property
    def wants_json(self) -> bool:
        """Exact's default is Atom XML; JSON must be asked for."""
        asked = self.headers.get("accept", "")
        return "json" in asked or self.query.get("$format") == "json"

    def form(self) -> dict[str, str]:
        """The fields of a form; a field sent twice keeps the last value."""
        return dict(self.form_items())

    def form_items(self) -> list[tuple[str, str]]:
        """Every field of a form in order."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    def basic(self) -> tuple[str, str] | None:
        """User name and password of HTTP Basic authentication."""
        kind, _, text = self.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return unquote(name), unquote(secret)

    def bearer(self) -> str | None:
        """The access token."""
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip() else None


@dataclass(slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)

    def head(self) -> bytes:
        """Status line and headers."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Status"
        lines = [f"HTTP/1.1 {self.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.status != 204:
            lines.append(f"Content-Length: {len(self.body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


class Refusal(Exception):
    """The request ends here, with this status and text (Exact's error body)."""

    def __init__(self, status: int, text: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = list((headers or {}).items())


def as_json(status: int, value: Any, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A JSON answer with the slashes of dates escaped, as Exact's service writes them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace('"/Date(', '"\\/Date(').replace(')/"', ')\\/"')
    return Answer(status, text.encode(), [("Content-Type", JSON_TYPE), *(headers or [])])


def as_text(status: int, text: str, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A JSON text that is ready."""
    # A text may hold half a surrogate pair that a client sent: it goes back as a question mark.
    body = text.encode("utf-8", "replace")
    return Answer(status, body, [("Content-Type", JSON_TYPE), *(headers or [])])


def as_html(status: int, page: str, headers: list[tuple[str, str]] | None = None) -> Answer:
    """A page for people."""
    return Answer(status, page.encode(), [("Content-Type", HTML_TYPE), *(headers or [])])


def as_refusal(refusal: Refusal, *, json_wanted: bool) -> Answer:
    """Exact's error body; code and lang are always empty."""
    if not refusal.text:
        return Answer(refusal.status, b"", refusal.headers)
    if any(name == "Content-Type" for name, _ in refusal.headers):
        return Answer(refusal.status, refusal.text.encode(), refusal.headers)
    if json_wanted:
        message = {"lang": "", "value": refusal.text}
        return as_json(refusal.status, {"error": {"code": "", "message": message}}, refusal.headers)
    page = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<error xmlns="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f'<code></code><message xml:lang="">{escape(refusal.text)}</message></error>'
    )
    kind = ("Content-Type", "application/xml;charset=utf-8")
    return Answer(refusal.status, page.encode(), [kind, *refusal.headers])
