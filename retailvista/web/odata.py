"""/odata/<feed>/: the feeds, for programs. An access token in a header, on an alias only.

Cookies are ignored and a token in an address is not looked at. Basic: the user name that stands
top right on every screen, and the token as password; or Bearer. Whoever guesses is slowed down
by his address; whoever reads, by his token. A company reads in so many places at once, so that
the screens of everybody else stay quick.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from flask import Blueprint, g, request
from flask_limiter.util import get_remote_address
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from retailvista.companies import addresses, tokens
from retailvista.companies.tokens import Holder
from retailvista.errors import NotFound
from retailvista.feed import answering, offering
from retailvista.feed.answering import Asked, Offered
from retailvista.feed.feeds import Reader
from retailvista.turns import while_giving_way
from retailvista.web import courtesy, odata_answers, wiring
from retailvista.web.access import TOKEN, allow
from retailvista.web.login import limiter

screen = Blueprint("odata", __name__)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
HEADERS = ("Accept", "OData-MaxVersion", "OData-Version", "Prefer", "OData-Isolation", "Isolation")
SCOPE = "feed:read"
REFUSED_A_MINUTE = 60
PLACES = 4
# Of all companies together: fewer than the threads of the server, so that every page has one.
PLACES_IN_ALL = 6
BUSY_SECONDS = 5


class Places:
    """How many answers a company's programs read at this moment."""

    def __init__(self) -> None:
        self._taken: Counter[int] = Counter()
        self._lock = threading.Lock()

    def take(self, company_id: int) -> bool:
        with self._lock:
            free = self._taken[company_id] < PLACES and self._taken.total() < PLACES_IN_ALL
            self._taken[company_id] += free
            return free

    def leave(self, company_id: int) -> None:
        with self._lock:
            self._taken[company_id] -= 1


class Held:
    """A body whose place is left once: after its last piece, or when the reader goes away."""

    def __init__(self, pieces: Iterator[bytes], company_id: int) -> None:
        self._pieces, self._company_id = pieces, company_id
        self._left = False

    def __iter__(self) -> Held:
        return self

    def __next__(self) -> bytes:
        courtesy.screens.let_go_first()
        try:
            with while_giving_way(courtesy.let_pages_be_made):
                return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if not self._left:
            self._left = True
            places.leave(self._company_id)


places = Places()


def _token_key() -> str:
    """Reading is counted per token; the token itself is kept nowhere."""
    sent = request.headers.get("Authorization", "")
    return hashlib.sha256(sent.encode()).hexdigest() if sent else get_remote_address()


@screen.route("/odata/<feed>", methods=METHODS, provide_automatic_options=False)
@screen.route("/odata/<feed>/", methods=METHODS, provide_automatic_options=False)
@screen.route(
    "/odata/<feed>/<path:rest>", methods=METHODS, merge_slashes=False,
    provide_automatic_options=False,
)  # fmt: skip
@allow(TOKEN)
@limiter.limit("1200 per minute", key_func=_token_key)
def read(feed: str, rest: str = "") -> Response | tuple[Response, int]:
    if not g.on_alias:
        raise NoSuchPage
    holder = _holder()
    if holder is None:
        return odata_answers.failure(401, "Send the user name and an access token for feeds.")
    reader = Reader(holder.user_id, holder.role)
    number, offered = offering.offered(wiring.session(), wiring.outside(), feed, reader)
    if not holder.may_read_feed(number):
        raise NotFound
    asked = Asked(
        rest,
        request.query_string.decode("ascii", "replace"),
        addresses.public_url(wiring.settings(), g.company.alias, f"/odata/{feed}"),
        request.method,
        {name: request.headers.get(name, "") for name in HEADERS},
    )
    return _answered(asked, offered, g.company.id)


def _answered(asked: Asked, offered: Offered, company_id: int) -> Response | tuple[Response, int]:
    if not places.take(company_id):
        words = f"So many answers are being read already. Ask again in {BUSY_SECONDS} s."
        return odata_answers.failure(429, words, BUSY_SECONDS)
    try:
        with while_giving_way(courtesy.let_pages_be_made):
            found = answering.answer(asked, offered)
    except BaseException:
        places.leave(company_id)
        raise
    return odata_answers.response_of(replace(found, body=Held(found.body, company_id)))


def _holder() -> Holder | None:
    """Who the token of the Authorization header speaks for."""
    mark = f"feed refused|{get_remote_address()}"
    if limiter.storage.get(mark) >= REFUSED_A_MINUTE:
        raise TooManyRequests
    name, raw = _credentials()
    holder = tokens.holder_of(wiring.session(), raw, SCOPE) if raw else None
    if holder is not None and name is not None and name.strip().lower() != holder.email:
        holder = None
    if holder is None and raw:
        limiter.storage.incr(mark, 60)
    return holder


def _credentials() -> tuple[str | None, str]:
    """User name (Basic alone has one) and token."""
    scheme, _space, rest = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return None, rest.strip()
    if scheme.lower() != "basic":
        return None, ""
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None, ""
    name, _colon, raw = text.partition(":")
    return name, raw.strip()
