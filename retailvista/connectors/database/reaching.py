"""Which hosts a warehouse may lie on: not one inside our own network, unless the operator says so.

Invariant: the address that was checked is the address that is connected to.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from retailvista.errors import Refused


def checked_address(host: str, port: int, provider_hosts: Sequence[str]) -> str:
    """The IP address of a host. Refused for a private one that RV_PROVIDER_HOSTS does not name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Refused(f"The host {host} is not known.") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not _is_named(host, port, provider_hosts):
        for address in addresses:
            if not ipaddress.ip_address(address.split("%", 1)[0]).is_global:
                raise Refused(
                    f"{host} lies inside the network of this server. Its operator allows it with"
                    f" RV_PROVIDER_HOSTS=postgresql://{host}:{port}."
                )
    return addresses[0]


def _is_named(host: str, port: int, provider_hosts: Sequence[str]) -> bool:
    for named in provider_hosts:
        parts = urlsplit(named)
        if parts.scheme == "postgresql" and (parts.hostname, parts.port or 5432) == (
            host.lower(),
            port,
        ):
            return True
    return False
