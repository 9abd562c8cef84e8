"""Exactly once, over seeds: every journal is in the books once, or a person is asked.

A seed that fails is printed and repeated with `python -m tests.simulation.run --seed N`, or with
RV_SEED=N in front of pytest.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.mutants import MUTANTS, Mutant, caught
from tests.simulation.profiles import BY_NAME, PROFILES
from tests.simulation.run import run_seed

CHUNK = 25
CHUNKS = 20
SEEDS_EACH = 6
ONLY = os.environ.get("RV_SEED")


@pytest.mark.parametrize("chunk", [0] if ONLY else range(CHUNKS))
def test_every_journal_is_in_the_books_exactly_once_or_a_person_is_asked(chunk: int) -> None:
    seeds = [int(ONLY)] if ONLY else range(chunk * CHUNK, (chunk + 1) * CHUNK)
    outcomes = [run_seed(seed) for seed in seeds]
    failed = [f"--seed {o.seed} ({o.profile}): {o.problem}" for o in outcomes if o.problem]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("profile", BY_NAME)
def test_exactly_once_under_every_other_profile_of_the_books(profile: str) -> None:
    outcomes = [run_seed(seed, profile) for seed in range(1000, 1000 + SEEDS_EACH)]
    failed = [f"--seed {o.seed} --profile {profile}: {o.problem}" for o in outcomes if o.problem]
    assert not failed, "\n".join(failed)


def test_the_faults_really_happen() -> None:
    """A storm that never leads to a second send or to a question would show nothing."""
    outcomes = [run_seed(seed) for seed in range(40)]
    assert {outcome.profile for outcome in outcomes} == set(PROFILES)
    assert sum(outcome.resends for outcome in outcomes) >= 3
    assert sum(outcome.asked for outcome in outcomes) >= 10
    assert sum(outcome.stale for outcome in outcomes) >= 1, "nobody ever came back too late"
    assert sum(outcome.chained for outcome in outcomes) >= 20
    assert sum(outcome.chains_cut for outcome in outcomes) >= 2, "no chain was cut after its commit"
    text = "\n".join(line for outcome in outcomes for line in outcome.log)
    for word in (
        "crash",
        "stopped",
        "late arrival",
        "lost_answer",
        "lost_request",
        "-> answered 502",
    ):
        assert word in text, f"{word} never happened"


@pytest.mark.parametrize("seed", [0, 7, 31])
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    assert run_seed(seed).log == run_seed(seed).log


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant) -> None:
    assert "--seed" in caught(mutant)
