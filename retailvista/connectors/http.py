"""The one door to providers: sends a call once, within a total deadline, to a known origin.

Invariants: never repeats, never follows a redirect, keeps no cookies, opens no socket outside the
allowed origins, and never while a database transaction is open. `NOT_SENT` is said only when no
byte of the request left this host. Secrets are revealed here, into the request, and nowhere else.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from urllib.parse import quote_plus, urlsplit

import requests
import urllib3
from requests.structures import CaseInsensitiveDict

from retailvista import db
from retailvista.clock import Clock
from retailvista.connectors.port import Call, Reply, Sending
from retailvista.connectors.sockets import Guard, WatchedAdapter
from retailvista.errors import Refused
from retailvista.runs.calls import count_call

ANSWER_BYTES_MAX = 32 * 1024 * 1024
CONNECT_SECONDS_MAX = 15.0
CHUNK_BYTES = 64 * 1024
NO_BODY = (204, 304)
NO_ANSWER = "No answer in time."
NO_GOOD_ANSWER = "No answer in time, or one that is too large or cut off."
HEADERS = {"User-Agent": "RetailVista", "Accept": "*/*", "Accept-Encoding": "gzip, deflate",
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
    """port.Wire over requests. `provider_hosts` lifts https for exactly these origins."""

    def __init__(
        self, clock: Clock, sites: Iterable[str], provider_hosts: Iterable[str] = ()
    ) -> None:
        self._clock = clock
        self._allowed = {origin_of(site) for site in sites if site.startswith("https://")}
        web = [host for host in provider_hosts if host.startswith(("http://", "https://"))]
        self._allowed |= {origin_of(host) for host in web}
        # Without a requests.Session: no cookies, no redirects, and no .netrc or proxy variable
        # that adds credentials.
        self._adapter = WatchedAdapter(clock.monotonic)
        self._checked = ("", "")

    def send(self, call: Call) -> Reply:
        """Send it once and say how far it came."""
        assert not db.is_transaction_open(), "no transaction may be open during an HTTP call"
        if origin_of(call.url) not in self._allowed:
            raise Refused(f"{_shown(call.url)} is not an allowed provider (see RV_PROVIDER_HOSTS).")
        count_call()
        requested_at = self._clock.now()
        with Guard(call.deadline_seconds) as guard:
            try:
                response = self._open(call)
                body = _read_bounded(response)
            except FAILURES as error:
                sending = Sending.NO_ANSWER if guard.started else Sending.NOT_SENT
                problem = NO_ANSWER if guard.expired else _named(error)
                return Reply(
                    sending,
                    problem=problem,
                    requested_at=requested_at,
                    answered_at=self._clock.now(),
                )
            if guard.expired:
                body = None
        if body is None:
            return Reply(
                Sending.NO_ANSWER,
                problem=NO_GOOD_ANSWER,
                requested_at=requested_at,
                answered_at=self._clock.now(),
            )
        return Reply(
            Sending.ANSWERED,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            requested_at=requested_at,
            answered_at=self._clock.now(),
        )

    def _open(self, call: Call) -> requests.Response:
        headers = CaseInsensitiveDict(HEADERS)
        headers.update(call.headers)
        headers.update({name: secret.reveal() for name, secret in call.secret_headers.items()})
        body = call.body
        if call.secret_form:
            fields = [
                f"{quote_plus(name)}={quote_plus(secret.reveal())}"
                for name, secret in call.secret_form.items()
            ]
            body = b"&".join([*([body] if body else []), *(part.encode() for part in fields)])
        prepared = requests.PreparedRequest()
        prepared.method, prepared.url = call.method, self._address(call.url)
        prepared.headers, prepared.body = headers, body or None
        prepared.prepare_content_length(prepared.body)
        connect = min(CONNECT_SECONDS_MAX, call.deadline_seconds)
        timeout = (connect, call.deadline_seconds)
        return self._adapter.send(prepared, stream=True, timeout=timeout)

    def _address(self, url: str) -> str:
        """As requests writes it on the wire; the last one is kept, since postings repeat it."""
        asked, written = self._checked
        if url != asked:
            prepared = requests.PreparedRequest()
            prepared.prepare_url(url, None)
            assert prepared.url is not None, "an address was asked for"
            written = prepared.url
            self._checked = (url, written)
        return written


def _read_bounded(response: requests.Response) -> bytes | None:
    """The whole body, or None when it is larger than any honest answer, or cut off."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = response.raw.read(CHUNK_BYTES, decode_content=True)
        if not part:
            return None if _is_cut(response, size) else b"".join(parts)
        size += len(part)
        if size > ANSWER_BYTES_MAX:
            response.close()
            return None
        parts.append(part)


def _is_cut(response: requests.Response, size: int) -> bool:
    """Headers that broke off read like an answer without a body; none of them can be believed.

    A body that broke off is noticed by urllib3, as long as the headers say where it ends.
    """
    if size or response.status_code in NO_BODY:
        return False
    length = response.headers.get("Content-Length", "")
    return not length.isdigit() and "Transfer-Encoding" not in response.headers


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
