"""Processes that are killed at the worst moment, stopped under load, or have no disk."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import time
from datetime import date

import pytest

from retailvista.sandbox.tills import write_days
from tests.scenarios.house import wait_for
from tests.scenarios.processes import FastClock, start
from tests.scenarios.test_login_by_command import log_in
from tests.scenarios.test_serving import is_ready

EXPORT = ("journals", "export", "--company", "groenhof", "--json")
POSTS = {"method": "POST", "path": "*GeneralJournalEntries"}
DAYS = 30
IN_HAND = (
    "SELECT posting_key, attempt FROM export"
    " WHERE state = 'sending' AND sent_at > '' AND unknown_since IS NULL"
)
UNSETTLED = (
    "SELECT id FROM export WHERE state != 'verified' AND NOT (state = 'sending' AND good_looks > 0)"
)
VERIFIED = "SELECT posting_key FROM export WHERE state = 'verified'"


def serve(house, **more):
    process = start(house, "serve", "--port", str(house.port), **more)
    wait_for(lambda: is_ready(house))
    return process


@pytest.fixture
def ready(books, sandbox, tmp_path):
    """Logged in, a month of journals, nothing sent yet; its tokens may be renewed at once."""
    sandbox.store.set("token_gap_s", 0)
    served = serve(books)
    log_in(books)
    served.send(signal.SIGTERM)
    assert served.end() == 0
    named = ("--company", "groenhof")
    books.json("connector", "set", *named, "25", "--division", "1000001", "--journal-code", "91")
    with (tmp_path / "till.xaa").open("w") as out:
        write_days(
            out, seed=5, lines=DAYS * 8, registers=1, first_on=date(2026, 3, 2), lines_a_day=8
        )
    books.json("receipts", "import", *named, str(tmp_path / "till.xaa"), "--store", "1")
    books.json("links", "init", *named)
    assert len(books.json("journals", "build", *named)["built"]) == DAYS
    return books


def release(house, *numbers):
    """These journals, or all."""
    done = house.json("journals", "release", "--company", "groenhof", *numbers)
    assert len(done["released"]) == len(numbers or range(DAYS))


def ask(house, question, *values):
    connection = sqlite3.connect(house.folder / "instance" / "retailvista.sqlite3", timeout=30)
    try:
        found = connection.execute(question, values).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def states(house):
    return dict(ask(house, "SELECT state, count(*) FROM export WHERE live GROUP BY state"))


def in_hand(house):
    """Exports that were sent and of which the answer is not stored."""
    return set(ask(house, IN_HAND))


def booked_once(house, sandbox):
    """Every journal stands in the books under one number, and every number is one journal's."""
    texts = "SELECT DISTINCT EntryID, Description FROM line WHERE Description LIKE 'RV:%'"
    keys = [
        key for _, key in {(entry, text.split()[0]) for entry, text in sandbox.store.rows(texts)}
    ]
    numbers = sandbox.store.rows("SELECT EntryNumber FROM entry")
    assert len(keys) == len(set(keys)) == len(numbers) == len(set(numbers))
    assert sorted(keys) == sorted(key for (key,) in ask(house, VERIFIED))
    assert ask(house, "PRAGMA integrity_check") == [("ok",)]
    return len(keys)


def test_an_export_that_is_killed_twenty_times_books_every_journal_once(ready, sandbox):
    """Twenty-five times as fast as life, since most of the time goes into waiting for looks that
    the kills make necessary. The counters show that the kills fell where it hurts. The books live
    in the same time: their minute of 60 calls is the one that is counted here.
    """
    # The first ones go alone and show the way: one of these that is unknown stops all others.
    release(ready, *map(str, range(1, 9)))
    assert start(ready, *EXPORT).end() == 0
    release(ready, *map(str, range(9, DAYS + 1)))
    clock, dice = FastClock(time.time(), 25), random.Random(8)
    sandbox.store.clock = clock
    for name in ("slow", "slow_before"):
        sandbox.faults.add(name, value=0.3 * clock.speed, rate=0.45, **POSTS)
    kills, between, given_up = 0, set(), time.monotonic() + 400
    for start_number in range(20):
        known = between if start_number % 4 else None
        kills += kill_once(ready, clock, dice.uniform(0.0, 0.25), known)
        between |= in_hand(ready)
    sandbox.faults.clear()
    while unsettled(ready):
        assert time.monotonic() < given_up, states(ready)
        assert start(ready, *EXPORT, clock=clock).end() == 0
    # What was killed before its first byte left is looked for until its quarantine is over.
    assert booked_once(ready, sandbox) + states(ready).get("sending", 0) == DAYS
    assert kills >= 10
    assert len(between) >= 5, "too few kills fell between send and commit to show anything"


def kill_once(house, clock, after, known):
    """Kill an export `after` seconds; with `known` counted from when it has something in hand.

    False when it had nothing due and ended by itself: that was no kill and is not counted.
    """
    export = start(house, *EXPORT, clock=clock)
    if known is not None:
        wait_for(lambda: in_hand(house) - known or export.is_over())
    time.sleep(after)
    if export.is_over():
        assert export.end() == 0, export.said
        return False
    export.kill()
    return True


def unsettled(house):
    """Neither verified nor looked for in vain."""
    return ask(house, UNSETTLED)


def test_what_a_killed_command_held_is_free_for_the_next_at_once(ready, sandbox):
    release(ready)
    sandbox.faults.add("slow", value=30, **POSTS)
    export = start(ready, *EXPORT)
    wait_for(lambda: sandbox.store.row("SELECT count(*) FROM entry")[0] == 1)
    export.kill()
    assert len(in_hand(ready)) == 1
    sandbox.faults.clear()
    following = start(ready, *EXPORT)
    assert following.end(40) == 0, following.said
    assert json.loads(following.printed)["verified"] == DAYS
    assert booked_once(ready, sandbox) == DAYS


TOKEN_IS_OLD = (
    "UPDATE \"grant\" SET answered_at = '2026-03-01 00:00:00.000000',"
    " requested_at = '2026-03-01 00:00:00.000000', access_until = '2026-03-01 00:10:00.000000'"
)


@pytest.mark.judge_allows(
    "refresh-token-used-twice", reason="presented again to find out what became of it"
)
@pytest.mark.parametrize(
    ("fault", "exit_code", "why"),
    [("slow_before", 0, ""), ("slow", 1, "Connector 25 needs a new login: The answer of the")],
)
def test_a_kill_while_the_login_is_renewed_is_found_out_by_the_next_command(
    ready, sandbox, fault, exit_code, why
):
    """Killed before the provider heard of it: the same token works. After it: a person is told."""
    release(ready)
    ask(ready, TOKEN_IS_OLD)
    sandbox.faults.add(fault, value=3, path="*oauth2/token")
    export = start(ready, *EXPORT, "--connector", "25")
    wait_for(lambda: not sandbox.faults.waiting or export.is_over())
    export.kill()
    assert ask(ready, 'SELECT refreshing_since > 0 FROM "grant"') == [(1,)]
    if fault == "slow_before":
        sandbox.stop()
        sandbox = sandbox.__class__(sandbox.store.path, port=sandbox.port).start()
    following = start(ready, *EXPORT)
    assert (following.end(30), why in following.said) == (exit_code, True), following.said
    if not why:
        assert booked_once(ready, sandbox) == DAYS
        sandbox.stop()


def test_sigterm_under_load_ends_after_the_call_in_hand_and_makes_nothing_unknown(ready, sandbox):
    release(ready)
    sandbox.faults.add("slow", value=2, rate=1.0, **POSTS)
    served = serve(ready)
    ready.json("schedule", "set", "--company", "groenhof", "--connector", "25", "--every", "1m")
    soon = "UPDATE schedule SET next_at = '2026-03-01 00:00:00.000000' WHERE kind = 'export'"
    ask(ready, soon)
    wait_for(lambda: sandbox.store.row("SELECT count(*) FROM entry")[0] == 2)
    served.send(signal.SIGTERM)
    assert served.end(15) == 0
    assert "sending" not in states(ready), "the answer in hand was waited for and stored"
    assert ask(ready, "SELECT count(*) FROM export WHERE unknown_since > ''") == [(0,)]
    sandbox.faults.clear()
    assert start(ready, *EXPORT).end() == 0
    assert booked_once(ready, sandbox) == DAYS


def test_without_room_on_the_disk_nothing_is_sent_and_the_reason_is_said(ready, sandbox):
    release(ready)
    full = start(ready, *EXPORT, file_bytes_max=4096)
    assert full.end() == 1
    assert "Traceback" not in full.said
    assert "space" in full.said
    assert sandbox.store.row("SELECT count(*) FROM entry")[0] == 0
    assert ask(ready, "PRAGMA integrity_check") == [("ok",)]
    assert start(ready, *EXPORT).end() == 0
    assert booked_once(ready, sandbox) == DAYS


def test_a_command_says_why_journals_wait(ready):
    release(ready)
    key = ready.folder / "keys" / "master.key"
    kept = key.read_bytes()
    key.unlink()
    result = ready.run(*EXPORT)
    assert (result.exit_code, json.loads(result.stdout)["waiting"]) == (1, DAYS)
    assert "Connector 25 needs a new login: The master key" in result.stderr
    key.write_bytes(kept)
    key.chmod(0o600)
    ask(ready, "UPDATE connector SET paused = 'Three in a row.'")
    result = ready.run(*EXPORT)
    assert "Connector 25 is paused: Three in a row. Resume it" in result.stderr
    ask(ready, "UPDATE connector SET paused = ''")
    ask(ready, "UPDATE instance SET sending_locked = 'This database was restored.'")
    result = ready.run(*EXPORT)
    assert (result.exit_code, "Sending is locked. This database was" in result.stderr) == (1, True)


def test_a_command_says_which_journal_holds_up_the_others(ready, sandbox):
    release(ready)
    sandbox.faults.add("drop_before", method="POST", path="*GeneralJournalEntries")
    sandbox.faults.add("html_503", method="GET", path="*GeneralJournalEntries", times=99)
    result = ready.run(*EXPORT)
    assert json.loads(result.stdout)["unknown"] == 1
    assert "Waits: " in result.stderr
    assert "onnector 25" in result.stderr
    wrong = ready.run(*EXPORT, "--connector", "99")
    assert (wrong.exit_code, "There is no connector 99." in wrong.stderr) == (1, True)
