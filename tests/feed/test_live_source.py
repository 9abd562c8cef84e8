"""A source behind a connector: what travels to Exact, what is done here, and that both agree.

The provider is the sandbox; the upstream of this test asks it as a visitor and decodes its rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from retailvista.errors import Later
from retailvista.feed.answering import Answer, Asked, Offered, answer
from retailvista.feed.edm import Edm
from retailvista.feed.language.exact import Traits
from retailvista.feed.live_source import Limits, LiveShelf, UpstreamPage, Wanted
from retailvista.feed.model import EntitySet, Model, Navigation, Property
from retailvista.sandbox import records
from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.feed.stock import NOW
from tests.sandbox.test_properties import carry_out
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor

ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ACCOUNTS, CONTACTS = "crm/Accounts", "crm/Contacts"
PEOPLE = EntitySet(
    "People",
    "Key",
    (
        Property("Key", Edm.GUID, nullable=False),
        Property("Name", Edm.STRING),
        Property("Company", Edm.GUID),
        Property("Born", Edm.DATE),
        Property("Rank", Edm.INT32),
    ),
    (Navigation("Relation", "Relations", "Company", "Key"),),
)
RELATIONS = EntitySet(
    "Relations",
    "Key",
    (Property("Key", Edm.GUID, nullable=False), Property("Name", Edm.STRING)),
    (Navigation("People", "People", "Key", "Company", many=True),),
)
NAMES = {
    "People": {
        "Key": "ID", "Name": "LastName", "Company": "Account", "Born": "BirthDate",
        "Rank": "AccountIsCustomer",
    },
    "Relations": {"Key": "ID", "Name": "Name"},
}  # fmt: skip
PLACES = {"People": CONTACTS, "Relations": ACCOUNTS}


class Visited:
    """One entity of the sandbox; remembers what it was asked."""

    def __init__(self, visitor: Visitor, table: str, live: Live) -> None:
        self.visitor, self.table, self.live = visitor, table, live
        self.traits = Traits(NAMES[table])
        self.sortable = frozenset({"Key", "Born"})

    def ask(self, options: dict[str, str]) -> dict:
        query = "&".join(f"${name}={quote(text)}" for name, text in options.items() if text)
        target = f"/api/v1/{GROENHOF}/{PLACES[self.table]}?{query}"
        if len(self.live.seen) >= self.live.calls:
            raise Later("No calls are left.", not_before=NOW + timedelta(seconds=89.5))
        self.live.seen.append(query)
        status, found = carry_out(self.visitor, "GET", target)
        assert status == 200, found
        return found["d"]

    def page(self, wanted: Wanted, token: str) -> UpstreamPage:
        found = self.ask({
            "filter": wanted.filter, "select": ",".join(wanted.select), "orderby": wanted.order,
            "top": "" if wanted.top is None else str(wanted.top), "skiptoken": token,
        })  # fmt: skip
        rows = found if isinstance(found, list) else found["results"]
        following = found.get("__next", "") if isinstance(found, dict) else ""
        following = parse_qs(urlsplit(following).query).get("$skiptoken", [""])[0]
        return UpstreamPage([self.decoded(row) for row in rows], following)

    def count(self, wanted: Wanted) -> int | None:
        found = self.ask({"filter": wanted.filter, "inlinecount": "allpages", "top": "1"})
        return int(found["__count"])

    def decoded(self, row: dict) -> dict:
        """Under the names of the feed."""
        back = {theirs: ours for ours, theirs in NAMES[self.table].items()}
        found = {back[name]: value for name, value in row.items() if name in back}
        for name in ("Key", "Company"):
            if found.get(name):
                found[name] = UUID(found[name])
        if found.get("Born"):
            moment = int(found["Born"].strip("/Date()")) / 1000
            found["Born"] = datetime.fromtimestamp(moment, UTC).date()
        if "Rank" in found:
            found["Rank"] = None if found["Rank"] is None else int(found["Rank"])
        return found


class Live:
    """A feed of the two entities, and what the provider saw."""

    def __init__(self, visitor: Visitor, rows_most: int = 100, batch: int = 500) -> None:
        self.seen: list[str] = []
        self.calls = 1000
        limits = Limits(rows_most, batch)
        tables = {"People": PEOPLE, "Relations": RELATIONS}
        shelf = LiveShelf(tables, lambda name: Visited(visitor, name, self), limits)
        self.offered = Offered(Model((PEOPLE, RELATIONS)), shelf, NOW)

    def ask(self, path: str, prefer: str = "") -> Answer:
        place, _question, query = path.partition("?")
        asked = Asked(
            place, query.replace(" ", "%20"), "http://x/odata/live", "GET", {"Prefer": prefer}
        )
        return answer(asked, self.offered)

    def get(self, path: str, prefer: str = "") -> tuple[int, dict]:
        found = self.ask(path, prefer)
        return found.status, json.loads(b"".join(found.body), parse_float=Decimal)

    def names(self, path: str) -> list[str]:
        status, found = self.get(path)
        assert status == 200, found
        return [row["Name"] for row in found["value"]]


@pytest.fixture(scope="module")
def visitor(tmp_path_factory) -> Iterator[Visitor]:
    path = tmp_path_factory.mktemp("live") / "rows.sqlite"
    switches = {"limits": False, "mandatory_filter": False}
    with Sandbox(path, clock=TestClock(), settings=switches) as running:
        running.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        store = running.store
        with store.transaction() as db:
            for place in (ACCOUNTS, CONTACTS):
                db.execute(
                    "DELETE FROM record WHERE entity = ? AND Division = ?", (place, GROENHOF)
                )
        firms = records.put(store, GROENHOF, ACCOUNTS, [{"Name": n} for n in ("Aa", "bb", "Cc")])
        people = [
            {
                "LastName": ["Ada", "ada", "Bo", "", "Cy"][n % 5] + str(n // 5),
                "Account": None if n % 4 == 3 else firms[n % 4].key,
                "BirthDate": int((START + timedelta(days=n)).timestamp() * 1000),
            }
            for n in range(25)
        ]
        records.put(store, GROENHOF, CONTACTS, people)
        store.set("page_rows", 4)
        yield Visitor(running).log_in()


@pytest.fixture
def live(visitor) -> Live:
    return Live(visitor)


def test_filter_select_order_and_top_travel(live):
    path = "People?$filter=Born ge 2026-03-10&$select=Name,Born&$orderby=Born desc&$top=3"
    status, found = live.get(path)
    assert status == 200
    assert [row["Born"] for row in found["value"]] == ["2026-03-25", "2026-03-24", "2026-03-23"]
    sent = parse_qs(live.seen[0])
    assert sent["$filter"] == ["BirthDate ge datetime'2026-03-10T00:00:00'"]
    assert sent["$orderby"] == ["BirthDate desc"]
    assert set(sent["$select"][0].split(",")) == {"ID", "LastName", "BirthDate"}
    assert sent["$top"] == ["4"]  # one more shows whether there is a next page
    assert len(live.seen) == 1


def test_what_exact_reads_otherwise_is_done_here(live):
    assert live.names("People?$filter=Name eq 'ada0'") == ["ada0"]
    assert "$top" not in live.seen[0]
    assert parse_qs(live.seen[0])["$filter"] == ["LastName eq 'ada0'"]
    assert live.names("People?$filter=Name eq 'ada0'&$top=1") == ["ada0"]
    everybody = live.names("People")
    assert sorted(live.names("People?$orderby=Name")) == sorted(everybody)
    assert live.names("People?$orderby=Name") == sorted(everybody)
    assert live.names("People?$filter=endswith(Name,'4')") == [
        name for name in everybody if name.endswith("4")
    ]


def test_pages_of_the_feed_and_of_the_provider_may_differ(live):
    everybody = [row["Key"] for row in live.get("People")[1]["value"]]
    for size in (1, 3, 4, 7, 24, 25):
        for query in ("", "$orderby=Name", "$orderby=Born desc", "$filter=Name ne 'x'"):
            found, link = [], f"People?{query}"
            while link:
                page = live.get(link, f"maxpagesize={size}")[1]
                assert len(page["value"]) <= size
                found += [row["Key"] for row in page["value"]]
                link = page.get("@odata.nextLink", "").removeprefix("http://x/odata/live/")
            assert sorted(found) == sorted(everybody), (size, query)


def test_counts_are_the_providers_when_all_was_sent(live):
    assert live.get("People?$count=true&$top=0&$filter=Born ge 2026-03-10")[1]["@odata.count"] == 16
    counted = live.seen[0]
    assert "$inlinecount=allpages" in counted
    names = live.names("People?$filter=contains(Name,'da')")
    status, found = live.get("People?$count=true&$filter=contains(Name,'da')")
    assert (status, found["@odata.count"]) == (200, len(names))


def test_relatives_are_fetched_a_few_keys_at_a_time(live):
    status, found = live.get("People?$expand=Relation($select=Name)&$filter=Company ne null&$top=9")
    assert status == 200
    assert {row["Relation"]["Name"] for row in found["value"]} == {"Aa", "bb", "Cc"}
    assert len([query for query in live.seen if "or%20ID%20eq" in query]) == 1
    firms = live.get("Relations?$expand=People($select=Name;$filter=contains(Name,'da'))")[1][
        "value"
    ]
    assert all(person["Name"].lower().startswith("ada") for f in firms for person in f["People"])
    assert live.names("Relations?$filter=People/any(p:p/Name eq 'ada0')") == ["bb"]
    assert live.names("People?$filter=Relation/Name eq 'Aa'&$orderby=Relation/Name desc,Born") == [
        row["Name"] for row in live.get("People?$orderby=Born&$expand=Relation")[1]["value"]
        if row["Relation"] and row["Relation"]["Name"] == "Aa"
    ]  # fmt: skip


def test_too_many_rows_to_sort_here_are_refused(visitor):
    live = Live(visitor, rows_most=20)
    status, found = live.get("People?$orderby=Name")
    assert (status, found["error"]["code"]) == (413, "TooManyRows")
    assert live.get("People?$orderby=Born")[0] == 200


def test_when_calls_have_run_out_nothing_looks_like_the_whole(visitor):
    live = Live(visitor, batch=5)
    live.calls = 0
    found = live.ask("People")
    assert (found.status, found.headers["Retry-After"]) == (503, "90")
    assert json.loads(b"".join(found.body))["error"]["message"] == "No calls are left."
    live.calls = 2
    assert live.ask("People?$orderby=Name").status == 503  # all rows are read before the first byte
    live.seen.clear()
    live.calls = 4
    status, part = live.get("People?$expand=Relation")
    assert (status, 0 < len(part["value"]) < 25) == (200, True)
    link = part["@odata.nextLink"].removeprefix("http://x/odata/live/")
    assert live.ask(link).status == 503  # the rest comes when calls are there again
    live.calls = 1000
    rest = live.get(link)[1]["value"]
    assert len(part["value"]) + len(rest) == 25
