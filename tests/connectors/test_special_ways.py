"""Calls by the proxy, to addresses that somebody entered, and to this machine by name."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from retailvista.connectors.http import RequestsWire
from retailvista.connectors.port import Call, Sending
from retailvista.connectors.special_ways import is_outside, outside_address
from retailvista.errors import Refused

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass
class Listener:
    """A socket that keeps the first lines it hears and answers each the same."""

    answer: bytes = ANSWER
    heard: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, server: socket.socket) -> None:
        while True:
            try:
                caller, _ = server.accept()
            except OSError:
                return
            with caller:
                self.heard.append(caller.recv(65536).decode("latin-1").split("\r\n\r\n")[0])
                caller.sendall(self.answer)


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    with socket.create_server(("127.0.0.1", 0)) as server:
        found.port = server.getsockname()[1]
        thread = threading.Thread(target=found.serve, args=(server,), daemon=True)
        thread.start()
        yield found
        server.shutdown(socket.SHUT_RDWR)
    thread.join(2)


@pytest.mark.statement("J-09")
def test_a_call_by_the_proxy_goes_to_the_proxy(clock, listener):
    site = "http://books.example"
    wire = RequestsWire(clock, (), [site], f"http://127.0.0.1:{listener.port}")
    reply = wire.send(Call("GET", f"{site}/odata/X?$top=1", by_proxy=True))
    assert (reply.status, reply.body) == (200, b"ok")
    first, *headers = listener.heard[0].split("\r\n")
    assert first == "GET http://books.example/odata/X?$top=1 HTTP/1.1"
    assert "Host: books.example" in headers


@pytest.mark.statement("J-09")
def test_a_proxy_that_refuses_the_tunnel_is_certainly_not_sent(clock, listener):
    listener.answer = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    wire = RequestsWire(clock, ["https://books.example"], (), f"http://127.0.0.1:{listener.port}")
    reply = wire.send(Call("POST", "https://books.example/x", body=b"secret body", by_proxy=True))
    assert reply.sending is Sending.NOT_SENT
    assert listener.heard[0].startswith("CONNECT books.example:443 HTTP/1.")
    assert "secret body" not in listener.heard[0]


def test_without_a_proxy_it_is_said_and_nothing_is_sent(clock, listener):
    site = f"http://127.0.0.1:{listener.port}"
    with pytest.raises(Refused, match="RV_PROXY_URL"):
        RequestsWire(clock, (), [site]).send(Call("GET", f"{site}/x", by_proxy=True))
    assert listener.heard == []


def test_a_name_of_this_machine_leads_to_this_machine(clock, listener):
    site = f"http://groenhof.retailvista.localhost:{listener.port}"
    reply = RequestsWire(clock, (), [site]).send(Call("GET", f"{site}/odata"))
    assert reply.status == 200
    assert f"Host: groenhof.retailvista.localhost:{listener.port}" in listener.heard[0]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://10.0.0.8/x", "https://169.254.169.254/latest/meta-data",
        "https://[::1]/x", "https://[::ffff:10.0.0.1]/x", "https://0.0.0.0/x",
        "https://localhost/x", "https://groenhof.retailvista.localhost/x",
    ],
)  # fmt: skip
def test_an_address_that_somebody_entered_never_leads_inside(clock, url):
    wire = RequestsWire(clock, ())
    with pytest.raises(Refused, match="inside the network"):
        wire.send(Call("GET", url, free=True))


def test_an_address_that_nobody_allowed_or_entered_is_refused(clock, listener):
    site = f"http://127.0.0.1:{listener.port}"
    wire = RequestsWire(clock, ())
    for call in (Call("GET", f"{site}/x"), Call("GET", f"{site}/x", free=True)):
        with pytest.raises(Refused):
            wire.send(call)
    assert listener.heard == []


def test_what_lies_outside():
    assert outside_address("8.8.8.8", 443) == "8.8.8.8"
    assert is_outside("2001:4860:4860::8888")
    assert is_outside("64:ff9b::808:808")
    assert not is_outside("224.0.0.1")
    assert not is_outside("100.64.0.1")


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:a00:1::1",
        "2002:7f00:1::",
        "::7f00:1",
        "::ffff:0:a00:1",
        "fec0::1",
        "2001:0:a00:1::",
    ],
)
def test_an_address_inside_is_not_reached_by_an_ipv6_address_that_holds_it(address):
    """NAT64, 6to4, IPv4-compatible and -translated, site-local, Teredo (RFC 6890, 6052, 3056)."""
    assert not is_outside(address)


@pytest.mark.parametrize("host", ["x..example", ".example", f"{'a' * 70}.example"])
def test_a_name_that_is_none_is_not_reached(clock, host):
    reply = RequestsWire(clock, ()).send(Call("GET", f"https://{host}/odata", free=True))
    assert reply.sending is Sending.NOT_SENT
