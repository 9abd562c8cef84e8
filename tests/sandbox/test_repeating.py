"""A seed repeats a run bit for bit: tokens, keys, times, numbers and every fault."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

from retailvista.sandbox.server import Sandbox
from tests.conftest import TestClock
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, ENTRIES, SECRET, Visitor

# Every answer carries the address as the client wrote it, so that the port does not show.
HOST = {"Host": "sandbox.localhost"}
FAULTS = ("drop_after_commit", "html_503", "429", "cut_at_byte", "ignore_entry_number")


class Recorder(Visitor):
    """A visitor who keeps every byte that came."""

    def ask(self, method, target, body=None, headers=None):
        self.kept = getattr(self, "kept", [])
        try:
            reply = super().ask(method, target, body, (headers or {}) | HOST)
        except (ConnectionError, http.client.HTTPException) as gone:
            self.kept.append(type(gone).__name__)
            raise
        self.kept.append((reply.status, sorted(reply.headers.items()), reply.body))
        return reply


def run(path: Path, seed: int) -> list[object]:
    clock = TestClock()
    with Sandbox(path, clock=clock) as sandbox:
        sandbox.store.add_app(CLIENT_ID, SECRET, CALLBACK)
        visitor = Recorder(sandbox)
        visitor.admin("faults", seed=seed)
        for name in FAULTS:
            visitor.admin("faults", name=name, rate=0.12, path="/api/v1/*")
        visitor.log_in()
        for turn in range(40):
            clock.move(seconds=7)
            lines = visitor.line("1210", 1 + turn), visitor.line("1205", -1 - turn)
            try:
                visitor.book(*lines)
                visitor.get(ENTRIES, top=3, orderby="EntryNumber desc")
            except (ConnectionError, http.client.HTTPException):
                continue
        visitor.admin("calls", "GET")
        visitor.admin("judge", "GET")
        return visitor.kept


def test_a_seed_repeats_a_run_bit_for_bit(tmp_path: Path) -> None:
    first = run(tmp_path / "a.sqlite", 7)
    assert len(first) > 60
    assert {json.dumps(one)[:14] for one in first if isinstance(one, str)}, "something was cut"
    assert run(tmp_path / "b.sqlite", 7) == first
    assert run(tmp_path / "c.sqlite", 8) != first
