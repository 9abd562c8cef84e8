"""Whether the process that holds a lease still lives."""

from __future__ import annotations

import subprocess
import sys

from retailvista.runs.owners import Owner, is_dead, others_live


def test_a_process_that_is_killed_is_dead_at_once(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from retailvista.runs.owners import Owner;"
        "print(Owner(Path(sys.argv[1])).name, flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True,
    )  # fmt: skip
    with child:
        name = child.stdout.readline().strip()
        assert not is_dead(tmp_path, name)
        child.kill()
        child.wait()
    assert is_dead(tmp_path, name)


def test_the_own_process_lives_until_it_leaves(tmp_path):
    owner = Owner(tmp_path)
    assert not is_dead(tmp_path, owner.name)
    owner.leave()
    assert is_dead(tmp_path, owner.name)


def test_a_process_of_another_host_may_live(tmp_path):
    assert not is_dead(tmp_path, "elsewhere.123.abcdef")


def test_whether_others_live_is_known_at_once(tmp_path):
    mine = Owner(tmp_path)
    assert not others_live(tmp_path, mine.name)
    other = Owner(tmp_path)
    assert others_live(tmp_path, mine.name)
    other.leave()
    assert not others_live(tmp_path, mine.name)
    mine.leave()
