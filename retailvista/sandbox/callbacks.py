"""The calls the sandbox makes itself: one POST to a webhook address, allowed hosts only.

Invariant: nothing leaves this machine unless the host stands in `webhook_hosts`; a redirect is an
answer like any other and is not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 5
UNREACHABLE = "Unable to connect to the remote server"


@dataclass(frozen=True, slots=True)
class Told:
    """What the other side answered; status 0 where nothing came."""

    status: int
    text: str

    @property
    def is_taken(self) -> bool:
        """Exact takes 200 and 201 for an answer."""
        return self.status in (200, 201)


def is_own_machine(host: str) -> bool:
    """Loopback, in whichever spelling."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def may_call(url: str, allowed: str) -> bool:
    """http on this machine; elsewhere https to a host that was allowed."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.username or port == 0 or parts.scheme not in ("http", "https"):
        return False
    if is_own_machine(host):
        return True
    return parts.scheme == "https" and host in allowed.split()


def post(url: str, body: bytes) -> Told:
    """POST the body; what came back."""
    parts = urlsplit(url)
    link = _link(parts)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "Content-Type": "application/json; charset=utf-8"}
    try:
        link.request("POST", target, body, headers)
        answer = link.getresponse()
        answer.read(4096)
    except (OSError, http.client.HTTPException):
        return Told(0, UNREACHABLE)
    else:
        return Told(answer.status, f"{answer.status} {answer.reason}".strip())
    finally:
        link.close()


def _link(parts: SplitResult) -> http.client.HTTPConnection:
    host = str(parts.hostname)
    # Browsers and curl resolve x.localhost, Python does not.
    place = "127.0.0.1" if host.endswith(".localhost") else host
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(place, parts.port, timeout=TIMEOUT_S, context=context)
    return http.client.HTTPConnection(place, parts.port, timeout=TIMEOUT_S)
