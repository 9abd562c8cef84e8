"""The one door to providers: sends a call once, within a total deadline, to a known origin.

Invariants: never repeats, never follows a redirect, keeps no cookies, opens no socket outside the
allowed origins, and never while a database transaction is open. `NOT_SENT` is said only when no
byte of the request left this host. Secrets are revealed here, into the request, and nowhere else.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from retailvista import db
from retailvista.clock import Clock
from retailvista.connectors.exchange import Answered, exchange, written
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.connectors.sockets import Guard, WatchedAdapter, WatchedPool
from retailvista.connectors.special_ways import Ways
from retailvista.errors import Refused
from retailvista.runs.calls import count_call

CONNECT_SECONDS_MAX = 15.0
NO_ANSWER = "No answer in time."
NO_GOOD_ANSWER = "No answer in time, or one that is too large or cut off."
HEADERS = {"User-Agent": "RetailVista", "Accept": "*/*", "Accept-Encoding": "gzip",
           "Connection": "keep-alive"}  # fmt: skip
DEFAULT_PORTS = {"http": 80, "https": 443}
FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
)

Origin = tuple[str, str, int]


def origin_of(url: str) -> Origin:
    """Scheme, host and port. Raises Refused for anything else in the authority."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("The address of the provider is not a URL.") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise Refused("The address of the provider is not an http(s) URL.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address of the provider must not hold a user name.")
    return parts.scheme, parts.hostname.lower(), port or DEFAULT_PORTS[parts.scheme]


class RequestsWire:
    """port.Wire over requests. `provider_hosts` lifts https for exactly these origins.

    `proxy` is the installation's, for the connectors that ask for it.
    """

    def __init__(
        self,
        clock: Clock,
        sites: Iterable[str],
        provider_hosts: Iterable[str] = (),
        proxy: str = "",
    ) -> None:
        self._clock = clock
        self._allowed = {origin_of(site) for site in sites if site.startswith("https://")}
        web = [host for host in provider_hosts if host.startswith(("http://", "https://"))]
        self._allowed |= {origin_of(host) for host in web}
        # Without a requests.Session: no cookies, no redirects, and no .netrc or proxy variable
        # that adds credentials.
        self._adapter = WatchedAdapter(clock.monotonic, len(self._allowed))
        self._last: tuple[Any, ...] = ("",)
        self._ways = Ways(clock.monotonic, proxy)

    def send(self, call: Call) -> Reply:
        """Send it once and say how far it came."""
        assert not db.is_transaction_open(), "no transaction may be open during an HTTP call"
        origin = self._checked(call)
        count_call()
        requested_at = self._clock.now()
        with Guard(call.deadline_seconds) as guard:
            try:
                answered = self._exchanged(call, origin)
            except FAILURES as error:
                sending = Sending.NO_ANSWER if guard.started else Sending.NOT_SENT
                problem = NO_ANSWER if guard.expired else _named(error)
                return Reply(
                    sending,
                    problem=problem,
                    requested_at=requested_at,
                    answered_at=self._clock.now(),
                )
            body = None if guard.expired else answered.body
        if body is None:
            return Reply(
                Sending.NO_ANSWER,
                problem=NO_GOOD_ANSWER,
                requested_at=requested_at,
                answered_at=self._clock.now(),
            )
        return Reply(
            Sending.ANSWERED,
            status=answered.status,
            headers=answered.headers,
            body=body,
            requested_at=requested_at,
            answered_at=self._clock.now(),
        )

    def _checked(self, call: Call) -> Origin:
        """The origin, if it may be spoken to. Refused says why not."""
        origin = origin_of(call.url)
        if origin not in self._allowed:
            if not call.free:
                raise Refused(
                    f"{_shown(call.url)} is not an allowed provider (see RV_PROVIDER_HOSTS)."
                )
            if origin[0] != "https":
                raise Refused(f"{_shown(call.url)} must begin with https://.")
        if call.by_proxy:
            self._ways.check_proxy()
        return origin

    def _exchanged(self, call: Call, origin: Origin) -> Answered:
        if call.by_proxy or origin not in self._allowed or origin[1].endswith(".localhost"):
            named = origin in self._allowed
            pool, host, target = self._ways.way(call.url, call.by_proxy, named)
        else:
            pool, host, target = self._way(call.url)
        headers = {"Host": host, **HEADERS, **call.headers}
        headers |= {name: secret.reveal() for name, secret in call.secret_headers.items()}
        body = call.body
        if call.secret_form:
            fields = [
                f"{quote_plus(name)}={quote_plus(secret.reveal())}"
                for name, secret in call.secret_form.items()
            ]
            body = b"&".join([*([body] if body else []), *(part.encode() for part in fields)])
        connect = min(CONNECT_SECONDS_MAX, call.deadline_seconds)
        with pool.lent() as connection:
            request = written(call.method, target, headers, body)
            answered = exchange(connection, request, connect=connect, seconds=call.deadline_seconds)
            if not answered.reusable:
                connection.close()
        return answered

    def _way(self, url: str) -> tuple[WatchedPool, str, str]:
        """Connections to its origin, the host, and the target as requests writes it on the wire.

        The last one is kept, since postings repeat it.
        """
        asked, *way = self._last
        if url != asked:
            prepared = requests.PreparedRequest()
            prepared.prepare_url(url, None)
            prepared.headers = CaseInsensitiveDict()
            assert prepared.url is not None, "an address was asked for"
            pool = self._adapter.pool_for(prepared)
            way = [pool, urlsplit(prepared.url).netloc, prepared.path_url]
            self._last = (url, *way)
        pool, host, target = way
        return pool, host, target


def _named(error: BaseException) -> str:
    """What went wrong, without the request: texts of requests can hold a URL with a code."""
    names: list[str] = []
    seen: BaseException | None = error
    while seen is not None and len(names) < 4:
        names.append(type(seen).__name__)
        seen = seen.__cause__ or seen.__context__
    return " < ".join(names)


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
