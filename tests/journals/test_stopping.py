"""A process that is told to stop: the call in hand ends, the rest waits for the next process."""

from __future__ import annotations

from dataclasses import replace

from tests.stage import Stage


def test_a_pass_ends_after_the_call_in_hand_and_leaves_nothing_unknown(stage: Stage) -> None:
    stage.add_days(7)
    assert stage.release() == 7
    goes_on = stage.outside
    stage.outside = replace(goes_on, stopping=lambda: len(stage.booked()) >= 3)
    counts = stage.export(until_idle=True)
    assert (len(stage.booked()), counts.unknown) == (3, 0)
    assert sorted(set(stage.states()) - {"verified"}) in (["posted", "ready"], ["ready"])
    assert all(export.not_before <= stage.clock.now() for export in stage.exports()), "no delay"

    stage.outside = goes_on
    stage.export()
    assert stage.states() == ["verified"] * 7
    assert len({number for number, _ in stage.booked()}) == len(stage.booked()) == 7


def test_no_look_is_begun_either(stage: Stage) -> None:
    stage.add_days(1)
    stage.release()
    stage.sandbox.faults.add("drop_after_commit", method="POST", path="*GeneralJournalEntries*")
    stage.export()
    assert stage.states() == ["sending"]
    stage.clock.move(seconds=10)
    goes_on = stage.outside
    stage.outside = replace(goes_on, stopping=lambda: True)
    stage.export()
    (export,) = stage.exports()
    assert (export.looks, export.unknown_since is not None) == (0, True)
    stage.outside = goes_on
    stage.export()
    assert stage.states() == ["verified"]
