"""Whom the wire speaks to: the origins of providers and nobody else."""

from __future__ import annotations

import pytest

from retailvista.clock import SystemClock
from retailvista.connectors.http import RequestsWire, origin_of
from retailvista.connectors.port import Call
from retailvista.errors import Refused

FORBIDDEN = [
    "http://start.exactonline.nl/x",
    "https://start.exactonline.nl:8443/x",
    "https://start.exactonline.nl.evil.example/x",
    "https://evil.example/x",
    "https://user:pw@start.exactonline.nl/x",
    "https://start.exactonline.nl@evil.example/x",
    "ftp://start.exactonline.nl/x",
    "https://start.exactonline.nl:port/x",
    "//start.exactonline.nl/x",
]


@pytest.mark.parametrize("url", FORBIDDEN)
def test_only_allowed_origins_are_spoken_to(url: str):
    wire = RequestsWire(SystemClock(), ["https://start.exactonline.nl"], ["http://127.0.0.1:8001"])
    with pytest.raises(Refused):
        wire.send(Call("GET", url))


def test_an_origin_is_scheme_host_and_port():
    assert origin_of("https://START.exactonline.nl/x") == ("https", "start.exactonline.nl", 443)
    assert origin_of("http://127.0.0.1:8001") == ("http", "127.0.0.1", 8001)
