"""Numbers from outside: a spelling that no database takes is answered, never a bug of ours."""

from __future__ import annotations

import pytest

from tests.web.site import PASSWORD

HUGE = "9" * 25
PLACES = [
    "/connectors/{}", "/connectors/{}/oauth", "/connectors/{}/status", "/journals/{}",
    "/journals/{}/lines/1", "/journals/1/lines/{}", "/runs/{}", "/runs/{}/body", "/companies/{}",
]  # fmt: skip
QUERIES = [
    "/runs?before={}", "/till-files?before={}", "/audit?before={}", "/journals?connector={}",
    "/journals?after=2026-03-10_{}",
]  # fmt: skip
BODIES = [
    ("/journals/release", "number"), ("/connectors/99/division", "division"),
    ("/schedules/99/export", "every"),
]  # fmt: skip


@pytest.fixture
def admin(site):
    return site.browser("groenhof", "administrator@groenhof.nl")


@pytest.mark.parametrize("number", [HUGE, "2147483648", "²", "١٢"])
def test_a_number_that_cannot_exist_is_not_found(admin, number):
    assert {
        place: admin.get(place.format(number)).status_code for place in PLACES
    } == dict.fromkeys(PLACES, 404)
    assert {place: admin.get(place.format(number)).status_code for place in QUERIES} == (
        dict.fromkeys(QUERIES, 200)
    )
    assert admin.get(f"/oauth.ashx?provider={number}&state=x&code=y").status_code == 404
    for path, name in BODIES:
        assert admin.post(path, **{name: number}).status_code in (400, 404), path


@pytest.mark.parametrize("number", ["²", "١", HUGE])
def test_a_company_number_in_other_digits_is_no_company(site, number):
    browser = site.browser("")
    answer = browser.post("/login", email="viewer@groenhof.nl", password=PASSWORD, company=number)
    assert answer.status_code == 400
    strange = browser.send(
        "GET", "/", headers={"Cookie": f"rv={number}.x".encode().decode("latin-1")}
    )
    assert strange.location == "/login"


def test_another_spelling_of_the_company_number_gives_no_further_guesses(site):
    browser = site.browser("")
    answers = [
        browser.post(
            "/login", email="viewer@groenhof.nl", password="a wrong guess", company=spelling
        ).status_code
        for spelling in ("1", "01", "001", "0001", " 1", "1 ", "00001", "000001", "1", "1", "1")
    ]
    assert answers == [400] * 10 + [429]
