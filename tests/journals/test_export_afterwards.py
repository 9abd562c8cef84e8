"""VAT profiles, stops, decisions, reversals and the control, against the sandbox over HTTP."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista.companies.models import Instance
from retailvista.companies.scope import company_scope
from retailvista.connectors import registering
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.errors import Refused
from retailvista.journals import actions, deciding
from retailvista.journals.control import control
from retailvista.journals.models import Export, JournalRow
from retailvista.journals.numbering import claim_seat
from retailvista.journals.reversing import reverse_journal
from retailvista.sandbox import records
from retailvista.sandbox.seed import GROENHOF
from tests.conftest import TestClock
from tests.journals.export_steps import POST, last, warm
from tests.stage import FIRST_DAY, Stage

VAT_PROFILES = [
    ("net-added", "verified"),
    ("netted", "verified"),
    ("gross-split", "rejected"),
    ("amount-ignored", "verified"),
    ("debit-as-purchase", "verified"),
]


@pytest.mark.parametrize(("profile", "state"), VAT_PROFILES)
def test_however_the_books_treat_vat_it_ends_right_or_stops_with_a_reason(
    stage: Stage, clock: TestClock, profile: str, state: str
) -> None:
    stage.sandbox.store.set("vat", profile)
    stage.add_days(3)
    stage.release()
    stage.export()
    first = stage.exports()[0]
    assert first.state == state
    if state != "verified":
        assert first.problem and first.decision
        assert len(stage.booked()) == 0
    else:
        assert stage.states() == ["verified"] * 3


@pytest.mark.parametrize("profile", ["gross-split", "amount-ignored", "debit-as-purchase"])
def test_a_reversal_and_odd_cents_are_stored_as_expected_or_hold_the_rest(
    stage: Stage, profile: str
) -> None:
    """Amounts whose VAT differs from net x rate, and sales on the debit side."""
    stage.add_days(1, gross=12101)
    stage.release()
    stage.export()
    stage.ask(lambda s: reverse_journal(s, 1, "wrong day", "bo"))
    stage.add_days(2, first=FIRST_DAY + timedelta(days=3), gross=9999)
    stage.sandbox.store.set("vat", profile)
    stage.release()
    stage.export()
    for export in stage.exports():
        stopped = export.state in ("rejected", "conflict") and export.problem and export.decision
        assert export.state == "verified" or stopped or export.state == "ready"


def test_after_three_conflicts_in_a_row_the_connector_stops(stage: Stage, clock: TestClock) -> None:
    warm(stage, days=6)
    stage.sandbox.faults.add("ignore_entry_number", times=9, **POST)
    for _ in range(6):
        stage.export()
    assert stage.states().count("conflict") == 3
    assert "in a row" in stage.connector().paused
    assert len(stage.booked()) == 4
    stage.sandbox.faults.clear()
    stage.ask(lambda s: registering.resume(s, 25, "bo"))
    clock.move(minutes=2)
    stage.export()
    assert stage.states().count("verified") == 4


def block_account(stage: Stage, code: str, *, blocked: bool) -> None:
    """Somebody changes the account in Exact."""
    store, entity = stage.sandbox.store, "financial/GLAccounts"
    account = records.by_value(store, entity, GROENHOF, "Code", code)
    assert account is not None
    account.body["IsBlocked"] = blocked
    records.change(store, account)


def test_a_blocked_account_is_refused_before_sending_and_tried_again_after_correction(
    stage: Stage,
) -> None:
    warm(stage)
    block_account(stage, "8220", blocked=True)
    stage.change(lambda s: s.execute(update(Export).values(not_before=stage.clock.now())))
    stage.clock.move(hours=13)
    stage.export()
    export = last(stage)
    assert (export.state, export.decision) == ("rejected", actions.CORRECT_AND_TRY_AGAIN)
    assert "8220" in export.problem
    assert (export.sends, len(stage.booked())) == (0, 1)
    block_account(stage, "8220", blocked=False)
    stage.ask(lambda s: deciding.try_again(s, 2, "bo"))
    stage.export()
    assert last(stage).state == "verified"
    assert last(stage).entry_number == 26000002


def test_five_hundred_reversals_doubled_by_threads_are_made_once_each(stage: Stage) -> None:
    count = 500
    stage.add_days(count)
    stage.change(lambda s: s.execute(update(JournalRow).values(state="exported")))
    done, refused, lock = [], [], threading.Lock()

    def reverse(sequences: list[int]) -> None:
        session = stage.sessions()
        try:
            with company_scope(stage.company_id):
                for sequence in sequences:
                    try:
                        made = reverse_journal(session, sequence, "double click", "bo")
                    except Refused:
                        with lock:
                            refused.append(sequence)
                    else:
                        with lock:
                            done.append(made)
        finally:
            session.close()

    work = list(range(1, count + 1))
    threads = [threading.Thread(target=reverse, args=(part,)) for part in (work, work[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(refused)) == (count, count)
    assert sorted(done) == list(range(count + 1, 2 * count + 1))


def test_a_reversal_is_booked_and_is_not_reversed_itself(stage: Stage) -> None:
    warm(stage, days=0)
    made = stage.ask(lambda s: reverse_journal(s, 1, "wrong day", "bo"))
    stage.release()
    stage.export()
    assert stage.states() == ["verified", "verified"]
    for sequence, why in ((1, "already"), (made, "not reversed")):
        with pytest.raises(Refused, match=why):
            stage.ask(lambda s, n=sequence: reverse_journal(s, n, "again", "bo"))
    rows = stage.sandbox.store.rows("SELECT sum(AmountFC), count(*) FROM line")
    assert round(rows[0][0], 2) == 0


def test_nothing_is_sent_while_the_installation_is_locked(stage: Stage) -> None:
    warm(stage)
    stage.change(lambda s: s.execute(update(Instance).values(sending_locked="restored")))
    stage.export()
    assert stage.states() == ["verified", "ready"]
    stage.change(lambda s: s.execute(update(Instance).values(sending_locked="")))
    stage.export()
    assert stage.states() == ["verified", "verified"]


def test_control_tells_missing_extra_and_changed_apart(stage: Stage) -> None:
    warm(stage, days=3)
    stage.export()
    assert stage.states() == ["verified"] * 4
    until = FIRST_DAY + timedelta(days=10)
    assert control(stage.outside, stage.company_id, FIRST_DAY, until).differences == ()
    with stage.sandbox.store.transaction() as books:
        ids = [row[0] for row in books.execute("SELECT EntryID FROM entry ORDER BY EntryNumber")]
        books.execute("DELETE FROM line WHERE EntryID = ?", (ids[1],))
        books.execute("DELETE FROM entry WHERE EntryID = ?", (ids[1],))
        books.execute(
            "UPDATE line SET AmountFC = AmountFC + 1 WHERE EntryID = ? AND LineNumber = 1",
            (ids[2],),
        )
        books.execute("UPDATE entry SET EntryNumber = 26910001 WHERE EntryID = ?", (ids[3],))
        books.execute(
            "UPDATE line SET EntryNumber = 26910001, Description = 'foreign' WHERE EntryID = ?",
            (ids[3],),
        )
    result = control(stage.outside, stage.company_id, FIRST_DAY, until)
    kinds = [(d.kind, d.entry_number) for d in result.differences]
    assert ("missing", 26000002) in kinds
    assert ("changed", 26000003) in kinds
    assert ("missing", 26000004) in kinds
    assert ("extra", 26910001) in kinds
    assert stage.states() == ["verified"] * 4, "the control changes and resends nothing"


def test_two_connectors_never_share_a_journal_code(stage: Stage) -> None:
    warm(stage, days=0)

    def another(session: Session) -> None:
        one = session.scalars(select(Connector)).one()
        session.add(
            Connector(
                number=26, draft=False, provider=one.provider, name="Twin", site=one.site,
                client_id=one.client_id, division=one.division, journal_code=one.journal_code,
                grant_id=one.grant_id, created_at=one.created_at,
            )
        )  # fmt: skip

    stage.change(another)

    def claim(session: Session) -> None:
        twin = session.scalars(select(Connector).where(Connector.number == 26)).one()
        with pytest.raises(Refused, match="already posts to journal 91"):
            claim_seat(session, twin)
        assert session.scalars(select(PostingSeat)).one().connector_id != twin.id

    stage.change(claim)


def test_an_old_token_is_refreshed_once_and_the_same_bytes_go_again(
    stage: Stage, clock: TestClock
) -> None:
    warm(stage)
    clock.move(seconds=565)
    stage.sandbox.faults.add("401", **POST)
    stage.export()
    assert last(stage).state in ("verified", "ready")
    assert len(stage.booked()) in (1, 2)
