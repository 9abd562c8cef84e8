"""The guide is true: every curl in it is run, and every admin call stands in it."""

from __future__ import annotations

import shlex
from pathlib import Path

from retailvista.sandbox.faults import KINDS
from retailvista.sandbox.rules import RULES
from retailvista.sandbox.settings import CHOICES
from tests.sandbox.visitor import Visitor

GUIDE = Path(__file__).parents[2] / "docs" / "sandbox.md"
BASE = "http://127.0.0.1:8001"


def commands() -> list[list[str]]:
    """Every curl of the guide, in words."""
    text = GUIDE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line.startswith("curl ")]


def run(visitor: Visitor, words: list[str]) -> tuple[str, str, int]:
    """Method, path and status of one curl."""
    address = next(word for word in words if word.startswith(BASE))[len(BASE) :]
    data = [words[place + 1] for place, word in enumerate(words) if word == "-d"]
    method = words[words.index("-X") + 1] if "-X" in words else ("POST" if data else "GET")
    body = "&".join(data) if len(data) > 1 else "".join(data)
    reply = visitor.ask(method, address, body.encode() or None)
    return method, address.split("?")[0], reply.status


def test_every_curl_of_the_guide_works(stranger: Visitor) -> None:
    stranger.sandbox.store.add_app("my-app", "s", "http://localhost:5000/callback")
    # Something that can be sent again.
    stranger.sandbox.store.insert(
        "notification", {"subscription": "gone", "body": "{}", "due": 0.0, "made_at": 0.0}
    )
    run_ones = [run(stranger, words) for words in commands()]
    assert len(run_ones) > 25
    assert [one for one in run_ones if one[2] not in (200, 302)] == []
    named = {(method, path.removeprefix("/sandbox/api/")) for method, path, _ in run_ones}
    assert set(stranger.sandbox.admin.routes) - named == set()


def test_every_rule_of_the_judge_stands_in_the_guide() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [rule for rule in RULES if f"`{rule}`" not in text] == []


def test_every_fault_and_profile_stands_in_the_guide() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    values = [*KINDS, *(value for choices in CHOICES.values() for value in choices)]
    assert [value for value in values if f"`{value}" not in text] == []
