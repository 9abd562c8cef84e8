"""Clients that others wrote, unmodified: what they read and post must come out right.

`exactonline` (ossobv, LGPL) is the strictest about envelopes: it raises on any key it does not
know. `exact-online-sdk` (MIT) uses HTTP Basic and keep-alive. Both are tests only.
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
from exactonline.api import ExactApi
from exactonline.resource import DELETE, GET, POST
from exactonline.storage.base import ExactOnlineConfig, MissingSetting

from retailvista.sandbox.server import Sandbox
from tests.sandbox.visitor import CLIENT_ID, GROENHOF, SECRET, Visitor

PUBLIC_CALLBACK = "https://testcompany.example/oauth.ashx?provider=25"
ENTRIES = "generaljournalentry/GeneralJournalEntries"
SYNC = "sync/Financial/TransactionLines"


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
    with Sandbox(tmp_path / "peers.sqlite") as running:
        running.store.add_app(CLIENT_ID, SECRET, PUBLIC_CALLBACK)
        yield Visitor(running)


def osso(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> ExactApi:
    monkeypatch.setattr(exactonline.http.opt_secure, "protocols", ("http", "https"))
    base = visitor.sandbox.url
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
    return ExactApi(storage=Memory(values))


def lines(visitor: Visitor) -> list[dict[str, Any]]:
    return [visitor.line("1210", 121), visitor.line("8220", -100, VATCode="2", AmountVATFC=-21)]


def test_exactonline_logs_in_reads_posts_and_deletes(
    real_time: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = osso(real_time, monkeypatch)
    address = api.create_auth_request_url()
    page = real_time.ask("GET", address[len(real_time.sandbox.url) :])
    assert page.status == 200
    api.request_token(real_time.code(redirect_uri=PUBLIC_CALLBACK))

    choices, current = api.get_divisions()
    assert (choices[GROENHOF], current) == ("Tuincentrum Groenhof B.V.", GROENHOF)
    accounts = api.restv1(GET("financial/GLAccounts?$select=Code,Description"))
    assert len(accounts) == 111

    body = {"JournalCode": "91", "EntryNumber": 26000042}
    entry = api.restv1(POST(ENTRIES, body | {"GeneralJournalEntryLines": lines(real_time)}))
    assert (entry["EntryNumber"], entry["Status"]) == (26000042, 20)
    rows = api.restv1(GET(f"{SYNC}?$filter=Timestamp+gt+1&$select=ID,AmountDC,GLAccountCode"))
    assert [(row["GLAccountCode"], row["AmountDC"]) for row in rows] == [
        (None, 0.0),
        ("1210", 121.0),
        ("8220", -100.0),
        ("1500", -21.0),
    ]
    api.restv1(DELETE(f"{ENTRIES}(guid'{entry['EntryID']}')"))
    assert real_time.numbers() == []
    rules = {finding["rule"] for finding in real_time.admin("judge", "GET")["findings"]}
    assert rules <= {"no-accept"}


def test_exact_online_sdk_reads_and_posts(real_time: Visitor) -> None:
    base = real_time.sandbox.url
    real_time.keep(
        real_time.redeem(real_time.code(redirect_uri=PUBLIC_CALLBACK), redirect_uri=PUBLIC_CALLBACK)
    )
    settings = Settings(
        client_id=CLIENT_ID,
        client_secret=SECRET,
        redirect_uri=PUBLIC_CALLBACK,
        base_url=base,
        auth_url=f"{base}/api/oauth2/auth",
        token_url=f"{base}/api/oauth2/token",
        division=GROENHOF,
        timeout=30,
    )
    storage = InMemoryTokenStorage()
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=600)
    storage.set_token(Token(real_time.token, "Bearer", until, real_time.pair["refresh_token"]))
    client = ExactOnlineClient(settings, auth=ExactOnlineAuth(settings, storage=storage))
    assert client.get("!current/Me")[0]["CurrentDivision"] == GROENHOF
    body = {"JournalCode": "91", "GeneralJournalEntryLines": lines(real_time)}
    made = client.post(ENTRIES, json=body)
    assert made["EntryNumber"] == real_time.numbers()[0]
    params = {"$filter": "Timestamp gt 1", "$select": "ID,Timestamp"}
    assert sum(len(page) for page in client.iter_pages(SYNC, params=params)) == 4
    client.close()
