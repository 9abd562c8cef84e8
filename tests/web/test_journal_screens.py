"""From till file to journal on the screens: handing in, linking, reading, releasing, the CSV."""

from __future__ import annotations

import io
import re

import pytest

from tests.web.filling import FILES, fill
from tests.web.test_screens import COMPANY


def has_no_place_left(text: str) -> bool:
    return not re.search(r"%\(\w+\)s|\{\d\}|\{\{|None<", text)


def test_a_till_file_is_read_and_reading_it_again_says_so(site, admin):
    first = hand_in(admin)
    assert "108 bonnen: 108 nieuw, 0 al bekend." in first.text
    assert "al eerder ingelezen" in hand_in(admin).text
    broken = admin.post("/till-files", files=(io.BytesIO(b"<auditfile>"), "stuk.xml"))
    assert "stuk.xml" in broken.text
    assert "Geweigerd" in broken.text
    assert has_no_place_left(broken.text)


def hand_in(browser):
    return browser.post("/till-files", files=(io.BytesIO(FILES[0].read_bytes()), FILES[0].name))


def test_a_day_without_links_is_held_with_its_remedy_until_initialise(site, admin):
    admin.post("/companies/1", **COMPANY)
    hand_in(admin)
    assert "Ontbrekende koppelingen" in admin.get("/ledger-links").text
    done = admin.post("/ledger-links/initialise")
    assert "koppelingen voorgesteld" in done.text
    assert "Ontbrekende koppelingen" not in done.text
    answer = admin.post("/store-days/build")
    assert answer.location == "/runs/1"
    assert 'data-state="waiting"' in admin.get("/runs/1/body").text


@pytest.mark.statement("R-51")
def test_the_journal_shows_lines_checks_and_the_way_to_the_receipt(site, admin):
    fill(site)
    assert "EUR 12.037,63" in admin.get("/journals").text
    page = admin.get("/journals/1").text
    assert page.count("12.037,63") >= 3
    assert "debet is gelijk aan credit" in page
    assert has_no_place_left(page)
    line = admin.get("/journals/1/lines/2").text
    receipt = re.search(r'href="(/receipts/[^"]+)"', line)
    assert receipt
    assert 'href="/journals/1"' in admin.get(receipt.group(1)).text


@pytest.mark.statement("R-01")
def test_releasing_without_a_connector_says_what_is_missing(site, admin):
    fill(site)
    answer = admin.post("/journals/release", number="1")
    assert "0 journaalposten vrijgegeven" in answer.text
    assert "dagboek" in answer.text
    assert has_no_place_left(answer.text)


@pytest.mark.statement("R-54")
def test_the_csv_file_has_the_documented_columns(site, admin):
    fill(site)
    answer = admin.get("/journals.csv?store=1")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    lines = answer.text.splitlines()
    assert lines[0].startswith("Line number,Journal entry,Journal,Year,Period,Date,Amount")
    assert ",2026-03-10," in lines[2]
