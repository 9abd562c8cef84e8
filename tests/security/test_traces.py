"""Who guesses leaves a trace; what he typed does not."""

from __future__ import annotations

from structlog.testing import capture_logs


def test_a_refused_login_is_logged_without_what_was_typed(site):
    browser = site.browser("groenhof")
    browser.get("/login")
    with capture_logs() as lines:
        browser.post("/login", email="canary@groenhof.nl", password="canary secret")
    (line,) = [line for line in lines if line["event"] == "login refused"]
    assert (line["company"], line["of"]) == (1, "127.0.0.1")
    assert "canary" not in str(lines)
