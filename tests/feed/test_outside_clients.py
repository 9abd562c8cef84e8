"""Programs of others read a feed over HTTP as they were made: @odata/client, o.js, OpenUI5, dlt.

python-odata and the headers of Power Query are in test_clients.py. docs/feeds.md tells what each
of them needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Route, sync_playwright

from tests.conftest import TestClock
from tests.feed.outsiders import PACKAGES, SCRIPTS, dlt, node
from tests.feed.program import basic
from tests.feed.serving import Served, serving

UI5 = PACKAGES / "@openui5" / "sap.ui.core" / "src"
HERE = f"--require {SCRIPTS / 'to_this_machine.cjs'}"


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), TestClock()) as found:
        yield found


@pytest.fixture(scope="module")
def largest(served) -> list[dict]:
    """The debit lines with the largest amounts."""
    return served.program.rows("JournalLines", filter="Side eq 'D'", orderby="Amount desc")


@pytest.mark.statement("C-10", "C-14")
def test_odata_client_filters_orders_counts_and_expands(served, largest):
    found = json.loads(node(SCRIPTS / "odata_client.cjs", **served.address, NODE_OPTIONS=HERE))
    assert found == {
        "count": len(largest), "ids": [row["Id"] for row in largest[:3]], "debits": len(largest),
        "kind": "day", "lines": len(served.program.rows("JournalLines")), "one": [1],
    }  # fmt: skip


@pytest.mark.statement("C-10", "C-14")
def test_o_js_reads_rows_and_is_told_what_is_wrong(served, largest):
    found = json.loads(node(SCRIPTS / "o_js.cjs", **served.address, NODE_OPTIONS=HERE))
    assert found["ids"] == [row["Id"] for row in largest[:3]]
    assert found["journal"] == len(served.program.rows("JournalLines"))
    assert found["page"] == 10  # it does not go on by itself: this is why there is $top
    assert found["more"].startswith(f"{served.root}Receipts?")
    assert found["refused"] == {"status": 400, "said": "Receipts has no property 'Nothing'."}


@pytest.mark.statement("C-10")
def test_dlt_loads_a_table_page_by_page_and_then_only_what_is_new(served, tmp_path):
    found = json.loads(dlt(SCRIPTS / "with_dlt.py", str(tmp_path), **served.address))
    rows = len(served.program.rows("Receipts"))
    assert rows > 60  # pages of 20
    assert found == {"loaded": [rows, 0], "rows": rows, "ids": rows}


@pytest.mark.browser
@pytest.mark.statement("C-10", "C-16")
def test_openui5_reads_tables_with_their_types(served, largest, chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.route("**/ui5/**", _from_the_package)
        page.route("**/page.html", lambda route: route.fulfill(path=SCRIPTS / "openui5.html"))
        page.goto(served.root.replace("odata/sales/", "page.html"))
        found = page.evaluate(
            "asked => window.read(asked)",
            {"serviceUrl": served.root, "authorization": basic(served.user, served.token)},
        )
        browser.close()
    assert [row["Id"] for row in found["rows"]] == [row["Id"] for row in largest[:3]]
    # Its Decimal is a text: it asks for IEEE754Compatible.
    assert [Decimal(row["Amount"]) for row in found["rows"]] == [r["Amount"] for r in largest[:3]]
    assert {type(row["Amount"]) for row in found["rows"]} == {str}
    assert [row["Journal"]["Number"] for row in found["rows"]] == [1, 1, 1]
    assert found["count"] == len(largest)
    assert found["types"] == ["Edm.Decimal", 2, "sap.ui.model.odata.type.Date"]
    assert found["lines"] == len(served.program.rows("JournalLines"))


def _from_the_package(route: Route) -> None:
    file = UI5 / route.request.url.partition("/ui5/")[2].partition("?")[0]
    if file.is_file():
        route.fulfill(path=file)
    else:
        route.fulfill(status=404)
