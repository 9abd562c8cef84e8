"""What others do between a posting and the commit that settles it and claims the next one.

Invariant: the answer that came is settled by whoever still holds the claim; the next one is claimed
only when everything stands as it stood when it was prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.engine import Connection
from sqlalchemy.orm import Session

from retailvista.companies.models import Instance
from retailvista.connectors.models import Connector, Lane
from retailvista.connectors.port import Call, Reply, Wire
from retailvista.journals.journal_rows import withdraw
from retailvista.journals.models import Export, JournalRow
from retailvista.plain import WorkSession
from tests.conftest import TestClock
from tests.journals.export_steps import POST, warm
from tests.stage import Stage

SECOND, THIRD = 26000003, 26000004
Deed = Callable[[Stage], object]


class Between:
    """A wire behind which something happens once, after the answer to such a call."""

    def __init__(
        self, wire: Wire, deed: Callable[[], object], method: str = "POST", after: int = 2
    ) -> None:
        self._wire = wire
        self._deed = deed
        self._method = method
        self._left = after

    def send(self, call: Call) -> Reply:
        reply = self._wire.send(call)
        if call.method == self._method and "GeneralJournalEntries" in call.url:
            self._left -= 1
            if self._left == 0:
                self._deed()
        return reply


def on(table: type, number: int = 0, /, **values: object) -> Deed:
    """Rows are changed, as another worker or a person changes them."""

    def deed(stage: Stage) -> None:
        statement = update(table).values(**values)
        if number:
            statement = statement.where(Export.entry_number == number)
        stage.change(lambda session: session.execute(statement))

    return deed


def lane_owner(stage: Stage) -> str:
    session = stage.sessions()
    try:
        return session.scalar(select(Lane.lease_owner)) or ""
    finally:
        session.close()


def withdraws(sequence: int) -> Deed:
    """A person takes a journal back that was not sent."""

    def deed(stage: Stage) -> None:
        def change(session: Session) -> None:
            query = select(JournalRow).where(JournalRow.sequence == sequence)
            withdraw(session, session.scalars(query).one(), "withdrawn by anna")

        stage.change(change)

    return deed


def stops(_stage: Stage) -> None:
    stopping.append(True)


stopping: list[bool] = []
OTHER = {"state": "sending", "attempt": Export.attempt + 1, "lease_owner": "other"}
LATER = {
    "attempt": Export.attempt + 1, "unknown_since": Export.sent_at,
    "lease_until": None, "not_before": Export.lease_until,
}  # fmt: skip
STOPPED = ["posted", "posted", "ready", "ready"]
CUT_SHORT = ["verified", "verified", "ready", "ready"]

# What happens meanwhile -> the four journals at the end of the pass, and how many went out in it.
MEANWHILE: dict[str, tuple[Deed, list[str], int]] = {
    "nothing": (lambda _: None, ["verified"] * 4, 4),
    "paused": (on(Connector, paused="Wait."), STOPPED, 2),
    "deleted": (lambda stage: on(Connector, deleted_at=stage.clock.now())(stage), CUT_SHORT, 2),
    "locked": (on(Instance, sending_locked="Copied."), CUT_SHORT, 2),
    # This journal code wants Exact's VAT: what was prepared with it is checked again, and refused.
    "vat mode": (on(Connector, vat_mode="own"), [*["verified"] * 2, *["rejected"] * 2], 2),
    "withdrawn": (withdraws(4), ["verified"] * 3, 3),
    "next one taken": (on(Export, THIRD, **OTHER), ["verified", "verified", "sending", "ready"], 2),
    "taken over": (on(Export, SECOND, **LATER), ["verified", "sending", "ready", "ready"], 2),
    "lane taken": (on(Lane, lease_owner="other"), STOPPED, 2),
    "stopping": (stops, STOPPED, 2),
}  # fmt: skip


@pytest.mark.parametrize(("deed", "states", "posts"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_happens_between_an_answer_and_the_next_claim(
    stage: Stage, deed: Deed, states: list[str], posts: int
) -> None:
    warm(stage, days=4)
    stopping.clear()
    stage.outside = replace(
        stage.outside,
        wire=Between(stage.outside.wire, lambda: deed(stage)),
        stopping=lambda: bool(stopping),
    )
    counts = stage.export()
    assert stage.states()[1:] == states
    assert len(stage.booked()) == 1 + posts
    settled = sum(state in ("posted", "verified") for state in states)
    assert counts.posted == settled, "what another one holds is not told as ours"


@pytest.mark.parametrize(
    "what", ["nothing", "paused", "deleted", "locked", "stopping", "lane taken"]
)
def test_what_happens_during_the_last_look_keeps_back_the_second_send(
    stage: Stage, clock: TestClock, what: str
) -> None:
    warm(stage)
    stopping.clear()
    stage.sandbox.faults.add("drop_before", **POST)
    stage.export()
    for seconds in (6, 30, 100):
        clock.move(seconds=seconds)
        stage.export()
    clock.move(seconds=500)
    stage.outside = replace(
        stage.outside,
        wire=Between(stage.outside.wire, lambda: MEANWHILE[what][0](stage), "GET", after=1),
        stopping=lambda: bool(stopping),
    )
    stage.export()
    sent_again = what == "nothing"
    assert stage.states() == ["verified", "verified" if sent_again else "sending"]
    assert len(stage.booked()) == 1 + sent_again


def test_who_lost_the_lane_while_he_prepared_sends_nothing(stage: Stage) -> None:
    """He may have stood still for longer than the lane was his; another one is at it now."""
    warm(stage, days=3)
    goes_on, taken = stage.outside, []

    def sessions() -> Session:
        if not taken and lane_owner(stage):
            taken.append(True)
            MEANWHILE["lane taken"][0](stage)
        return goes_on.sessions()

    stage.outside = replace(goes_on, sessions=sessions)
    stage.export()
    assert taken
    assert (stage.states(), len(stage.booked())) == (["verified", *["ready"] * 3], 1)


def test_a_process_that_stood_still_after_the_claim_does_not_send(
    stage: Stage, clock: TestClock
) -> None:
    """Nothing lies between the commit and the POST but time: it is measured once more."""
    warm(stage, days=3)
    slept = []

    class Slow(WorkSession):
        """Its process stands still once the second is settled and the third claimed."""

        def commit_plain(self, connection: Connection) -> None:
            super().commit_plain(connection)
            if len(stage.booked()) == 2 and not slept:
                slept.append(clock.move(seconds=150))

    quick = stage.outside
    stage.outside = replace(quick, sessions=lambda: Slow(stage.engine, expire_on_commit=False))
    stage.export()
    stage.outside = quick
    assert slept
    assert len(stage.booked()) == 2, "nothing was sent with too little of the lease left"
    assert [export.sends for export in stage.exports()] == [1, 1, 0, 0]
    clock.move(minutes=6)
    stage.export()
    assert stage.states() == ["verified"] * 4
    assert len(stage.booked()) == 4
