"""Ways that are not the straight one: by the proxy, to an address that somebody entered, to
*.localhost (this machine, RFC 6761).

Invariant: an address that somebody entered leads out of our own network, and the IP address that
was looked at is the one that is connected to, so that a name cannot change its mind in between.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util import Url, parse_url

from retailvista.config import is_loopback_host
from retailvista.connectors.sockets import HttpPool, HttpsPool, WatchedPool
from retailvista.errors import Refused

PORTS = {"http": 80, "https": 443}
POOLS_MAX = 64
LOOPBACK = "127.0.0.1"
# What Python calls global, and a gateway of ours would lead inside: local NAT64 (RFC 8215), 6to4
# (3056), IPv4-compatible (4291), IPv4-translated (2765).
INSIDE = tuple(
    ipaddress.IPv6Network(text)
    for text in ("64:ff9b:1::/48", "2002::/16", "::/96", "::ffff:0:0:0/96")
)
# NAT64 (RFC 6052): in a network with IPv6 alone, this is how public services look.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NO_PROXY = "This installation has no proxy; its operator sets one with RV_PROXY_URL."

# Scheme, IP address or host, port, name in the certificate, by proxy.
Key = tuple[str, str, int, str, bool]


class Ways:
    """Connections that are made in a special way, kept for the next call of the same kind."""

    def __init__(self, stopwatch: Callable[[], float], proxy: str) -> None:
        self._stopwatch = stopwatch
        self._proxy = parse_url(proxy) if proxy else None
        self._pools: dict[Key, WatchedPool] = {}
        self._lock = threading.Lock()

    def check_proxy(self) -> None:
        """Refused where there is none."""
        if self._proxy is None:
            raise Refused(NO_PROXY)

    def way(self, url: str, by_proxy: bool, named: bool) -> tuple[WatchedPool, str, str]:
        """Connections, the Host header and the target. Refused for an address inside.

        `named`: the operator allows this origin, wherever it lies. Raises OSError for a name that
        nobody knows.
        """
        prepared = requests.PreparedRequest()
        prepared.prepare_url(url, None)
        assert prepared.url is not None, "an address was asked for"
        parts = urlsplit(prepared.url)
        host, port = (parts.hostname or "").lower(), parts.port or PORTS[parts.scheme]
        place = host
        if not named:
            place = outside_address(host, port)
        elif host.endswith(".localhost"):
            place = LOOPBACK
        pool = self._pool((parts.scheme, place, port, host, by_proxy))
        target = prepared.path_url
        if by_proxy and parts.scheme == "http":
            target = f"{parts.scheme}://{parts.netloc}{target}"
        return pool, parts.netloc, target

    def _pool(self, key: Key) -> WatchedPool:
        with self._lock:
            pool = self._pools.get(key)
            if pool is None:
                if len(self._pools) >= POOLS_MAX:
                    self._pools.pop(next(iter(self._pools)))
                pool = self._pools[key] = self._made(key)
                pool.stopwatch = self._stopwatch
            return pool

    def _made(self, key: Key) -> WatchedPool:
        scheme, place, port, name, by_proxy = key
        proxy: Url | None = self._proxy if by_proxy else None
        if scheme == "http":
            if proxy is not None:
                return HttpPool(proxy.host or "", proxy.port or PORTS["http"])
            return HttpPool(place, port)
        return HttpsPool(
            place, port, _proxy=proxy, cert_reqs="CERT_REQUIRED", ca_certs=DEFAULT_CA_BUNDLE_PATH,
            server_hostname=name, assert_hostname=name,
        )  # fmt: skip


def outside_address(host: str, port: int) -> str:
    """The IP address of a host outside our own network. Refused for one inside it."""
    for address in (addresses := _addresses(host, port)):
        if not is_outside(address):
            raise Refused(
                f"{host} lies inside the network of this server. Its operator allows it with"
                " RV_PROVIDER_HOSTS."
            )
    return addresses[0]


def _addresses(host: str, port: int) -> list[str]:
    """Every IP address of a host; those of this machine for its own names."""
    if is_loopback_host(host):
        return [LOOPBACK]
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a part of it is empty or too long
            raise OSError("no name of a host") from error
        return [str(entry[4][0]) for entry in found]


def is_outside(address: str) -> bool:
    """Whether an IP address is one of the public internet, also behind an IPv4-mapped one.

    >>> is_outside("8.8.8.8"), is_outside("10.1.2.3"), is_outside("::ffff:169.254.169.254")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.split("%", 1)[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.is_site_local or any(found in network for network in INSIDE):
            return False
        held = found.ipv4_mapped
        if found in NAT64:
            held = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        found = held or found
    return found.is_global and not found.is_multicast
