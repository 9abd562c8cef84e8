"""The product under each profile of the sandbox: verified, or stopped with a named reason.

What nobody outside Exact knows is a profile; whichever holds, no journal is in the books twice and
none waits without somebody being told why. Story and troubles: profile_story.py.
"""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import select

from retailvista.connectors.models import Connector
from retailvista.journals import actions
from retailvista.ledger.stored import OWN
from retailvista.sandbox.settings import CHOICES, PROFILES
from tests.conftest import TestClock
from tests.journals.export_steps import POST
from tests.journals.profile_story import TROUBLES, Story
from tests.stage import Stage

CORRECT, DECIDES = actions.CORRECT_AND_TRY_AGAIN, actions.PERSON_DECIDES
OTHERWISE = actions.STORED_OTHERWISE
THREE_IN_A_ROW = "paused: 3 journals in a row were stored otherwise than sent. Compare them first."
BLIND = "paused: The books could not be read"
ALL = 1 + len(TROUBLES)

# Profile, its switches -> how the journals end, and what people were asked.
BOOKS = {
    "refuses-used": ({}, {"verified": ALL}, set()),
    "number-per-year": ({"numbers_unique": "per-year"}, {"verified": ALL}, set()),
    "number-overall": ({"numbers_unique": "overall"}, {"verified": ALL}, set()),
    "entry-id-honoured": ({"entry_ids": "honoured"}, {"verified": ALL}, set()),
    # No second send without proof: where the books did not show the entry in time, a person looks.
    "accepts-used": (
        {"numbers": "accepts-used"},
        {"verified": ALL - 2, "accepted": 2},
        {DECIDES},
    ),
    "unknown-refusal": ({"refusals": "unknown"}, {"verified": ALL - 2, "accepted": 2}, {DECIDES}),
    # Exact's own number stands in the books: a person compares each, and it is told as it is.
    "ignores-ours": ({"numbers": "ignores-ours"}, {"accepted": ALL}, {OTHERWISE, THREE_IN_A_ROW}),
    "netted": ({"vat": "netted"}, {"verified": ALL}, set()),
    "debit-as-purchase": ({"vat": "debit-as-purchase"}, {"verified": ALL}, set()),
    # A cent that Exact computes otherwise is refused by Exact's own balance, never plugged.
    "amount-ignored": ({"vat": "amount-ignored"}, {"verified": ALL - 2, "rejected": 2}, {CORRECT}),
    "gross-split": ({"vat": "gross-split"}, {"rejected": ALL}, {CORRECT, DECIDES}),
    "rights-lost": ({"rights_lost_after_posts": 4}, {"verified": ALL}, {BLIND}),
}
AS_USUAL = {"number-per-journal", "entry-id-ignored", "net-added", "rights-kept", "known-refusal"}


@pytest.mark.judge_allows("duplicate-content", reason="the second proof, with consent")
@pytest.mark.parametrize(("switches", "ends", "asked"), BOOKS.values(), ids=BOOKS)
def test_under_each_profile_a_journal_is_verified_or_stopped_with_a_reason_and_never_twice(
    stage: Stage, switches: dict[str, str], ends: dict[str, int], asked: set[str]
) -> None:
    for name, value in switches.items():
        stage.sandbox.store.set(name, value)
    story = Story(stage)
    found = story.play()
    problems = {export.journal_id: export.problem for export in stage.exports()}
    came_to: Counter[str] = Counter()
    for sequence, facts in found.items():
        accepted = facts.decision == actions.ACCEPTED
        came_to["accepted" if accepted else facts.state] += 1
        here = story.in_books()[facts.posting_key]
        assert here == (facts.state in ("posted", "verified")), f"journal {sequence}: {here}"
        if facts.state == "rejected":
            assert facts.decision in actions.EXITS
            assert problems[facts.journal_id], "a refusal says why"
    assert (dict(came_to), story.asked) == (ends, asked)


@pytest.mark.parametrize("vat", CHOICES["vat"])
def test_own_vat_lines_are_stored_as_sent_under_every_vat_profile(stage: Stage, vat: str) -> None:
    """The way out where Exact's VAT differs: a journal without VAT, our own lines."""
    stage.sandbox.store.set("vat", vat)

    def change(session) -> None:
        connector = session.scalars(select(Connector)).one()
        connector.vat_mode, connector.journal_code = OWN, "92"

    stage.change(change)
    for gross in (12_100, 9_999, 33):
        stage.add_days(1, first=stage.clock.now().date(), gross=gross)
        stage.clock.move(days=1)
    stage.release()
    stage.export()
    assert stage.states() == ["verified"] * 3


# How Exact words things, and how strict it is: none of it changes what becomes of a journal.
DIALECTS = (
    {"refresh_rule": "lenient"},
    {"early_refresh": "text", "old_refresh_token": "400"},
    {"token_night_400": True},
    {"error_block_text": "json"},
    {"mandatory_select": True},
    {"skip_option": "refused"},
    {"account_types": "lax", "foreign_guid": "refused"},
    {"page_rows": 20, "page_rows_sync": 20},
    {"bulk_next": "outside", "parallel_order": "as-they-come"},
    {"webhook_order": "reversed", "lines_refused": "header-kept", "bulk_select": False},
)


@pytest.mark.parametrize("switches", DIALECTS, ids="-".join)
def test_whatever_the_dialect_every_journal_is_verified(
    stage: Stage, clock: TestClock, switches: dict[str, str]
) -> None:
    for name, value in switches.items():
        stage.sandbox.store.set(name, value)
    story = Story(stage)
    for fault in ("", "drop_after_commit", "late_commit"):
        stage.add_days(1, first=clock.now().date())
        if fault:
            stage.sandbox.faults.add(fault, value="20", **POST)
        story.pass_time()
        clock.move(hours=25)
    assert stage.states() == ["verified"] * 3


def test_every_profile_stands_in_a_table() -> None:
    assert set(PROFILES) - AS_USUAL == set(BOOKS)
    told = {name for switches in DIALECTS for name in switches}
    told |= {name for switches, _, _ in BOOKS.values() for name in switches}
    # Not met by a client that posts journals: bank entries, access withdrawn, webhooks.
    # What an answer shows of its lines is played in test_export_stories.py, Sage in
    # test_sage_export.py.
    elsewhere = {
        "statement_sign", "access", "webhook_create", "webhook_time", "rights", "created_lines",
        "sage_voided", "sage_keys",
    }  # fmt: skip
    assert set(CHOICES) - told == elsewhere
