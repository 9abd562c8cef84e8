"""Aliases and addresses: which words a company may use, and how its addresses are spelled."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from retailvista.companies.addresses import (
    Seen,
    alias_of_host,
    callback_url,
    check_alias,
    preflight,
    public_url,
)
from retailvista.config import Settings, load_settings
from retailvista.errors import Refused


def settings_for(base: str, instance: str = "") -> Settings:
    return load_settings({"RV_BASE_URL": base, "RV_INSTANCE": instance}, Path("/nowhere"))


HTTPS = settings_for("https://retailvista.example")
WITH_INSTANCE = settings_for("https://retailvista.example:8443", "zuid")
LOCAL = settings_for("http://retailvista.localhost:8000")


@pytest.mark.parametrize(
    "alias",
    ["abc", "testcompany", "groen-hof", "9to5", "a-b-c", "a" * 32],
)
def test_an_alias_that_is_a_dns_label_of_its_own_is_accepted(alias):
    check_alias(alias)


@pytest.mark.statement("R-13")
@pytest.mark.parametrize(
    "alias",
    ["", "ab", "-abc", "abc-", "a--b", "Groenhof", "groen.hof", "groen hof", "groén", "a" * 33,
     "xn--abc", "a-" * 20 + "a", "abc\n", "www", "api", "mail", "oauth", "healthz", "admin"],
)  # fmt: skip
def test_an_alias_that_is_badly_formed_or_reserved_is_refused_at_the_field(alias):
    with pytest.raises(Refused, match="alias"):
        check_alias(alias)


@pytest.mark.statement("R-08", "R-09")
@pytest.mark.parametrize(
    ("settings", "alias", "url"),
    [
        (HTTPS, "groenhof", "https://groenhof.retailvista.example/oauth.ashx?provider=25"),
        (WITH_INSTANCE, "groenhof",
         "https://groenhof.retailvista.example:8443/zuid/oauth.ashx?provider=25"),
        (LOCAL, "groenhof", "http://groenhof.retailvista.localhost:8000/oauth.ashx?provider=25"),
    ],
)  # fmt: skip
def test_the_callback_has_one_spelling(settings, alias, url):
    assert callback_url(settings, alias, 25) == url


def test_a_page_without_a_company_is_on_the_base_address():
    assert (
        public_url(WITH_INSTANCE, None, "/login") == "https://retailvista.example:8443/zuid/login"
    )


@pytest.mark.parametrize(
    ("host", "alias"),
    [
        ("groenhof.retailvista.example", "groenhof"),
        ("GroenHof.RetailVista.example:443", "groenhof"),
        ("groenhof.retailvista.example.", "groenhof"),
        ("retailvista.example", ""),
        ("retailvista.example:8000", ""),
        ("a.groenhof.retailvista.example", None),
        ("groenhof.retailvista.example.evil.example", None),
        ("evilretailvista.example", None),
        ("groenhof_.retailvista.example", None),
        ("user@groenhof.retailvista.example", None),
        ("127.0.0.1", None),
        ("", None),
    ],
)
def test_the_alias_is_read_from_the_host_in_one_way(host, alias):
    assert alias_of_host(HTTPS, host) == alias


@pytest.mark.statement("R-04", "R-06")
@pytest.mark.parametrize(
    ("settings", "alias", "seen", "wrong"),
    [
        (HTTPS, "groenhof", Seen("https", "groenhof.retailvista.example"), set()),
        (HTTPS, None, None, {"alias"}),
        (HTTPS, "groenhof", Seen("http", "groenhof.retailvista.example"),
         {"proxy header X-Forwarded-Proto"}),
        (HTTPS, "groenhof", Seen("https", "app:8000"), {"proxy header Host"}),
        (WITH_INSTANCE, "groenhof", Seen("https", "groenhof.retailvista.example", ""),
         {"proxy header X-Forwarded-Prefix"}),
        (settings_for("https://192.168.1.20"), "groenhof", None, {"host name"}),
        (settings_for("https://10.0.0.8:8443"), "groenhof", None, {"host name"}),
        (settings_for("https://203.0.113.7"), "groenhof", None, {"host name"}),
        (settings_for("https://kassa.local"), "groenhof", None, {"host name"}),
        (settings_for("https://kassaserver"), "groenhof", None, {"host name"}),
    ],
)  # fmt: skip
def test_the_preflight_names_what_is_wrong(settings, alias, seen, wrong):
    findings = preflight(settings, alias, seen)
    assert {finding.topic for finding in findings if finding.level == "wrong"} == wrong


@pytest.mark.statement("R-04", "R-05", "R-06")
def test_plain_http_is_only_for_this_machine_and_says_so():
    warned = {finding.topic for finding in preflight(LOCAL, "groenhof") if finding.level != "ok"}
    assert warned == {"host name", "certificate"}
    with pytest.raises(Refused, match="RV_BASE_URL must be https"):
        settings_for("http://retailvista.example")


def test_the_scheme_and_host_come_from_the_settings_alone():
    # No request takes part: the functions take none, so no header can.
    moved = replace(HTTPS, base_url="https://elders.example")
    assert public_url(moved, "groenhof") == "https://groenhof.elders.example/"
