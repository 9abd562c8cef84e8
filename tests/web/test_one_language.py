"""Nobody reads two languages: every page, with all that went wrong kept on it, is in the reader's.

A crude ear: a text with more English little words than Dutch ones is English. What people typed,
names in the books and what a till wrote stay as they are.
"""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import delete

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.exact_online.catalogue import catalogue
from retailvista.journals import importing
from retailvista.journals.models import LedgerLink
from tests.sandbox.visitor import Visitor
from tests.web.crawling import Page, crawl
from tests.web.desk import CLIENT_ID, PERIOD, Desk, release_and_send, work_all
from tests.web.filling import FILES
from tests.web.test_flows import INCOMING, REPLICATION, add_warehouse

ENGLISH = re.compile(r"\b(the|are|and|not|this|with|that|were|for|from|has|been|to|by)\b", re.I)
DUTCH = re.compile(
    r"\b(de|het|een|niet|wordt|van|voor|met|zijn|nog|geen|deze|dit|naar|bij|als)\b", re.I
)
# What the company keeps in its own language, such as problems of its days, and names in its books.
OF_THE_COMPANY = re.compile(
    r"kassa|bon |Tuincentrum|Omzet|Btw|Tussenrekening|grootboekrekening|https?://", re.I
)

ALL_BUT_LEDGER = ["crm.accounts"]
# Exact's own names of its endpoints.
NAMES = {found.name for found in catalogue().entities}


@pytest.fixture
def eventful(ready: Desk) -> Desk:
    """A company in which much went wrong: each kind of kept text is on some page."""
    Visitor(ready.sandbox).admin("periods", **PERIOD, closed=True)
    release_and_send(ready)
    for name, content in (("stuk.xml", b"<auditfile>"), ("leeg.xml", b""), ("tekst.xml", b"Hi")):
        ready.admin.post("/till-files", files=(io.BytesIO(content), name))
    with company_scope(ready.site.companies["groenhof"]), ready.site.outside.sessions() as session:
        for file in FILES[1:]:
            with file.open("rb") as stream:
                importing.import_till_file(session, file.name, stream, "1", "test")
        with db.transaction(session):
            session.execute(delete(LedgerLink))
    ready.admin.post("/store-days/build")
    ready.admin.post("/control")
    work_all(ready)
    flows_that_went_wrong(ready)
    ready.back("made-up", "code")
    ready.back(ready.start(again=True), "", error="access_denied")
    ready.sandbox.faults.add("html_503", times=3)
    ready.admin.post("/connectors/1/test")
    work_all(ready)
    Visitor(ready.sandbox).admin(
        "revoke", client_id="app-of-groenhof", user="boekhouder@groenhof.example"
    )
    ready.site.outside.clock.move(hours=2)
    ready.admin.post("/connectors/1/test")
    ready.admin.post("/journals/export")
    work_all(ready)
    return ready


def flows_that_went_wrong(desk: Desk) -> None:
    """A replication of which a part has no rights, an item that failed, a run that was stopped."""
    add_warehouse(desk.admin)
    desk.admin.post("/connectors/3/test")
    desk.admin.post("/flows/new", **REPLICATION | {"name": "Warehouse"}, when_how="every")
    transform = {"fields_name": ["Naam"], "fields_value": ["Name.nothing.at.all"]}
    desk.admin.post("/flows/new", **INCOMING | transform)
    desk.admin.post("/flows/new", **INCOMING | {"name": "Uit", "disabled": "yes"})
    Visitor(desk.sandbox).admin("apps", client_id=CLIENT_ID, scopes=ALL_BUT_LEDGER)
    for number in (1, 2):
        desk.admin.post(f"/flows/{number}/fetch")
    work_all(desk)
    desk.admin.post(f"{desk.admin.post('/flows/2/fetch').location}/stop")
    desk.admin.post("/connectors/1/endpoints", entity="financial/GLAccounts")
    desk.admin.post("/variables", name="jaar", value="2026")
    Visitor(desk.sandbox).admin("apps", client_id=CLIENT_ID, scopes=[])


def heard(pages: list[Page], wrong: re.Pattern[str], right: re.Pattern[str]) -> list[str]:
    """Texts that sound like the wrong language, with the first page of each."""
    found: dict[str, str] = {}
    for page in pages:
        for text in page.texts:
            if text not in NAMES and len(wrong.findall(text)) > len(right.findall(text)):
                found.setdefault(text, page.path)
    return [f"{path}: {text}" for text, path in found.items()]


def test_dutch_pages_are_dutch(eventful: Desk):
    pages = crawl(eventful.admin)
    assert len(pages) > 80
    assert any("Geweigerd door de boekhouding" in page.html for page in pages)
    assert not heard(pages, ENGLISH, DUTCH)


def test_english_pages_are_english(eventful: Desk):
    answer = eventful.admin.post(
        "/profile", first_name="Anna", last_name="de Vries", language="en",
        email="administrator@groenhof.nl",
    )  # fmt: skip
    assert answer.status_code == 303
    pages = crawl(eventful.admin)
    assert any("Rejected by the books" in page.html for page in pages)
    dutch = [text for text in heard(pages, DUTCH, ENGLISH) if not OF_THE_COMPANY.search(text)]
    assert not dutch
