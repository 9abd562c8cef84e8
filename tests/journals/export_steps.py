"""Steps that the stories of the export share."""

from __future__ import annotations

from retailvista.connectors.models import PROOF_YES
from retailvista.journals.models import Export
from tests.conftest import TestClock
from tests.stage import Stage, set_seat

POST = {"method": "POST", "path": "*/GeneralJournalEntries"}
LOOK = {"method": "GET", "path": "*/GeneralJournalEntries"}


def warm(stage: Stage, days: int = 1, *, proven: bool = True) -> None:
    """A connector whose first journal is verified, and more days released."""
    stage.add_days(1 + days)
    stage.release([1])
    stage.export()
    assert stage.states() == ["verified"]
    if proven:
        set_seat(stage, used_refused=PROOF_YES)
    stage.release()


def pass_the_ladder(stage: Stage, clock: TestClock) -> None:
    """Every look at its time."""
    for seconds in (6, 30, 100, 500, 10):
        clock.move(seconds=seconds)
        stage.export()


def last(stage: Stage) -> Export:
    return stage.exports()[-1]
