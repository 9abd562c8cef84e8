"""Extra > Feeds and the profile: making a feed, its tables, its readers, and the tokens for it."""

from __future__ import annotations

import html
import re

import pytest

from tests.feed.program import ALL, Program, make_program
from tests.web.site import BASE

ADMIN = "administrator@groenhof.nl"


@pytest.fixture
def admin(site):
    return site.browser("groenhof", ADMIN)


def copied(page: str) -> list[str]:
    """What the copy icons of a page put on the clipboard."""
    return [html.unescape(text) for text in re.findall(r'data-copy="([^"]*)"', page)]


@pytest.mark.statement("C-07", "C-08", "C-09", "R-38")
def test_a_feed_is_made_step_by_step(site, admin):
    made = admin.post("/feeds", name="Cijfers-2026")
    assert made.status_code == 303
    source = admin.get(made.location).text
    assert 'value="own"' in source
    tick = admin.get(f"{made.location}?source=own").text
    assert re.findall(r'name="table" value="(\w+)"', tick) == [
        "Journals", "JournalLines", "Receipts", "Exports", "StoreDays", "ControlDays", "Runs",
        "LedgerLinks",
    ]  # fmt: skip
    narrow = admin.get(f"{made.location}?source=own&q=journal").text
    assert re.findall(r'name="table" value="(\w+)"', narrow) == ["Journals", "JournalLines"]
    number = made.location.split("/")[2]
    confirmed = admin.post(f"/feeds/{number}/tables", table=["Journals", "Receipts"])
    assert confirmed.location.startswith(f"/feeds/{number}")
    page = admin.get(confirmed.location).text
    service = f"http://groenhof.{BASE}/odata/cijfers-2026/"
    assert {service, f"{service}$metadata", f"{service}Journals", ADMIN} <= set(copied(page))
    assert service in copied(admin.get("/feeds").text)
    for word in ("Excel", "Power BI", "Jitterbit", "Tableau", "curl", "pandas"):
        assert word in page
    program = make_program(site, feed="cijfers-2026")
    assert [entry["name"] for entry in program.get()["value"]] == ["Journals", "Receipts"]


@pytest.mark.parametrize("name", ["", "a", "A b", "-a", "sales", "x" * 41, "é1"])
def test_a_name_that_cannot_stand_in_an_address_is_refused(admin, name):
    answer = admin.post("/feeds", name=name)
    assert answer.status_code == 400
    assert "alert-danger" in answer.text


def test_no_table_chosen_is_said(admin):
    assert "Kies ten minste één tabel" in admin.post("/feeds/1/tables").text
    assert admin.post("/feeds/1/tables", table="Nothing").status_code == 404


@pytest.mark.statement("C-04", "C-05", "C-06")
def test_a_token_is_made_under_a_name_and_shown_once(site, admin):
    made = admin.post("/profile/tokens", name="Power BI", scopes=["feed:read"])
    token = next(text for text in copied(made.text) if text.startswith("rvp_"))
    again = admin.get("/profile").text
    assert "Power BI" in again
    assert token not in again
    second = admin.post("/profile/tokens", name="Excel", scopes=["feed:read:1"]).text
    other = next(text for text in copied(second) if text.startswith("rvp_"))
    assert other != token
    for each in (token, other):
        assert Program(site, "groenhof", "sales", ADMIN, each).send().status_code == 200
    admin.post("/profile/tokens/1/revoke")
    assert Program(site, "groenhof", "sales", ADMIN, token).send().status_code == 401
    assert Program(site, "groenhof", "sales", ADMIN, other).send().status_code == 200


@pytest.mark.statement("C-15")
@pytest.mark.parametrize("path", ["/", "/feeds", "/feeds/1", "/profile", "/connectors", "/runs"])
def test_the_user_name_stands_top_right(site, path):
    page = site.browser("groenhof", "viewer@groenhof.nl").get(path).text
    person = re.search(
        r'class="nav-link dropdown-toggle rv-person".*?<span>([^<]*)</span>', page, re.S
    )
    assert person
    assert person.group(1) == "viewer@groenhof.nl"


@pytest.mark.statement("C-19", "C-20")
def test_a_table_becomes_a_derived_view_under_an_alias(site, admin, program):
    lines = program.rows("JournalLines", filter="Side eq 'D'", orderby="Nr")
    admin.post("/feeds/1/tables", table="JournalLines")
    saved = admin.post(
        "/feeds/1/tables/JournalLines2", alias="Debits", filter="Side eq 'D'",
        column=["Id", "JournalNumber", "Nr", "Amount"], **{"name-Amount": "Bedrag"},
    )  # fmt: skip
    assert saved.status_code == 303, saved.text
    found = program.rows("Debits", orderby="Nr")
    assert [list(row) for row in found] == [["Id", "JournalNumber", "Nr", "Bedrag"]] * len(lines)
    assert [row["Bedrag"] for row in found] == [line["Amount"] for line in lines]
    assert program.send("Debits?$filter=Side eq 'D'").status_code == 400
    assert program.get("Debits?$expand=Journal&$top=1")["value"][0]["Journal"]["Number"] == 1
    assert len(program.rows("JournalLines")) > len(lines)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"alias": "1x"}, "geen naam voor een tabel"),
        ({"alias": "Runs"}, "al een tabel met deze naam"),
        ({"filter": "Nothing eq 1"}, "De voorwaarde is niet bruikbaar. OData zegt: "),
        ({"filter": "Nothing eq 1"}, "has no property"),
        ({"filter": "tolower(Kind) eq 'day'"}, "cannot be kept"),
        ({"name-Kind": "Number"}, "Twee kolommen"),
        ({"name-Kind": "a b"}, "geen naam voor een kolom"),
        ({"column": ["Kind"]}, "is de sleutel"),
    ],
)
def test_what_cannot_be_served_is_not_stored(admin, program, fields, words):
    usual = {"alias": "Journals", "filter": "", "column": ["Number", "Kind"]}
    answer = admin.post("/feeds/1/tables/Journals", **usual | fields)
    assert answer.status_code == 400
    assert html.unescape(answer.text).count(words) == 1, "said, and said once"
    assert len(program.rows("Journals")) == 1


@pytest.mark.statement("C-03")
def test_readers_are_chosen_on_the_screen(site, admin):
    viewer = re.search(
        r'value="(\d+)" id="u--\d"[^>]*><label[^>]*>viewer@', admin.get("/feeds/1").text
    )
    assert viewer
    admin.post("/feeds/1/permissions", table="", everyone="no", user=viewer.group(1))
    admin.post("/feeds/1/permissions", table="Runs", everyone="no")
    own = site.browser("groenhof", "viewer@groenhof.nl").get("/feeds/1").text
    assert "/odata/sales/Journals" in own
    assert "/odata/sales/Runs" not in own
    assert site.browser("groenhof", "bookkeeper@groenhof.nl").get("/feeds/1").status_code == 404
    assert "sales" not in site.browser("groenhof", "bookkeeper@groenhof.nl").get("/feeds").text
    assert admin.post("/feeds/1/permissions", table="", everyone="no", user="99").status_code == 404


def test_a_table_and_a_feed_are_taken_away(admin, program):
    admin.post("/feeds/1/tables/Runs/remove")
    assert [entry["name"] for entry in program.get()["value"]] == sorted({*ALL} - {"Runs"})
    assert admin.post("/feeds/1/remove").status_code == 303
    assert program.send().status_code == 404
    assert admin.get("/feeds/1").status_code == 404
