"""A connector of every provider and every way to log in, made and changed from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from retailvista.connectors.registry import PROVIDERS
from tests.scenarios.house import House

OF = ("--company", "groenhof")
SITES = {
    "exact-online": "https://start.exactonline.nl",
    "sage-accounting": "https://api.accounting.sage.com",
    "odata": "https://odata.example.com/v4",
}
APP = ("--client-id", "the-app", "--client-secret-stdin")
ACCESS, REFRESH = "--access-token-stdin", "--refresh-token-stdin"
OAUTH = ("--authorise-url", "https://id.example.com/login", "--token-url",
         "https://id.example.com/token", "--scope", "read")  # fmt: skip
# Options, and the lines of standard input: the secrets in the order that the page names.
WAYS = {
    "full": (APP, "canary-secret\n"),
    "refresh": ((*APP, ACCESS, REFRESH), "canary-secret\ncanary-access\ncanary-refresh\n"),
    "token": ((ACCESS,), "canary-access\n"),
    "basic": (("--client-id", "anna", "--client-secret-stdin"), "canary-password\n"),
    "none": ((), ""),
}
LASTING = ("basic", "none")


@pytest.fixture
def house_of_three(house: House) -> House:
    house.begin()
    house.json("company", "licence", *OF, "--give", "Sage Accounting integration")
    return house


def add(house: House, provider: str, *words: str, stdin: str = "", **environment: str):
    named = ("--provider", provider, "--base-url", SITES[provider])
    return house.run(
        "connector", "add", *OF, *named, *words, "--json", stdin=stdin, **environment
    )  # fmt: skip


def show(house: House, number: int) -> dict[str, object]:
    return house.json("connector", "show", *OF, str(number))


@pytest.mark.statement("J-05", "J-06", "J-07")
def test_each_provider_is_added_with_each_of_its_ways_to_log_in(house_of_three: House):
    house = house_of_three
    made = []
    for key, provider in sorted(PROVIDERS.items()):
        for mode in provider.modes:
            options, stdin = WAYS[mode]
            more = OAUTH if key == "odata" and mode in ("full", "refresh") else ()
            name = ("--name", f"{key} {mode}", "--mode", mode)
            result = add(house, key, *name, *options, *more, stdin=stdin)
            assert result.exit_code == 0, (key, mode, result.stderr)
            shown = show(house, json.loads(result.stdout)["number"])
            assert (shown["provider"], shown["mode"]) == (key, mode)
            assert bool(shown["client_secret_set_at"]) == ("--client-secret-stdin" in options)
            assert shown["state"] == ("none" if mode == "full" else "connected"), (key, mode)
            assert "canary" not in result.stdout + result.stderr + json.dumps(shown)
            made.append((key, mode))
    assert len(made) == sum(len(provider.modes) for provider in PROVIDERS.values())
    stored = (Path(house.folder) / "instance" / "retailvista.sqlite3").read_bytes()
    assert b"canary" not in stored, "secrets are sealed"


def test_secrets_come_by_the_environment_as_well(house_of_three: House):
    house = house_of_three
    tokens = {"RV_ACCESS_TOKEN": "canary-access", "RV_REFRESH_TOKEN": "canary-refresh"}
    given = tokens | {"RV_CLIENT_SECRET": "canary-secret"}
    named = ("--name", "Sage", "--mode", "refresh", "--client-id", "x")
    result = add(house, "sage-accounting", *named, **given)
    assert result.exit_code == 0, result.stderr
    assert show(house, 1)["state"] == "connected"


def test_without_a_way_the_first_of_the_provider_is_taken(house_of_three: House):
    house = house_of_three
    options, stdin = WAYS["basic"]
    assert add(house, "odata", "--name", "Feed", *options, stdin=stdin).exit_code == 0
    assert show(house, 1)["mode"] == "basic"


@pytest.mark.parametrize(
    ("provider", "words", "stdin", "said"),
    [
        ("odata", ("--mode", "basic"), "", "--client-id"),
        ("odata", ("--mode", "basic", "--client-id", "anna"), "", "Enter the password."),
        ("odata", ("--mode", "token"), "", "Enter the access token."),
        ("odata", ("--mode", "token", ACCESS), "", "No access token came"),
        ("odata", ("--mode", "none", "--setting", "page_size"), "", "KEY=VALUE"),
        ("odata", ("--mode", "none", "--setting", "page_size=0"), "", "will not do for page_size"),
        ("exact-online", ("--mode", "none"), "", "Choose one of the ways to log in."),
        ("sage-accounting", ("--mode", "refresh", *APP, ACCESS), "s\na\n", "the refresh token"),
    ],
)
def test_what_is_missing_is_named(house_of_three: House, provider, words, stdin, said):
    result = add(house_of_three, provider, "--name", "Dienst", *words, stdin=stdin)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert house_of_three.json("connector", "list", *OF) == []


def test_the_way_and_the_settings_are_changed_afterwards(house_of_three: House):
    house = house_of_three
    settings = ("--setting", "page_size=50", "--setting", "calls_per_minute=30")
    assert add(house, "odata", "--name", "Feed", "--mode", "none", *settings).exit_code == 0
    change = ("connector", "set", *OF, "1")
    options, stdin = WAYS["basic"]
    assert house.json(*change, "--mode", "basic", *options, stdin=stdin)["mode"] == "basic"
    house.json(*change, "--setting", "page_size=")
    refused = house.run(*change, "--mode", "full", "--client-id", "the-app")
    assert refused.exit_code == 1
    assert "client secret again" in refused.stderr, "a password is no client secret"
    wrong = house.run(*change, "--setting", "speed=1")
    assert "page_size, calls_per_minute" in wrong.stderr, "the settings there are"
