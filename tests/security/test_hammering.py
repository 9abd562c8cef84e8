"""One who clicks on, or sends everything at once, does not keep the others from their work."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista.companies.scope import company_scope
from retailvista.db import reading
from retailvista.runs import working
from retailvista.runs.models import Run
from retailvista.web import import_places
from tests.runs.surroundings import Worker
from tests.web.filling import FILES, fill
from tests.web.test_screens import new_token

KINDS = dict.fromkeys(("export", "test", "control", "build"), lambda _outside, _facts: {})


@pytest.fixture
def busy_site(site, clock):
    """The site as it lies there a minute after the last change of anybody."""
    fill(site)
    clock.move(minutes=1)
    return site


@pytest.fixture
def admin(busy_site):
    return busy_site.browser("groenhof", "administrator@groenhof.nl")


def work(site) -> None:
    worker = Worker(site.outside.sessions, "here.1.one")
    while (facts := working.claim(worker, KINDS)) is not None:
        working.work(worker, KINDS, facts)


def runs_of(site, kind: str) -> int:
    with (
        company_scope(site.companies["groenhof"]),
        site.outside.sessions() as session,
        reading(session),
    ):
        return len(session.scalars(select(Run.id).where(Run.kind == kind)).all())


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/journals/export", "export"), ("/connectors/1/test", "test"), ("/control/run", "control")],
)
def test_clicking_on_gives_the_run_that_has_just_ended(busy_site, admin, clock, path, kind):
    before = runs_of(busy_site, kind)
    shown = set()
    for _click in range(36):
        shown.add(admin.post(path).location)
        work(busy_site)
        clock.move(seconds=0.2)
    assert runs_of(busy_site, kind) - before == 1
    assert len(shown) == 1
    clock.move(seconds=10)
    assert admin.post(path).location not in shown


def test_clicking_on_gives_the_run_that_is_being_worked(busy_site, admin, clock):
    first = admin.post("/journals/export").location
    work_site = Worker(busy_site.outside.sessions, "here.1.one")
    while (facts := working.claim(work_site, KINDS)) is not None and facts.kind != "export":
        working.work(work_site, KINDS, facts)
    clock.move(seconds=30)
    assert admin.post("/journals/export").location == first


def test_who_changed_something_gets_a_run_that_sees_it(busy_site, admin, clock):
    first = admin.post("/journals/export").location
    work(busy_site)
    clock.move(seconds=1)
    link = {"kind": "group", "code": "1", "gl_code": "8000"}
    assert admin.post("/ledger-links", **link).status_code == 303
    assert admin.post("/journals/export").location != first


def test_another_question_is_another_run(busy_site, admin, clock):
    first = admin.post("/control/run", **{"from": "2026-03-01"}).location
    work(busy_site)
    clock.move(seconds=1)
    assert admin.post("/control/run", **{"from": "2026-02-01"}).location != first


def test_two_files_of_a_company_are_read_at_a_time(site):
    """The places are those of the running imports, so the test holds them as an import does."""
    admin = site.browser("groenhof", "administrator@groenhof.nl")
    headers = {"Authorization": f"Bearer {new_token(admin, ['receipts:write'])}"}
    send = {"headers": headers, "data": FILES[0].read_bytes()}
    company = site.companies["groenhof"]
    with import_places.place(company) as first, import_places.place(company) as second:
        assert first
        assert second
        refused = admin.send("POST", "/api/receipts?store=1", **send)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) > 0
        with FILES[0].open("rb") as stream:
            page = admin.post("/till-files", store="1", files=(stream, "day.xaa"))
        assert page.status_code == 429
        assert int(page.headers["Retry-After"]) > 0
        assert "Er worden al twee kassabestanden van dit bedrijf gelezen." in page.text
        other = site.browser("bloemhof", "administrator@bloemhof.nl")
        with FILES[0].open("rb") as stream:
            answer = other.post("/till-files", store="1", files=(stream, "day.xaa"))
        assert answer.status_code == 200
    assert admin.send("POST", "/api/receipts?store=1", **send).status_code == 200


def test_an_import_that_fails_gives_its_place_back(site):
    admin = site.browser("groenhof", "administrator@groenhof.nl")
    headers = {"Authorization": f"Bearer {new_token(admin, ['receipts:write'])}"}
    answers = [
        admin.send("POST", "/api/receipts?store=99", headers=headers, data=b"<no file").status_code
        for _n in range(4)
    ]
    assert len(set(answers)) == 1
    assert answers[0] != 429
