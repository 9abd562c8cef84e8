"""One sender per lane, and its budget by minute, day and errors; with and without headers."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest

from retailvista import db
from retailvista.connectors import lanes
from retailvista.connectors.exact_online.provider import BUDGET
from retailvista.connectors.lanes import LaneClosed, LaneLease, Need, Seen
from retailvista.connectors.port import Limits
from retailvista.runs.owners import Owner, is_dead
from tests.connectors.side import Side

KEY = lanes.lane_key("https://start.exactonline.nl", "app", 1000001)
ENTRIES = "generaljournalentry/GeneralJournalEntries"
POSTING = Need(BUDGET, posting=True, endpoint=ENTRIES)
OTHER = Need(BUDGET)


def take(side: Side, need: Need = POSTING) -> LaneLease:
    return lanes.take(side.session, KEY, "worker", need)


def note(side: Side, lease: LaneLease, status: int = 200, until=None, **limits: object):
    with db.transaction(side.session):
        seen = Seen(status, ENTRIES, Limits(**limits), until)
        return lanes.note(side.session, lease, seen, BUDGET).stopped_until


def room(side: Side, lease: LaneLease, need: Need) -> int:
    """How many calls fit now."""
    count = 0
    while count < 10_000:
        try:
            lanes.charge(side.session, lease, need)
        except LaneClosed:
            return count
        count += 1
    return count


def test_a_second_sender_waits_until_the_first_is_done_or_its_lease_is_over(side: Side, clock):
    lease = take(side)
    with pytest.raises(LaneClosed, match="Another call"):
        take(side)
    lanes.give_back(side.session, lease)
    take(side)
    clock.move(seconds=301)
    take(side)


def test_a_posting_that_waits_goes_before_what_reads_page_after_page(side: Side, clock):
    reading = take(side, OTHER)
    with pytest.raises(LaneClosed, match="Another call"):
        take(side)
    lanes.give_back(side.session, reading)
    clock.move(seconds=5)
    with pytest.raises(LaneClosed, match="A posting goes first") as closed:
        take(side, OTHER)
    assert closed.value.not_before == clock.now() + timedelta(seconds=3)
    posting = take(side)
    lanes.give_back(side.session, posting)
    take(side, OTHER)


def test_a_posting_that_does_not_come_back_keeps_nobody_out_for_long(side: Side, clock):
    reading = take(side, OTHER)
    with pytest.raises(LaneClosed):
        take(side)
    lanes.give_back(side.session, reading)
    clock.move(seconds=8)
    take(side, OTHER)


def test_who_only_reads_makes_nobody_wait(side: Side):
    posting = take(side)
    with pytest.raises(LaneClosed, match="Another call"):
        take(side, OTHER)
    lanes.give_back(side.session, posting)
    take(side, OTHER)


def test_a_lease_that_was_lost_charges_nothing(side: Side, clock):
    lost = take(side)
    clock.move(seconds=301)
    take(side)
    with pytest.raises(LaneClosed, match="came first"):
        lanes.charge(side.session, lost, POSTING)


def test_of_eight_simultaneous_senders_one_gets_the_lane(side: Side):
    got: list[bool] = []

    def go() -> None:
        session = side.sessions()
        try:
            lanes.take(session, KEY, "worker", POSTING)
            got.append(True)
        except LaneClosed:
            got.append(False)
        finally:
            session.close()

    threads = [threading.Thread(target=go) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False] * 7 + [True]


def test_55_calls_a_minute_of_which_ten_are_for_posting_alone(side: Side, clock):
    lease = take(side, OTHER)
    assert room(side, lease, OTHER) == 44
    assert room(side, lease, POSTING) == 10
    with pytest.raises(LaneClosed) as caught:
        lanes.charge(side.session, lease, POSTING)
    assert caught.value.not_before == clock.now() + timedelta(minutes=1)
    clock.move(minutes=1)
    assert room(side, lease, POSTING) == 55


def test_4800_calls_a_day_of_which_500_are_for_posting_alone(side: Side, clock):
    lease = take(side)
    set_day(side, 4298)
    assert room(side, lease, OTHER) == 2
    set_day(side, 4798)
    clock.move(minutes=1)
    assert room(side, lease, POSTING) == 2
    with pytest.raises(LaneClosed) as caught:
        lanes.charge(side.session, lease, POSTING)
    assert caught.value.not_before.isoformat() == "2026-03-15T00:00:00+00:00"
    clock.move(hours=15)
    lease = take(side)
    assert room(side, lease, POSTING) == 54


def set_day(side: Side, used: int) -> None:
    side.change(side.lane(), day_used=used)


def test_calls_charged_and_not_sent_are_given_back(side: Side):
    lease = take(side, Need(BUDGET, calls=40, posting=True))
    lanes.give_back(side.session, lease, unused=30)
    assert side.lane().minute_used == 10
    assert side.lane().day_used == 10


def test_what_others_used_counts_as_used(side: Side):
    lease = take(side)
    note(side, lease, minute_limit=60, minute_remaining=20, day_limit=5000, day_remaining=900)
    assert side.lane().minute_used == 40
    assert side.lane().day_used == 4100
    assert room(side, lease, POSTING) == 15


def test_headers_never_make_the_count_smaller(side: Side):
    lease = take(side)
    assert room(side, lease, Need(BUDGET, calls=10, posting=True)) == 5
    note(side, lease, minute_limit=60, minute_remaining=59)
    assert side.lane().minute_used == 51


def test_a_minute_of_theirs_that_ends_later_than_ours_is_waited_for(side: Side, clock):
    lease = take(side)
    reset = clock.now() + timedelta(seconds=90)
    stop = note(side, lease, minute_limit=60, minute_remaining=4, minute_reset_at=reset)
    assert stop == reset
    clock.move(seconds=61)
    with pytest.raises(LaneClosed):
        lanes.charge(side.session, lease, POSTING)
    clock.move(seconds=30)
    lanes.charge(side.session, lease, POSTING)


def test_a_premium_day_is_used_too(side: Side):
    lease = take(side)
    note(side, lease, day_limit=30_000, day_remaining=29_000)
    set_day(side, 10_000)
    assert room(side, lease, POSTING) > 0


def test_429_without_headers_climbs_the_ladder_and_a_success_ends_it(side: Side, clock):
    waits = []
    for _ in range(4):
        stop = note(side, take(side), 429)
        waits.append((stop - clock.now()).total_seconds() / 60)
        with pytest.raises(LaneClosed):
            take(side)
        clock.move(minutes=waits[-1], hours=1)
    assert waits == [1, 15, 61, 61]
    note(side, take(side), 200)
    clock.move(minutes=10)
    assert note(side, take(side), 429) == clock.now() + timedelta(minutes=1)


def test_429_with_headers_ends_when_they_say(side: Side, clock):
    until = clock.now() + timedelta(hours=15)
    assert note(side, take(side), 429, until) == until
    assert side.lane().throttled == 0


@pytest.mark.parametrize("off", [timedelta(minutes=-1), timedelta(days=3)])
def test_a_reset_that_cannot_be_is_not_believed(side: Side, clock, off: timedelta):
    assert note(side, take(side), 429, clock.now() + off) == clock.now() + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("status", "counts"),
    [(400, True), (401, True), (403, True), (404, True), (500, False), (503, False), (200, False)],
)
def test_errors_that_count_stop_the_endpoint_at_eight_an_hour(side: Side, clock, status, counts):
    lease = take(side)
    for _ in range(8):
        note(side, lease, status)
        clock.move(minutes=1)
    if not counts:
        lanes.charge(side.session, lease, POSTING)
        return
    with pytest.raises(LaneClosed, match=ENTRIES) as caught:
        lanes.charge(side.session, lease, POSTING)
    lanes.charge(side.session, lease, OTHER)
    started: datetime = clock.now() - timedelta(minutes=8)
    assert caught.value.not_before == started + timedelta(hours=1)
    with db.reading(side.session):
        assert lanes.view(side.session, KEY).errors == {ENTRIES: 8}
    clock.move(minutes=53)
    lanes.charge(side.session, take(side), POSTING)


def test_a_lease_is_named_after_its_process_which_is_known_to_live(side: Side, tmp_path):
    process = Owner(tmp_path)
    lease = lanes.take(side.session, KEY, process.name, POSTING)
    assert side.lane().lease_owner == lease.owner
    assert not is_dead(tmp_path, lease.owner)
    process.leave()
    assert is_dead(tmp_path, lease.owner)
