"""Records of Sage: journals queried, created and voided; accounts, rates and contacts queried."""

from __future__ import annotations

import json

import pytest

from retailvista.connectors.booking import Outcome
from retailvista.connectors.records import Asked, ToWrite, Way
from retailvista.errors import Refused
from tests.connectors.contract_case import Case
from tests.connectors.provider_cases import new_sandbox, sage_accounting


@pytest.fixture
def case(tmp_path, clock):
    with new_sandbox(tmp_path, clock) as sandbox:
        yield sage_accounting(sandbox, clock)


def rows_of(case: Case, entity: str, **query: str):
    records, session = case.own_records, case.records_session()
    asked = Asked(entity, Way.FULL, query=query)
    rows, address = [], records.first(session, asked)
    while address:
        page = records.page(case.wire, session, asked, address)
        rows, address = [*rows, *page.rows], page.next
    return rows


def journal(case: Case) -> bytes:
    ids = {row["nominal_code"]: row["id"] for row in rows_of(case, "ledger_accounts")}
    lines = [
        {"ledger_account_id": ids[1230], "debit": "12.50", "credit": "0.00", "details": "Till"},
        {"ledger_account_id": ids[4000], "debit": "0.00", "credit": "12.50", "details": "Plants"},
    ]
    return json.dumps({"date": "2026-03-14", "reference": "X1", "journal_lines": lines}).encode()


@pytest.mark.statement("J-33")
def test_journals_are_queried_created_and_deleted(case):
    records, session, body = case.own_records, case.records_session(), journal(case)
    asked = ToWrite("journals", "create", body=body)
    made = records.write(case.wire, session, asked)
    assert made.outcome is Outcome.BOOKED, made
    again = records.write(case.wire, session, asked)
    assert again.record["id"] == made.record["id"], "the same journal again creates nothing"
    (found,) = rows_of(case, "journals")
    assert (found["id"], found["reference"]) == (made.record["id"], "X1")
    assert records.differences("journals", json.loads(made.request.body), found) == []
    gone = records.write(case.wire, session, ToWrite("journals", "delete", {"id": found["id"]}))
    assert gone.outcome is Outcome.BOOKED
    with pytest.raises(Refused, match="cannot be written"):
        records.request(session, ToWrite("journals", "update", {"id": "x"}, body=body))


@pytest.mark.statement("J-33")
def test_accounts_rates_and_contacts_are_queried_and_limited_to_what_changed(case):
    assert {row["nominal_code"] for row in rows_of(case, "ledger_accounts")} >= {1230, 4000}
    assert [row["percentage"] for row in rows_of(case, "tax_rates")]
    assert "Till Customers" in {row["name"] for row in rows_of(case, "contacts")}
    since = case.clock.move(hours=1).isoformat()
    assert rows_of(case, "contacts", updated_or_created_since=since) == []
    with pytest.raises(Refused, match="take no"):
        rows_of(case, "contacts", **{"$filter": "name eq 'x'"})


@pytest.mark.statement("J-29")
def test_a_journal_is_reissued_by_a_procedure(case):
    records, session = case.own_records, case.records_session()
    made = records.write(case.wire, session, ToWrite("journals", "create", body=journal(case)))
    asked = ToWrite("journals/reissue", "execute", {"id": made.record["id"]})
    done = records.write(case.wire, session, asked)
    assert done.outcome is Outcome.BOOKED
    live = [row for row in rows_of(case, "journals") if not row.get("deleted_at")]
    assert [row["id"] for row in live] == [done.record["id"]]
    assert done.record["id"] != made.record["id"]
