"""Exports against the sandbox over HTTP: what happens, row by row of the table of answers."""

from __future__ import annotations

from tests.stage import Stage


def test_the_first_journal_goes_alone_and_the_rest_follows_once_it_is_verified(
    stage: Stage,
) -> None:
    stage.add_days(5)
    assert stage.release() == 5
    counts = stage.export()
    assert (counts.posted, counts.verified, counts.waiting) == (5, 5, 0)
    assert stage.states() == ["verified"] * 5
    assert [number for number, _ in stage.booked()] == [26000001 + n for n in range(5)]
