"""Planted bugs: copies of the product with one line changed, which the simulation must catch.

A judge that never objects proves nothing; each of these is a way others have lost or doubled
entries. The product itself has no switches for them: the copy is made in a temporary folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One line of the product, changed; `seeds` are enough for the judge to see it."""

    name: str
    file: str
    good: str
    bad: str
    seeds: str


MUTANTS = (
    Mutant(
        "the look before a second send is dropped",
        "journals/looking.py",
        "    found += entries_between(work.visit, claim.journal_code, number, number, known=known)",
        "    del number, known",
        "0:200",
    ),
    Mutant(
        "the fence is dropped",
        "journals/claiming.py",
        "return (EXPORT.c.id == export_id, EXPORT.c.attempt == attempt, EXPORT.c.live)",
        "return (EXPORT.c.id == export_id, attempt == attempt, EXPORT.c.live)",
        "0:400",
    ),
    Mutant(
        "sent again without proof",
        "journals/ladder.py",
        "    if not facts.proven:",
        "    if facts.sends > 99:",
        "0:200",
    ),
    Mutant(
        "unknown is treated as failed",
        "journals/ladder.py",
        "        return Move(Next.CHECK, RUNGS[0])\n    # A refusal",
        "        return _not_executed(facts, NOT_SENT_WAIT)\n    # A refusal",
        "0:100",
    ),
    Mutant(
        "the quarantine counts from the intent",
        "journals/taking_over.py",
        '**unknown_from(now, clock), "last_outcome": ladder.LOST}',
        '**unknown_from(now, clock), "last_outcome": ladder.LOST, "unknown_since": facts.sent_at}',
        "175:400",
    ),
    Mutant(
        "a blind look counts as absent",
        "journals/finding.py",
        "    if all(entry.entry_number != known for entry in entries):",
        "    if not look.good:",
        "96:400",
    ),
    Mutant(
        "an answer of 5xx counts as refused",
        "connectors/exact_online/answers.py",
        "            outcome = Outcome.UNKNOWN\n    return",
        "            outcome = Outcome.REJECTED\n    return",
        "25:200",
    ),
    Mutant(
        "the lane does not wait for the first look",
        "journals/claiming.py",
        "        _OTHER.c.good_looks == 0,",
        "        _OTHER.c.good_looks < 0,",
        "0:100",
    ),
    Mutant(
        "the first journal does not go alone",
        "journals/preparing.py",
        "alone=not drafted.shows <= now.shown[facts.seat_id],",
        "alone=False,",
        "0:100",
    ),
    Mutant(
        "sent with an expired lease",
        "journals/ladder.py",
        "LEASE_LEFT_TO_SEND = timedelta(seconds=180)",
        "LEASE_LEFT_TO_SEND = timedelta(seconds=-9000)",
        "175:400",
    ),
)


def caught(mutant: Mutant) -> str:
    """What the judge says of the mutant; '' when it notices nothing."""
    with tempfile.TemporaryDirectory(prefix="rv-mutant-") as name:
        folder = Path(name)
        ignore = shutil.ignore_patterns("__pycache__", "static")
        shutil.copytree(ROOT / "retailvista", folder / "retailvista", ignore=ignore)
        shutil.copytree(ROOT / "tests", folder / "tests", ignore=ignore)
        path = folder / "retailvista" / mutant.file
        source = path.read_text(encoding="utf-8")
        assert source.count(mutant.good) == 1, f"{mutant.name}: the line is not there any more"
        path.write_text(source.replace(mutant.good, mutant.bad), encoding="utf-8")
        command = [sys.executable, "-m", "tests.simulation.run", "--first", "--seeds", mutant.seeds]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        done = subprocess.run(  # noqa: PLW1510 - the code is looked at
            command, cwd=folder, env=environment, capture_output=True, text=True
        )
        return done.stdout if done.returncode else ""
