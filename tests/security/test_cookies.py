"""A sibling host can set cookies of other names and for the whole domain; none of them counts."""

from __future__ import annotations

import pytest

from tests.web.site import PASSWORD, build

HOST = "groenhof.retailvista.example"


@pytest.fixture
def cookie(tmp_path, clock):
    """The site on https, and the value of a session cookie there."""
    site = build(tmp_path, clock, RV_BASE_URL="https://retailvista.example")
    client = site.app.test_client()
    page = client.get("/login", base_url=f"https://{HOST}").text
    token = page.split('name="csrf_token" value="')[1][:64]
    form = {"email": "viewer@groenhof.nl", "password": PASSWORD, "csrf_token": token}
    assert client.post("/login", data=form, base_url=f"https://{HOST}").status_code == 303
    kept = client.get_cookie("__Host-rv", domain=HOST)
    assert kept is not None
    return site.app, kept.value


def asked_with(app, header: str) -> str:
    """Where the start page sends a browser with this Cookie header; '' = it is shown."""
    raw = header.encode().decode("latin-1")
    stranger = app.test_client(use_cookies=False)
    answer = stranger.get("/", base_url=f"https://{HOST}", headers={"Cookie": raw})
    return answer.location or ""


# Names that other frameworks take for `__Host-rv` after trimming; Chromium lets siblings set them.
ALIKE = ["\u2000__Host-rv", "\u00a0__Host-rv", "\u0085__Host-rv", "__host-rv", "rv", "=__Host-rv"]


@pytest.mark.parametrize("name", ALIKE)
def test_a_name_that_looks_alike_is_another_name(cookie, name):
    app, value = cookie
    assert asked_with(app, f"{name}={value}") == "/login"
    assert not asked_with(app, f"{name}=evil; __Host-rv={value}")


def test_many_cookies_of_siblings_do_not_hide_ours(cookie):
    app, value = cookie
    many = "; ".join(f"c{n}=1" for n in range(400))
    assert not asked_with(app, f"{many}; __Host-rv={value}")
