"""What a bookkeeper is told to do next: after a reversal, and after a difference with Exact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.journals.building import build_journals
from retailvista.journals.control import CHANGED, ControlDifference
from retailvista.journals.models import ControlDay, Evidence, Export, JournalRow
from retailvista.web import words
from tests.web.filling import a_receipt, fill
from tests.web.site import Browser, Site


@contextmanager
def changing(site: Site) -> Iterator[Session]:
    """What happens elsewhere in the company, in one transaction."""
    with (
        company_scope(site.companies["groenhof"]),
        site.outside.sessions() as session,
        db.transaction(session),
    ):
        yield session


def test_a_reversed_day_is_built_again_from_its_page(site: Site, admin: Browser) -> None:
    fill(site)
    with changing(site) as session:
        session.execute(update(JournalRow).values(state="exported"))
    assert "build-again" not in admin.get("/journals/1").text
    answer = admin.post("/journals/1/reverse", reason="verkeerde rekening")
    assert answer.headers["Location"].startswith("/journals/2")
    assert "Tegengeboekt door Journaalpost 2" in admin.get("/journals").text
    assert "Tegenboeking Omzet Planten en bloemen 9%" in admin.get("/journals/2").text
    listed = admin.get("/journals").text
    assert "niet meegeteld: tegengeboekte journaalposten en hun tegenboekingen" in listed
    assert "<div>EUR 0,00</div>" in listed
    assert "hun tegenboekingen EUR 24.075,26" in listed
    page = admin.get("/journals/1").text
    assert "/journals/1/build-again" in page
    assert "dus staan zijn bonnen niet in de boekhouding" in page
    assert "/runs/" in admin.post("/journals/1/build-again").headers["Location"]
    with company_scope(site.companies["groenhof"]), site.outside.sessions() as session:
        (built,) = build_journals(session, None, "test").built
    assert (built.debit, built.business_date) == (1203763, date(2026, 3, 10))
    assert "/journals/1/build-again" not in admin.get("/journals/1").text


def test_a_receipt_of_a_reversed_journal_names_the_reversal(site: Site, admin: Browser) -> None:
    fill(site)
    with changing(site) as session:
        booked(session)
    receipt = "/receipts/1/" + "/".join(a_receipt(site, "groenhof"))
    assert "Geboekt en gecontroleerd" in admin.get(receipt).text
    admin.post("/journals/1/reverse", reason="verkeerde rekening")
    page = admin.get(receipt).text
    assert "Tegengeboekt door" in page
    assert "/journals/2" in page
    assert "Geboekt en gecontroleerd" not in page


def booked(session: Session) -> None:
    """Journal 1 stands in the books, with what happened told."""
    row = session.scalars(select(JournalRow)).one()
    connector = session.scalars(select(Connector)).first()
    assert connector is not None
    seat = PostingSeat(seat_key="x", connector_id=connector.id, division=1, journal_code="91")
    session.add(seat)
    session.flush()
    now = db.now(session)
    export = Export(
        journal_id=row.id, connector_id=connector.id, seat_id=seat.id, lane_key="l", site="s",
        division=1, journal_code="91", year=2026, period=3, entry_number=26_000_001,
        posting_key="k1", state="verified", not_before=now, created_at=now,
    )  # fmt: skip
    session.add(export)
    session.flush()
    session.add(Evidence(export_id=export.id, at=now, attempt=1, kind="posted", text=""))
    row.state = "exported"


def test_the_vat_of_a_return_is_negative_and_a_moment_is_told_once(
    site: Site, admin: Browser
) -> None:
    fill(site)
    with changing(site) as session:
        booked(session)
    page = admin.get("/journals/1").text
    amounts = re.sub(r' data-name="[^"]*"', "", page)
    assert '<td class="rv-number">-21,00</td><td class="rv-number">100,00</td>' in amounts
    assert '<td class="rv-number">630,00</td><td class="rv-number"></td>' in amounts
    (moment,) = re.findall(r"<time>(.*?)</time>", page)
    assert re.fullmatch(r"\d+ \w+\.? 20\d\d · \d\d:\d\d:\d\d", moment)


def test_what_control_found_stands_on_the_journal_and_says_what_to_do(
    site: Site, admin: Browser
) -> None:
    fill(site)
    text = "Line on account 2000: 36.75 sent, 0.00 stored. Account 9411 in total: 0.00 sent,"
    text += " 36.75 stored."
    found = ControlDifference(date(2026, 3, 10), CHANGED, 26000001, text, 1)
    with changing(site) as session:
        connector = session.scalars(select(Connector)).first()
        assert connector is not None
        seat = PostingSeat(seat_key="x", connector_id=connector.id, division=1, journal_code="91")
        session.add(seat)
        session.flush()
        session.add(
            ControlDay(
                seat_id=seat.id,
                business_date=found.on,
                checked_at=db.now(session),
                local_debit=3675,
                books_debit=3675,
                entries=1,
                differences=[found.to_json()],
            )
        )
    said = (
        "Regel op rekening 2000: 36,75 verzonden, 0,00 in de boekhouding."
        " Rekening 9411 in totaal: 0,00 verzonden, 36,75 in de boekhouding."
    )
    journal = admin.get("/journals/1").text
    assert "De aansluiting vond een verschil met de boekhouding." in journal
    assert said in journal
    control = admin.get("/control").text
    assert said in control
    assert "/journals/1" in control
    assert "Ga na wie haar heeft gewijzigd" in control
    assert "Netto debet boekhouding" in control
    assert '<td data-name="Dagboek" class="rv-code">91</td>' in control


def test_a_preview_names_the_administration_before_the_release(site: Site, admin: Browser) -> None:
    """Also why an unknown check has one amount only."""
    fill(site)
    with changing(site) as session:
        session.execute(
            update(Connector).values(
                draft=False, journal_code="91", division=1, division_name="Groenhof B.V."
            )
        )
    page = admin.get("/journals/1").text
    assert "Groenhof B.V. (dagboek 91" in page
    assert "geteld in de lade is wat er hoort te liggen" in page
    assert "betalingen zijn verkopen, overige ontvangsten en uitgaven, en afronding" in page


@pytest.mark.parametrize(
    ("kind", "dutch"),
    [
        ("check", "Nog niet zeker: eerst opgezocht in de boekhouding"),
        ("rejected", "Geweigerd door de boekhouding"),
        ("posted", "Geboekt"),
        ("conflict", "Wijkt af van de boekhouding"),
        ("read back: verified", "Teruggelezen: Geboekt en gecontroleerd"),
    ],
)
def test_what_happened_is_told_in_dutch(site: Site, kind: str, dutch: str) -> None:
    with site.app.test_request_context("/"):
        assert words.evidence_word(kind) == dutch
