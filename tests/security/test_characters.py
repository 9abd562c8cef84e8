"""What no database can hold, or no keyboard types, is refused with a page, never a failure."""

from __future__ import annotations

import io

import pytest
from sqlalchemy import create_engine
from structlog.testing import capture_logs

from retailvista import db
from retailvista.companies import people
from retailvista.companies.scope import company_scope
from tests.web.site import PASSWORD, build
from tests.web.test_screens import new_token
from tests.world import add_company, session_maker

COMPANY = {"name": "Groenhof", "alias": "groenhof", "language": "nl", "country": "NL"}
ADMIN = "administrator@groenhof.nl"


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1b", "\x7f"])
def test_a_character_no_keyboard_types_is_refused_at_the_door(site, character):
    browser = site.browser("groenhof", ADMIN)
    text = f"Groen{character}hof"
    answers = [
        browser.post("/companies/1", **COMPANY | {"name": text}),
        browser.post("/till-files", files=(io.BytesIO(b"<x/>"), "day.xaa"), store=text),
        browser.client.get("/search", query_string={"q": text}, headers={"Host": browser.host}),
        site.browser("groenhof").post("/login", email=text, password=PASSWORD),
    ]
    assert [answer.status_code for answer in answers] == [400] * 4
    assert "dat geen toetsenbord maakt" in answers[0].text
    headers = {"Authorization": f"Bearer {new_token(browser, ['receipts:write'])}"}
    query = {"store": text}
    sent = browser.send("POST", "/api/receipts", query_string=query, headers=headers, data=b"x")
    assert sent.status_code == 400


def test_lines_and_tabs_are_text(site):
    browser = site.browser("groenhof", ADMIN)
    lines = "a@groenhof.nl\r\n\tb@groenhof.nl\n"
    assert browser.post("/companies/1", **COMPANY, warn=lines).status_code == 303


@pytest.fixture
def postgres_browser(tmp_path, clock, postgres_database):
    engine = create_engine(postgres_database, hide_parameters=True)
    db.upgrade(engine)
    session = session_maker(engine)()
    with company_scope(add_company(session)):
        people.add_user(session, ADMIN, "administrator", PASSWORD, "Anna", "Vos", actor="test")
    session.close()
    yield build(tmp_path, clock, engine=engine).browser("groenhof", ADMIN)
    engine.dispose()


@pytest.mark.postgres
def test_what_postgresql_cannot_hold_is_a_page_and_a_line(postgres_browser):
    """A file is no field: its NUL reaches the database. SQLite would hold both values."""
    nul = b"kind,code,sales_type,vat,gl_code\r\ngroup,1\x000,,,8000\r\n"
    profile = {"first_name": "canary" * 500, "last_name": "Vos", "language": "nl", "email": ADMIN}
    with capture_logs() as logs:
        answers = [
            postgres_browser.post("/ledger-links/import", file=(io.BytesIO(nul), "x.csv")),
            postgres_browser.post("/profile", **profile),
        ]
    assert [answer.status_code for answer in answers] == [400, 400]
    noted = [line["why"] for line in logs if line["event"] == "data refused"]
    assert noted == ["DataError", "StringDataRightTruncation"]
    for answer in answers:
        assert "niet kan worden opgeslagen" in answer.text
    assert "canary" not in str(logs)
    assert postgres_browser.get("/").status_code == 200
