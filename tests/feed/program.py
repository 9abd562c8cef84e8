"""A program that reads feeds: a user name, a token, and what comes back."""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import select
from werkzeug.test import TestResponse

from retailvista import db
from retailvista.companies import tokens
from retailvista.companies.models import User
from retailvista.companies.scope import company_scope
from retailvista.feed import feeds
from tests.web.site import BASE, Site

ALL = [
    "Journals", "JournalLines", "Receipts", "Exports", "StoreDays", "ControlDays", "Runs",
    "LedgerLinks",
]  # fmt: skip


class Program:
    """Sends requests to one feed with one token."""

    def __init__(self, site: Site, alias: str, feed: str, user: str, token: str) -> None:
        self.client = site.app.test_client(use_cookies=False)
        self.root = f"http://{alias}.{BASE}/odata/{feed}"
        self.host, self.feed = f"{alias}.{BASE}", feed
        self.headers = {"Host": self.host, "Authorization": basic(user, token)}

    def send(self, path: str = "", method: str = "GET", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("/") else f"/odata/{self.feed}/{path}"
        return self.client.open(
            url, method=method, headers={**self.headers, **named}, buffered=True
        )

    def get(self, path: str = "", **headers: str) -> Any:
        """The JSON of an answer that must be 200, decimals exact."""
        answer = self.send(path, **headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text}"
        return json.loads(answer.get_data(), parse_float=Decimal)

    def rows(self, table: str, **options: str) -> list[dict[str, Any]]:
        """All rows, following the links to the next pages."""
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in options.items())
        found = self.get(f"{table}?{query}")
        rows = found["value"]
        while "@odata.nextLink" in found:
            parts = urlsplit(found["@odata.nextLink"])
            assert found["@odata.nextLink"].startswith(self.root)
            found = self.get(f"{parts.path}?{parts.query}")
            rows += found["value"]
        return rows


def basic(user: str, token: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def make_feed(site: Site, alias: str = "groenhof", name: str = "sales", tables=tuple(ALL)) -> int:
    """A feed with own tables; its number."""
    with company_scope(site.companies[alias]), site.outside.sessions() as session:
        number = feeds.add_feed(session, name, "test")
        feeds.add_own_tables(session, number, list(tables), "test")
        return number


def make_token(
    site: Site, alias: str = "groenhof", role: str = "viewer", scope: str = "feed:read"
) -> tuple[str, str]:
    """User name and token."""
    user = f"{role}@{alias}.nl"
    with company_scope(site.companies[alias]), site.outside.sessions() as session:
        with db.reading(session):
            person = session.scalars(select(User).where(User.email == user)).one()
        return user, tokens.create_token(session, person, "test", [scope], None, "test")


def make_program(
    site: Site, alias: str = "groenhof", role: str = "viewer", feed: str = "sales"
) -> Program:
    return Program(site, alias, feed, *make_token(site, alias, role))
