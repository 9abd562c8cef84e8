"""Every fault, as a client meets it: what is in the books afterwards, and what came back."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from retailvista.sandbox.answers import Answer, Request
from retailvista.sandbox.faults import KINDS
from tests.conftest import TestClock
from tests.sandbox.visitor import ENTRIES, Reply, Visitor

NUMBER = 26000001


def book(visitor: Visitor, fault: str = "", number: int = NUMBER) -> Reply:
    lines = visitor.line("1210", 12.5), visitor.line("1205", -12.5)
    return visitor.book(*lines, EntryNumber=number, fault=fault)


def gone(visitor: Visitor, fault: str) -> None:
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        book(visitor, fault)


def lost(visitor: Visitor, clock: TestClock) -> list[int]:
    gone(visitor, "drop_before")
    return []


def answer_lost(visitor: Visitor, clock: TestClock) -> list[int]:
    gone(visitor, "drop_after_commit")
    return [NUMBER]


def cut(visitor: Visitor, clock: TestClock) -> list[int]:
    gone(visitor, "cut_at_byte=700")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        visitor.book(visitor.line("1210", 1), fault="cut_at_byte=10")
    return [NUMBER]


def late(visitor: Visitor, clock: TestClock) -> list[int]:
    gone(visitor, "late_commit=600")
    assert visitor.numbers() == []
    clock.move(seconds=599)
    assert visitor.numbers() == []
    clock.move(seconds=2)
    return [NUMBER]


def error_after(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "error_after_commit")
    assert (reply.status, reply.body[:6]) == (502, b"<html>")
    return [NUMBER]


def slow(visitor: Visitor, clock: TestClock) -> list[int]:
    before = clock.monotonic()
    assert book(visitor, "slow=140").status == 201
    assert clock.monotonic() - before == 140
    return [NUMBER]


def slow_before(visitor: Visitor, clock: TestClock) -> list[int]:
    before = clock.monotonic()
    assert book(visitor, "slow_before=50").status == 201
    assert clock.monotonic() - before == 50
    return [NUMBER]


def trickle(visitor: Visitor, clock: TestClock) -> list[int]:
    before = clock.monotonic()
    reply = book(visitor, "trickle=0.5")
    assert reply.json["d"]["EntryNumber"] == NUMBER
    assert clock.monotonic() - before > 300
    return [NUMBER]


def limited(visitor: Visitor, clock: TestClock) -> list[int]:
    minute = book(visitor, "429")
    assert (minute.status, minute.body) == (429, b"")
    assert minute.headers["X-RateLimit-Minutely-Remaining"] == "0"
    assert "X-RateLimit-Limit" not in minute.headers
    assert book(visitor, "429=day").headers["X-RateLimit-Remaining"] == "0"
    bare = book(visitor, "429=bare")
    assert bare.status == 429
    assert not [name for name in bare.headers if name.startswith("X-")]
    return []


def unauthorised(visitor: Visitor, clock: TestClock) -> list[int]:
    assert book(visitor, "401").status == 401
    return []


def html_200(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "html_200")
    assert (reply.status, reply.body[:6]) == (200, b"<html>")
    assert visitor.numbers() == []
    assert book(visitor, "html_200=after").status == 200
    return [NUMBER]


def html_503(visitor: Visitor, clock: TestClock) -> list[int]:
    assert book(visitor, "html_503").status == 503
    return []


def empty_200(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "empty_200=after")
    assert (reply.status, reply.body) == (200, b"")
    return [NUMBER]


def problem(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "problem_500=after")
    assert reply.status == 500
    assert reply.says.startswith("A problem has occurred.")
    return [NUMBER]


def refuse(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "refuse=Nog nooit vertoond")
    assert (reply.status, reply.says) == (500, "Nog nooit vertoond")
    return []


def ignored_number(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "ignore_entry_number")
    assert reply.json["d"]["EntryNumber"] == 26910001
    return [26910001]


def duplicate_number(visitor: Visitor, clock: TestClock) -> list[int]:
    assert book(visitor).status == 201
    assert book(visitor, "allow_duplicate_number").status == 201
    return [NUMBER, NUMBER]


def too_broad(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "408")
    assert (reply.status, reply.body) == (408, b"")
    return []


def transient(visitor: Visitor, clock: TestClock) -> list[int]:
    assert book(visitor, "transient_400").status == 400
    assert book(visitor).status == 201
    return [NUMBER]


def down(visitor: Visitor, clock: TestClock) -> list[int]:
    visitor.admin("faults", name="down", value=7200, path="*/GeneralJournalEntries")
    assert [book(visitor).status for _ in range(3)] == [503, 503, 503]
    assert visitor.get("hrm/Divisions").status == 200, "only what matches is down"
    clock.move(seconds=7201)
    visitor.log_in()
    assert book(visitor).status == 201
    return [NUMBER]


def dying_swan(visitor: Visitor, clock: TestClock) -> list[int]:
    reply = book(visitor, "dying_swan")
    assert reply.status == 201
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    assert b"A problem has occurred." in reply.body
    return [NUMBER]


STORIES: dict[str, Callable[[Visitor, TestClock], list[int]]] = {
    "drop_before": lost,
    "drop_after_commit": answer_lost,
    "cut_at_byte": cut,
    "late_commit": late,
    "error_after_commit": error_after,
    "slow": slow,
    "slow_before": slow_before,
    "trickle": trickle,
    "429": limited,
    "401": unauthorised,
    "408": too_broad,
    "transient_400": transient,
    "down": down,
    "dying_swan": dying_swan,
    "html_200": html_200,
    "html_503": html_503,
    "empty_200": empty_200,
    "problem_500": problem,
    "refuse": refuse,
    "ignore_entry_number": ignored_number,
    "allow_duplicate_number": duplicate_number,
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_fault(visitor: Visitor, clock: TestClock, kind: str) -> None:
    expected = STORIES[kind](visitor, clock)
    assert visitor.numbers() == expected
    faults = [call["fault"] or "" for call in visitor.admin("calls", "GET")["calls"]]
    assert any(text.startswith(kind) for text in faults)


def test_late_work_meets_a_number_that_was_used_meanwhile(
    visitor: Visitor, clock: TestClock
) -> None:
    gone(visitor, "late_commit=60")
    assert book(visitor).status == 201
    visitor.admin("clock", move_seconds=61)
    assert visitor.numbers() == [NUMBER]
    last = visitor.admin("calls", "GET", limit=1)["calls"][0]
    assert (last["status"], last["fault"]) == (500, "late_commit done")


def test_late_work_outlives_its_access_token(visitor: Visitor, clock: TestClock) -> None:
    gone(visitor, "late_commit=900")
    clock.move(seconds=901)
    assert visitor.numbers() == [NUMBER]


def test_a_queue_serves_the_next_requests_that_match(visitor: Visitor) -> None:
    visitor.admin("faults", name="html_503", method="POST", path="*/GeneralJournalEntries", times=2)
    assert visitor.get("financial/Journals").status == 200
    assert [book(visitor).status for _ in range(3)] == [503, 503, 201]
    assert visitor.admin("faults", "GET")["waiting"] == []


def rolls(visitor: Visitor, seed: int) -> list[int]:
    visitor.admin("faults", "DELETE")
    visitor.admin("faults", seed=seed, name="html_503", method="GET", rate=0.4)
    return [visitor.get("financial/Journals", top=1).status for _ in range(20)]


def test_a_seed_repeats_a_run(visitor: Visitor) -> None:
    first = rolls(visitor, 7)
    assert set(first) == {200, 503}
    assert rolls(visitor, 7) == first
    assert rolls(visitor, 8) != first


@pytest.mark.parametrize(
    "wrong", [{"name": "nonsense"}, {"name": "slow", "when": 1}, {"name": "slow", "seed": "x"}]
)
def test_a_fault_that_does_not_exist_is_refused(visitor: Visitor, wrong: dict[str, Any]) -> None:
    reply = visitor.ask("POST", "/sandbox/api/faults", json.dumps(wrong))
    assert reply.status == 400
    assert "error" in reply.json


def test_the_connection_is_kept_between_requests(visitor: Visitor) -> None:
    link = http.client.HTTPConnection("127.0.0.1", visitor.sandbox.port, timeout=5)
    try:
        for _ in range(3):
            link.request("GET", f"/api/v1/1000001/{ENTRIES}", headers=visitor.headers)
            answer = link.getresponse()
            assert len(answer.read()) == int(str(answer.getheader("Content-Length")))
            assert link.sock is not None
    finally:
        link.close()


def test_nobody_is_answered_while_a_late_commit_is_being_done(visitor: Visitor, clock: TestClock):
    """What is due is in the books before any later request is looked at."""
    late, begun, may_end = visitor.sandbox.late, threading.Event(), threading.Event()

    def done_slowly(_request: Request) -> Answer:
        begun.set()
        assert may_end.wait(10)
        return Answer(201)

    late.carry_out = done_slowly
    gone(visitor, "late_commit=5")
    clock.move(seconds=5)
    assert begun.wait(10)
    following = threading.Thread(target=late.release)
    following.start()
    following.join(0.1)
    waited = following.is_alive()
    may_end.set()
    following.join(10)
    assert waited
