"""Whether the process that holds a lease still lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from retailvista.runs.owners import FOLDER, Owner, is_dead, others_live


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


def killed(folder, seconds_ago: int) -> Path:
    """The file that a killed process left behind."""
    code = (
        "import os, sys; from pathlib import Path; from retailvista.runs.owners import Owner;"
        "print(Owner(Path(sys.argv[1])).name, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False
    )
    path = folder / FOLDER / done.stdout.strip()
    before = path.stat().st_mtime - seconds_ago
    os.utime(path, (before, before))
    return path


def test_the_next_process_clears_away_what_killed_ones_left(tmp_path):
    living = Owner(tmp_path)
    left = [killed(tmp_path, seconds_ago=120) for _ in range(2)]
    elsewhere = tmp_path / FOLDER / "elsewhere.123.abcdef"
    elsewhere.touch()
    for path in (elsewhere, tmp_path / FOLDER / living.name):
        os.utime(path, (1, 1))
    beginning = killed(tmp_path, seconds_ago=0)
    fresh = Owner(tmp_path)
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == sorted(
        [living.name, fresh.name, elsewhere.name, beginning.name]
    ), "one that may be at its very beginning, between its file and its lock, is left alone"
    assert all(is_dead(tmp_path, path.name) for path in left)
    assert not is_dead(tmp_path, living.name)
    living.leave()
    fresh.leave()


def test_whether_others_live_is_known_at_once(tmp_path):
    mine = Owner(tmp_path)
    assert not others_live(tmp_path, mine.name)
    other = Owner(tmp_path)
    assert others_live(tmp_path, mine.name)
    other.leave()
    assert not others_live(tmp_path, mine.name)
    mine.leave()
