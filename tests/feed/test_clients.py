"""Programs of others read a feed over HTTP, as they were made, with nothing of ours in them."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import urlsplit

import pytest
import requests
from odata import ODataService
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth

from retailvista.cli.web_server import WebServer
from tests.feed.program import make_token
from tests.web.site import BASE


class ToThisMachine(HTTPAdapter):
    """Sends what is for a company's address to the server of this test."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def send(self, request, **kwargs):
        parts = urlsplit(request.url)
        request.headers["Host"] = parts.netloc
        request.url = parts._replace(netloc=f"127.0.0.1:{self.port}").geturl()
        return super().send(request, **kwargs)


@pytest.fixture
def served(site):
    """The site behind the product's own web server; a session of requests that reaches it."""
    server = WebServer(site.app, "127.0.0.1", 0, threads=4)
    server.start()
    with requests.Session() as session:
        session.mount(f"http://groenhof.{BASE}", ToThisMachine(server.port))
        yield session
    server.stop()


@pytest.mark.statement("C-10", "C-14", "C-16")
def test_python_odata_reads_tables_filters_and_follows_ways(site, served, program):
    auth = HTTPBasicAuth(*make_token(site))
    service = ODataService(
        f"http://groenhof.{BASE}/odata/sales/", session=served, auth=auth, reflect_entities=True,
        quiet_progress=True,
    )  # fmt: skip
    assert set(service.entities) >= {"Journals", "JournalLines", "Receipts", "Runs"}
    lines = service.entities["JournalLines"]
    found = service.query(lines).filter(lines.Side == "D").order_by(lines.Amount.desc()).all()
    expected = program.rows("JournalLines", filter="Side eq 'D'", orderby="Amount desc")
    assert [line.Id for line in found] == [row["Id"] for row in expected]
    assert [Decimal(str(line.Amount)) for line in found] == [row["Amount"] for row in expected]
    journals = service.entities["Journals"]
    journal = service.query(journals).filter(journals.Number == 1).first()
    assert journal.Kind == "day"
    assert len(journal.Lines) == len(program.rows("JournalLines"))


def test_pages_are_followed_over_http(site, served, program):
    auth = HTTPBasicAuth(*make_token(site))
    url, rows = f"http://groenhof.{BASE}/odata/sales/Receipts", []
    while url:
        found = served.get(url, auth=auth, headers={"Prefer": "maxpagesize=20"}).json()
        rows += found["value"]
        url = found.get("@odata.nextLink")
    assert len(rows) == len(program.rows("Receipts")) > 60


def test_power_query_asks_and_sees_what_was_changed_meanwhile(site, served, program):
    """The headers of Excel and Power BI; what changes is in the next answer."""
    headers = {
        "Accept": "application/json;odata.metadata=minimal;q=1.0,application/json;odata=minimal"
        "metadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,"
        "application/xml;q=0.7,text/plain;q=0.7",
        "OData-MaxVersion": "4.0", "MaxDataServiceVersion": "3.0",
        "Accept-Encoding": "gzip, deflate", "User-Agent": "Microsoft.Data.Mashup",
    }  # fmt: skip
    root, auth = f"http://groenhof.{BASE}/odata/sales", HTTPBasicAuth(*make_token(site))
    for path in (
        "",
        "/",
        "/$metadata",
        "/Runs?$top=1000",
        "/Runs?$filter=Number%20gt%200&$top=1000",
    ):
        answer = served.get(f"{root}{path}", headers=headers, auth=auth, allow_redirects=False)
        assert answer.status_code == 200, path
        wanted = (
            "application/xml" if "metadata" in path else "application/json;odata.metadata=minimal"
        )
        assert answer.headers["Content-Type"] == wanted
        assert answer.headers["OData-Version"] == "4.0"
    before = int(program.send("Runs/$count").text)
    site.browser("groenhof", "bookkeeper@groenhof.nl").post("/journals/export")
    assert int(program.send("Runs/$count").text) == before + 1
