"""The small Sage Accounting: what developer.sage.com says of OAuth, lists, journals and errors."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.sandbox.sage_visitor import AUTHORISE, BRITAIN, FRANCE, IRELAND, SageVisitor
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, NORWEGIAN, SECRET

KEY = "c3a8adaa26daf36e02f3c672b69e3323"


@pytest.fixture
def sage(tmp_path, clock: TestClock) -> Iterator[SageVisitor]:
    """A logged-in visitor of the Irish business."""
    with Sandbox(tmp_path / "sandbox.sqlite", clock=clock) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        yield SageVisitor(sandbox).log_in()


def rules(sage: SageVisitor) -> list[str]:
    return [finding["rule"] for finding in sage.sandbox.judge.findings()]


def test_the_authorise_address_has_a_query_already_and_the_state_comes_back(sage) -> None:
    page = sage.ask(
        "GET",
        f"{AUTHORISE}&client_id={CLIENT_ID}&redirect_uri={CALLBACK}"
        "&response_type=code&scope=full_access&state=s1",
    )
    assert page.status == 200
    assert b"username" in page.body
    fields = {"client_id": CLIENT_ID, "redirect_uri": CALLBACK, "response_type": "code"}
    login = {"username": "boekhouder@groenhof.example", "password": "sandbox", "state": "s1"}
    allowed = sage.form(AUTHORISE, fields | login | {"answer": "allow"})
    assert parse_qs(urlsplit(allowed.headers["Location"]).query)["state"] == ["s1"]
    denied = sage.form(AUTHORISE, fields | login | {"answer": "deny"})
    assert "error=access_denied" in denied.headers["Location"]
    assert sage.form("/oauth2/auth/central", fields | login).status == 400
    other = sage.form(AUTHORISE, fields | login | {"redirect_uri": "http://elsewhere.example/"})
    assert (other.status, other.headers.get("Location")) == (400, None)


def test_a_code_lives_sixty_seconds_and_works_once(sage, clock: TestClock) -> None:
    late, code = sage.code(), sage.code()
    assert sage.redeem(code).status == 200
    again = sage.redeem(code)
    assert (again.status, again.json) == (400, {"error": "invalid_grant"})
    clock.move(seconds=61)
    assert sage.redeem(late).json == {"error": "invalid_grant"}
    elsewhere = sage._token("authorization_code", code=sage.code(), redirect_uri="http://x.example")
    assert elsewhere.json == {"error": "invalid_grant"}


def test_tokens_are_long_live_five_minutes_and_a_refresh_works_once(sage, clock: TestClock) -> None:
    assert 1200 < len(sage.token) < 2048
    assert sage.pair["expires_in"] == 300
    assert sage.pair["refresh_token_expires_in"] == 31 * 86_400
    clock.move(seconds=299)
    assert sage.call("GET", "user").status == 200
    clock.move(seconds=1)
    assert sage.error(sage.call("GET", "user"))[:2] == (401, "AuthorizationFailure")
    old = sage.pair["refresh_token"]
    sage.keep(sage.refresh())
    assert sage.call("GET", "user").json["email"] == "boekhouder@groenhof.example"
    assert sage.refresh(old).json == {"error": "invalid_grant"}
    assert rules(sage) == ["refresh-token-used-twice"]
    clock.move(days=31, seconds=1)
    assert sage.refresh().json == {"error": "invalid_grant"}


def test_a_revoked_login_is_over(sage) -> None:
    app = {"client_id": CLIENT_ID, "client_secret": SECRET}
    assert sage.form("/revoke", app | {"token": sage.pair["refresh_token"]}).status == 200
    assert sage.call("GET", "user").status == 401
    assert sage.refresh().json == {"error": "invalid_grant"}


def test_a_read_only_login_writes_nothing(sage) -> None:
    sage.keep(sage.redeem(sage.code(scope="readonly")))
    assert sage.call("POST", "journals", sage.journal()).status == 403
    assert sage.list("journals") == []


def test_businesses_are_listed_and_the_header_chooses_one(sage) -> None:
    rows = sage.list("businesses")
    assert [row["id"] for row in rows] == [IRELAND, BRITAIN, FRANCE]
    assert set(rows[0]) == {"id", "displayed_as", "$path"}
    sage.business = BRITAIN
    assert sage.call("GET", "financial_settings").json["base_currency"]["id"] == "GBP"
    sage.business = ""
    assert sage.call("GET", "financial_settings").json["base_currency"]["id"] == "EUR"
    assert rules(sage) == ["no-business"]
    stranger = SageVisitor(sage.sandbox).log_in(NORWEGIAN)
    denied = stranger.error(stranger.call("GET", "ledger_accounts"))
    assert denied[:2] == (403, "MultiUserAccessDenied")


def test_lists_come_in_pages_with_the_attributes_that_were_asked_for(sage) -> None:
    first = sage.call("GET", "ledger_accounts", items_per_page=10).json
    assert (first["$total"], first["$page"], first["$items_per_page"]) == (15, 1, 10)
    assert first["$next"] == "/ledger_accounts?page=2&items_per_page=10"
    assert set(first["$items"][0]) == {"id", "displayed_as", "$path"}
    last = sage.call("GET", "ledger_accounts", items_per_page=10, page=2, attributes="all").json
    assert (len(last["$items"]), last["$next"]) == (5, None)
    assert last["$items"][0]["nominal_code"] == 4010
    assert sage.call("GET", "ledger_accounts", items_per_page=500).json["$items_per_page"] == 200
    assert sage.error(sage.call("GET", "ledger_accounts", page=0))[:2] == (422, "ValidationError")


def test_what_changed_since_a_moment_and_what_was_deleted(sage, clock: TestClock) -> None:
    clock.move(minutes=1)
    (first, second, _) = sage.list("contacts")
    sage.call("PUT", f"contacts/{first['id']}", {"contact": {"name": "Till"}})
    assert sage.call("DELETE", f"contacts/{second['id']}").status == 204
    changed = sage.list("contacts", updated_or_created_since="2026-03-14T09:01:00Z")
    assert [row["id"] for row in changed] == [first["id"]]
    gone = sage.list("contacts", deleted_since="2026-03-14T09:00:00Z", attributes="all")
    assert [(row["id"], row["deleted_at"]) for row in gone] == [
        (second["id"], "2026-03-14T09:01:00Z")
    ]
    assert len(sage.list("contacts")) == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"reference": ""}, "Reference can't be blank."),
        ({"date": ""}, "Date can't be blank."),
        ({"journal_lines": []}, "A journal has at least two lines."),
    ],
)
def test_a_journal_that_cannot_be_is_refused_with_422(sage, change, says) -> None:
    reply = sage.call("POST", "journals", sage.journal(**change))
    assert sage.error(reply) == (422, "ValidationError", says)
    assert sage.list("journals") == []


def test_a_journal_balances_and_stands_on_accounts_for_journals(sage) -> None:
    sent = sage.journal()
    sent["journal"]["journal_lines"][0]["debit"] = 12.51
    assert sage.error(sage.call("POST", "journals", sent))[2].startswith("Total debits")
    sent["journal"]["journal_lines"][0]["ledger_account_id"] = sage.accounts()[1100]
    assert "can't be used in journals" in sage.error(sage.call("POST", "journals", sent))[2]
    sent["journal"]["journal_lines"][0]["ledger_account_id"] = "nobody"
    assert "was not found" in sage.error(sage.call("POST", "journals", sent))[2]


def test_a_repeated_journal_is_answered_and_not_created_for_seven_days(
    sage, clock: TestClock
) -> None:
    sent = sage.journal(idempotency_id=KEY)
    first = sage.call("POST", "journals", sent)
    assert first.status == 201
    assert first.json["total"] == "12.5"
    assert [line["debit"] for line in first.json["journal_lines"]] == ["12.5", "0.0"]
    clock.move(days=6, hours=23)
    sage.keep(sage.refresh())
    second = sage.call("POST", "journals", sent)
    assert (second.status, second.json) == (201, first.json)
    assert len(sage.list("journals")) == 1
    clock.move(hours=2)
    sage.keep(sage.refresh())
    third = sage.call("POST", "journals", sent)
    assert third.json["id"] != first.json["id"]
    assert rules(sage) == ["duplicate-content"]


def test_a_journal_is_voided_and_reissued(sage) -> None:
    made = sage.call("POST", "journals", sage.journal()).json
    again = sage.call("POST", f"journals/{made['id']}/reissue")
    assert again.status == 201
    assert [row["id"] for row in sage.list("journals")] == [again.json["id"]]
    assert sage.call("DELETE", f"journals/{again.json['id']}").status == 204
    assert sage.call("DELETE", f"journals/{again.json['id']}").status == 404
    assert sage.list("journals") == []
    assert len(sage.list("journals", deleted_since="2026-03-01")) == 2


def test_only_france_has_journal_codes(sage) -> None:
    assert sage.list("journal_codes") == []
    sage.business = FRANCE
    assert [row["displayed_as"] for row in sage.list("journal_codes")] == [
        "Opérations diverses (OD)",
        "Ventes (VE)",
    ]
    sent = sage.journal()
    assert sage.error(sage.call("POST", "journals", sent))[2] == "Journal code can't be blank."
    made = sage.call("POST", "journals", sage.journal(journal_code={"code": "OD"}))
    assert made.json["journal_code"]["code"] == "OD"


def test_too_many_calls_are_answered_with_429_and_a_pause(sage, clock: TestClock) -> None:
    sage.sandbox.store.set("sage_calls_minute", 3)
    for _ in range(3):
        sage.list("contacts")
    reply = sage.call("GET", "contacts")
    assert sage.error(reply)[:2] == (429, "TooManyRequests")
    clock.move(seconds=int(reply.headers["Retry-After"]))
    assert len(sage.list("contacts")) == 3


FAULTS = [
    ("401", 401, 0),
    ("429=30", 429, 0),
    ("refuse", 422, 0),
    ("problem_500", 500, 0),
    ("problem_500=after", 500, 1),
    ("html_503", 503, 0),
    ("error_after_commit", 502, 1),
]


@pytest.mark.parametrize(("fault", "status", "journals"), FAULTS)
def test_the_faults_of_the_sandbox_happen_here_as_well(sage, fault, status, journals) -> None:
    sent = sage.journal()
    sage.fault = fault
    assert sage.call("POST", "journals", sent).status == status
    sage.fault = ""
    assert len(sage.list("journals")) == journals


def test_a_late_commit_is_carried_out_after_its_token_has_ended(sage, clock: TestClock) -> None:
    sent = sage.journal()
    sage.fault = "late_commit=600"
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        sage.call("POST", "journals", sent)
    sage.fault = ""
    assert sage.list("journals") == []
    clock.move(seconds=601)
    sage.keep(sage.refresh())
    assert len(sage.list("journals")) == 1


def test_calls_of_sage_stand_in_the_call_log_without_secrets(sage) -> None:
    sage.list("contacts")
    calls = sage.sandbox.judge.calls()
    assert ("GET", "/v3.1/contacts", 200, CLIENT_ID) in [
        (call["method"], call["path"], call["status"], call["client_id"]) for call in calls
    ]
    assert sage.token not in str(calls)
