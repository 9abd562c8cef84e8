"""Metrics are the operator's: not on a company's address, not through a proxy without the token."""

from __future__ import annotations

import http.client

import pytest
from flask import request

from retailvista.cli.web_server import bind

ALIAS = "groenhof.retailvista.localhost:8000"


@pytest.mark.parametrize("path", ["/metrics", "/eu1/metrics", "/eu1//metrics"])
def test_metrics_are_never_on_an_alias(made_app, path):
    client = made_app(RV_INSTANCE="eu1").test_client()
    assert client.get("/metrics", headers={"Host": "retailvista.localhost:8000"}).status_code == 200
    assert client.get(path, headers={"Host": ALIAS}).status_code in (308, 404)


BELOW = ["groenhof", "x.groenhof", "nobody", "a.b.c", "groenhof.", "x_y"]


@pytest.mark.parametrize("below", BELOW)
def test_metrics_are_not_below_the_base_address(made_app, below):
    client = made_app().test_client()
    for ending in ("retailvista.localhost:8000", "retailvista.localhost", "retailvista.localhost."):
        answer = client.get("/metrics", headers={"Host": f"{below}.{ending}"})
        assert answer.status_code == 404, f"{below}.{ending}"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("retailvista.localhost:8000", 200),
        ("retailvista.localhost.", 200),
        ("localhost:8000", 200),
        ("127.0.0.1:8000", 200),
        ("[::1]:8000", 200),
        ("localhost.example.com", 404),
        ("127.0.0.1.example.com", 404),
        ("example.com", 404),
    ],
)
def test_metrics_are_at_the_base_address_and_this_machines_own_names(made_app, host, status):
    client = made_app().test_client()
    assert client.get("/metrics", headers={"Host": host}).status_code == status


@pytest.fixture
def asked():
    """Serves an app as `serve` does, asks it once, and gives status and what it saw."""
    servers = []

    def ask(app, path, **headers):
        seen = []
        app.before_request(lambda: seen.append(request.remote_addr))
        server = bind(app, "127.0.0.1", 0)
        servers.append(server)
        server.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        connection.request("GET", path, headers={"Host": "retailvista.localhost:8000", **headers})
        status = connection.getresponse().status
        connection.close()
        return status, seen

    yield ask
    for server in servers:
        server.stop()


def test_the_client_behind_a_trusted_proxy_has_his_own_address(made_app, asked):
    """Else everybody shares one throttle, and twenty wrong logins keep all companies out."""
    app = made_app(RV_PROXY_HOPS="1")
    _status, seen = asked(app, "/healthz", **{"X-Forwarded-For": "6.6.6.6, 203.0.113.7"})
    assert seen == ["203.0.113.7"]


def test_without_a_trusted_proxy_nobody_chooses_his_address(made_app, asked):
    _status, seen = asked(made_app(), "/healthz", **{"X-Forwarded-For": "203.0.113.7"})
    assert seen == ["127.0.0.1"]


def test_metrics_are_not_passed_on_by_a_proxy_that_was_not_told_of(made_app, asked):
    assert asked(made_app(), "/metrics", **{"X-Forwarded-For": "203.0.113.7"})[0] == 404
    assert asked(made_app(), "/metrics")[0] == 200
