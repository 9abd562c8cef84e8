"""The help page: to read in the light and in the dark, to print, to judge."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import select

from retailvista.companies.models import AuditEvent
from retailvista.companies.scope import company_scope
from tests.web.site import build

STYLES = Path(__file__).parents[2] / "retailvista" / "web" / "static" / "app.css"


@pytest.mark.statement("R-55")
def test_the_help_tells_how_to_start_when_it_was_written_and_how_long_it_takes(admin):
    page = admin.get("/help").text
    assert "Hoe start ik een koppeling met Exact Online?" in page
    assert "data-print" in page
    found = re.search(r"(\d{1,2} [a-z]+ 20\d\d) · (\d+) minuten lezen", page)
    assert found, page
    words = len(re.sub(r"<[^>]+>", " ", page.split("<article")[1].split("</article>")[0]).split())
    assert int(found.group(2)) == -(-words // 200)
    admin.post(
        "/profile", first_name="Anna", last_name="de Vries", language="en",
        email="administrator@groenhof.nl",
    )  # fmt: skip
    assert re.search(r"20\d\d · \d+ minutes to read", admin.get("/help").text)


@pytest.mark.statement("R-55")
def test_the_help_is_light_or_dark_as_the_system_or_the_reader_wants_and_prints_light(admin):
    themed = 'class="rv-help" data-bs-theme="{}"'
    assert "rv-help" in admin.get("/help").text
    assert themed.format("dark") not in admin.get("/help").text
    for theme in ("light", "dark"):
        assert themed.format(theme) in admin.get(f"/help?theme={theme}").text
    assert "pink" not in admin.get("/help?theme=pink").text
    styles = STYLES.read_text(encoding="utf-8")
    by_system = styles.split("@media (prefers-color-scheme: dark) {")[1]
    assert ".rv-help:not([data-bs-theme])" in by_system
    assert ".rv-help .rv-panel { background: #fff !important" in styles.split("@media print {")[1]


@pytest.mark.statement("R-55")
def test_what_a_reader_thinks_of_it_is_kept(site):
    viewer = site.browser("groenhof", "viewer@groenhof.nl")
    answer = viewer.post("/help", helpful="no", missing="Een filmpje")
    assert "Dank u" in viewer.get(answer.location).text
    assert viewer.post("/help", helpful="perhaps").status_code == 409
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "help judged"))
    assert (event.actor, event.detail) == (
        "viewer@groenhof.nl",
        {"helpful": "no", "missing": "Een filmpje"},
    )
    reader = site.browser("groenhof", "bookkeeper@groenhof.nl")
    assert "Een filmpje" in reader.get("/audit").text


@pytest.mark.statement("D-45", "D-51", "D-52")
def test_every_page_leads_to_help_and_limits_and_says_whose_product_it_is(admin, tmp_path, clock):
    for path in ("/", "/connectors", "/runs"):
        footer = admin.get(path).text.split("<footer")[1]
        assert 'href="/help/limitations#ask"' in footer, path
        assert "Geen product van Exact en niet door Exact ondersteund." in footer, path
    page = admin.get("/help/limitations").text
    assert "niets gaat langs een derde" in page
    assert "RV_SUPPORT_URL" in page
    folder = tmp_path / "other"
    folder.mkdir()
    other = build(folder, clock, RV_SUPPORT_URL="https://help.example/ticket")
    asked = other.browser("groenhof", "viewer@groenhof.nl").get("/help/limitations").text
    assert 'href="https://help.example/ticket"' in asked
    assert "RV_SUPPORT_URL" not in asked
