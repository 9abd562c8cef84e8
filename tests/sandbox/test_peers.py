"""Clients that others wrote, unmodified: what they read and post must come out right.

`exactonline` 0.4.0 (ossobv, LGPL) is the strictest about envelopes: it raises on any key it does
not know. `exact-online-sdk` 2.0.0 (MIT) uses HTTP Basic and keep-alive. Both are tests only; what
they do against Exact's rules is explained in `docs/exact.md`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import exactonline.http
import pytest
from exact_online_sdk import ExactOnlineClient, Settings
from exact_online_sdk.auth import ExactOnlineAuth, InMemoryTokenStorage, Token
from exact_online_sdk.exceptions import AuthenticationError
from exactonline.api import ExactApi
from exactonline.resource import DELETE, GET, POST
from exactonline.storage.base import ExactOnlineConfig, MissingSetting

from retailvista.sandbox.server import Sandbox
from tests.sandbox.errors_of_books import plain, relation
from tests.sandbox.visitor import CLIENT_ID, GROENHOF, SECRET, Visitor

PUBLIC_CALLBACK = "https://testcompany.example/oauth.ashx?provider=25"
ENTRIES = "generaljournalentry/GeneralJournalEntries"
SALES = "salesentry/SalesEntries"
SYNC = "sync/Financial/TransactionLines"
LINES = [(None, 0.0), ("1210", 121.0), ("8220", -100.0), ("1500", -21.0)]


class Memory(ExactOnlineConfig):
    """The client's settings."""

    def __init__(self, values: dict[tuple[str, str], str]) -> None:
        self.values = values

    def get(self, section: str, option: str) -> str:
        if (section, option) not in self.values:
            raise MissingSetting(option)
        return self.values[section, option]

    def set(self, section: str, option: str, value: str) -> None:
        self.values[section, option] = value


@pytest.fixture
def real_time(tmp_path: Path) -> Iterator[Visitor]:
    """These clients look at the machine's clock, so the sandbox does too."""
    # A refresh is part of the test; 570 s are not.
    with Sandbox(tmp_path / "peers.sqlite", settings={"token_gap_s": 0}) as running:
        running.store.add_app(CLIENT_ID, SECRET, PUBLIC_CALLBACK)
        yield Visitor(running)


@pytest.fixture
def osso(real_time: Visitor, monkeypatch: pytest.MonkeyPatch) -> ExactApi:
    """exactonline, logged in."""
    monkeypatch.setattr(exactonline.http.opt_secure, "protocols", ("http", "https"))
    base = real_time.sandbox.url
    values = {
        ("server", "auth_url"): f"{base}/api/oauth2/auth",
        ("server", "rest_url"): f"{base}/api",
        ("server", "token_url"): f"{base}/api/oauth2/token",
        ("application", "base_url"): PUBLIC_CALLBACK,
        ("application", "client_id"): CLIENT_ID,
        ("application", "client_secret"): SECRET,
        ("application", "iteration_limit"): "5000",
        ("transient", "division"): str(GROENHOF),
    }
    api = ExactApi(storage=Memory(values))
    page = real_time.ask("GET", api.create_auth_request_url()[len(base) :])
    assert page.status == 200
    api.request_token(real_time.code(redirect_uri=PUBLIC_CALLBACK))
    real_time.token = api.storage.get_access_token()
    return api


@pytest.fixture
def settings(real_time: Visitor) -> Settings:
    """exact-online-sdk's settings."""
    base = real_time.sandbox.url
    return Settings(
        client_id=CLIENT_ID,
        client_secret=SECRET,
        redirect_uri=PUBLIC_CALLBACK,
        base_url=base,
        auth_url=f"{base}/api/oauth2/auth",
        token_url=f"{base}/api/oauth2/token",
        division=GROENHOF,
        timeout=30,
    )


@pytest.fixture
def auth(settings: Settings, real_time: Visitor) -> ExactOnlineAuth:
    """exact-online-sdk, logged in by itself."""
    auth = ExactOnlineAuth(settings, storage=InMemoryTokenStorage())
    address = auth.get_authorization_url("state-1")
    assert real_time.ask("GET", address[len(settings.base_url) :]).status == 200
    token = auth.exchange_code_for_token(real_time.code(redirect_uri=PUBLIC_CALLBACK))
    real_time.token = token.access_token
    return auth


@pytest.fixture
def sdk(settings: Settings, auth: ExactOnlineAuth) -> Iterator[ExactOnlineClient]:
    client = ExactOnlineClient(settings, auth=auth)
    yield client
    client.close()


def lines(visitor: Visitor) -> list[dict[str, Any]]:
    return [visitor.line("1210", 121), visitor.line("8220", -100, VATCode="2", AmountVATFC=-21)]


def sale(visitor: Visitor) -> dict[str, Any]:
    line = plain(visitor, "8220", 100, VATCode="2")
    return {"Journal": "70", "Customer": relation(visitor), "SalesEntryLines": [line]}


def broken(visitor: Visitor) -> set[str]:
    return {finding["rule"] for finding in visitor.admin("judge", "GET")["findings"]}


def test_exactonline_logs_in_refreshes_and_reads_pages(osso: ExactApi, real_time: Visitor) -> None:
    choices, current = osso.get_divisions()
    assert (choices[GROENHOF], current) == ("Tuincentrum Groenhof B.V.", GROENHOF)
    accounts = osso.restv1(GET("financial/GLAccounts?$select=Code,Description"))
    assert len({row["Code"] for row in accounts}) == len(accounts) > 100, "two pages"
    older = osso.storage.get_refresh_token()
    osso.refresh_token()
    assert osso.storage.get_refresh_token() != older
    assert osso.restv1(GET("financial/Journals?$select=Code"))
    assert osso.vatcodes.get_percentage(vat_code="2") == 0.21
    assert broken(real_time) == set()


def test_exactonline_posts_and_deletes(osso: ExactApi, real_time: Visitor) -> None:
    body = {"JournalCode": "91", "EntryNumber": 26000042}
    entry = osso.restv1(POST(ENTRIES, body | {"GeneralJournalEntryLines": lines(real_time)}))
    assert (entry["EntryNumber"], entry["Status"]) == (26000042, 20)
    rows = osso.restv1(GET(f"{SYNC}?$filter=Timestamp+gt+1&$select=ID,AmountDC,GLAccountCode"))
    assert [(row["GLAccountCode"], row["AmountDC"]) for row in rows] == LINES
    made = osso.restv1(POST(SALES, sale(real_time)))
    assert (made["AmountFC"], made["VATAmountFC"]) == (121.0, 21.0)
    osso.restv1(DELETE(f"{ENTRIES}(guid'{entry['EntryID']}')"))
    assert real_time.numbers() == []
    assert real_time.numbers("70") == [made["EntryNumber"]]
    assert broken(real_time) == set()


def test_exact_online_sdk_logs_in_refreshes_and_reads_pages(
    sdk: ExactOnlineClient, auth: ExactOnlineAuth, real_time: Visitor
) -> None:
    assert sdk.get("!current/Me")[0]["CurrentDivision"] == GROENHOF
    assert {row["Code"] for row in sdk.get("hrm/Divisions")} >= {GROENHOF}
    pages = list(sdk.iter_pages("financial/GLAccounts", params={"$select": "Code"}))
    assert len(pages) == 2
    assert len(pages[0]) == 60
    before = auth.get_access_token()
    assert auth.refresh_token().access_token != before
    assert sdk.get("financial/Journals", params={"$select": "Code"})
    assert broken(real_time) == set()


def test_exact_online_sdk_posts(sdk: ExactOnlineClient, real_time: Visitor) -> None:
    body = {"JournalCode": "91", "GeneralJournalEntryLines": lines(real_time)}
    made = sdk.post(ENTRIES, json=body)
    assert made["EntryNumber"] == real_time.numbers()[0]
    real_time.admin("settings", page_rows_sync=3)
    params = {"$filter": "Timestamp gt 1", "$select": "ID,Timestamp"}
    pages = list(sdk.iter_pages(SYNC, params=params))
    assert [len(page) for page in pages] == [3, 1]
    sold = sdk.post(SALES, json=sale(real_time))
    assert sold["AmountFC"] == 121.0
    assert broken(real_time) == set()


def test_exact_online_sdk_refreshes_too_early_by_itself(
    sdk: ExactOnlineClient, auth: ExactOnlineAuth, real_time: Visitor
) -> None:
    """It refreshes 60 s before the end: between 540 and 570 s Exact refuses, and so do we."""
    real_time.admin("settings", token_gap_s=570)
    token = auth._storage.get_token()
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=50)
    auth._storage.set_token(Token(token.access_token, "bearer", soon, token.refresh_token))
    with pytest.raises(AuthenticationError):
        sdk.get("!current/Me")
    assert broken(real_time) == {"refresh-too-early"}
