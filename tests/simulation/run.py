"""One seed of the simulation: real service code, real sandbox code, virtual time, seeded faults.

    python -m tests.simulation.run --seed 4711        # repeat one, with its log
    python -m tests.simulation.run --seeds 0:1000     # many; prints each seed that fails

Invariant: a run ends with every journal in the books exactly once, or with a person asked.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, select

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.connectors.models import PROOF_YES, PostingSeat
from retailvista.connectors.outside import Outside
from retailvista.journals import actions
from retailvista.journals.evidence import read_facts
from retailvista.journals.exporting import due_companies, export_pass
from retailvista.journals.models import Export
from retailvista.sandbox.pytest_plugin import broken
from retailvista.sandbox.server import Sandbox
from retailvista.vault import Vault
from tests.simulation.faulty_wire import FaultyWire
from tests.simulation.judge import Judge, Violation
from tests.simulation.people import act
from tests.simulation.preparing import fast_folder, templates
from tests.simulation.profiles import HOURS_LATE, PROFILES, SETTINGS
from tests.simulation.scheduler import START, Scheduler, VirtualClock, Worker, step_sessions
from tests.simulation.services import begin, service_of
from tests.stage import INSTALLATION, Stage
from tests.world import session_maker

STORM_SECONDS, CALM_SECONDS = 2400, 6 * 3600
CONNECTED = ("verified", "rejected", "conflict")


@dataclass(slots=True)
class Outcome:
    """What a seed came to."""

    seed: int
    profile: str
    log: list[str]
    resends: int
    asked: int
    stale: int = 0
    chained: int = 0
    chains_cut: int = 0
    problem: str = ""


class Run:
    """One seed."""

    def __init__(self, seed: int, profile: str = "") -> None:
        self.seed = seed
        self.profile = profile or PROFILES[seed % len(PROFILES)]
        self.clock = VirtualClock()
        self.scheduler = Scheduler(seed, self.clock)
        dice = self.scheduler.dice
        self.warm = dice.random() < 0.7
        can_prove = self.profile not in ("accepts-used", "ignores-ours", "sage-ignores-key")
        self.proven = self.warm and can_prove and dice.random() < 0.8
        self.folder = Path(tempfile.mkdtemp(prefix="rv-seed-", dir=fast_folder()))
        begin(self.profile)
        source = templates(service_of(self.profile))[self.warm]
        shutil.copytree(source, self.folder, dirs_exist_ok=True)
        self.engine = create_engine(f"sqlite:///{self.folder / 'test.sqlite3'}")
        db.tune_engine(self.engine, self.clock)
        self.judge = Judge(self.scheduler, self.engine, proven=self.proven, warm=self.warm)
        self.sandbox = Sandbox(self.folder / "sandbox.sqlite", clock=self.clock)
        self.judge.sandbox = self.sandbox
        for name, value in SETTINGS[self.profile].items():
            self.sandbox.store.set(name, value)
        self.wires: list[FaultyWire] = []
        self.storm = True
        self.stage = self._stage()

    def _stage(self) -> Stage:
        outside = self._outside("person")
        sessions = session_maker(self.engine)
        stage = Stage(self.clock, self.sandbox, self.engine, sessions, outside, 1, 1)
        if self.proven:
            stage.change(_prove)
        return stage

    def _outside(self, owner: str) -> Outside:
        wire = FaultyWire(self.scheduler, lambda: self.sandbox, self.judge, owner)
        self.wires.append(wire)
        spool = self.folder / "spool"
        spool.mkdir(exist_ok=True)
        vault = Vault(INSTALLATION, {"k": b"0" * 32})
        sessions = step_sessions(self.engine, self.scheduler)
        return Outside(sessions, vault, wire, self.clock, spool, owner, INSTALLATION)

    def go(self) -> Outcome:
        """Storm, calm, people; then everything is in the books exactly once."""
        outcome = Outcome(self.seed, self.profile, self.scheduler.log, 0, 0)
        try:
            self._go(outcome)
        except Violation as violation:
            outcome.problem = str(violation)
        finally:
            outcome.resends = self.judge.resends
            outcome.stale = self.judge.stale
            outcome.chained, outcome.chains_cut = self.judge.chained, self.judge.chains_cut
            self.scheduler.close()
            self.engine.dispose()
            self.sandbox.stop()
            shutil.rmtree(self.folder, ignore_errors=True)
        return outcome

    def _go(self, outcome: Outcome) -> None:
        for name in ("A", "B"):
            outside = self._outside(name)
            self.scheduler.add(name, lambda worker, outside=outside: self._work(worker, outside))
        self._storm()
        if self.profile == "rights-lost":
            self._lose_rights()
        self._calm()
        settled = self.scheduler.run(self._settled, CALM_SECONDS)
        if not settled:
            raise Violation(f"not settled: {self._standing()}")
        outcome.asked = self._check_settled()
        for _ in range(12):
            if not self._people_act():
                break
            self.scheduler.run(self._settled, CALM_SECONDS)
        self._check_end()
        self._check_rules()

    def _work(self, worker: Worker, outside: Outside) -> None:
        """What the engine does: see what is due, work, rest."""
        dice = self.scheduler.dice
        rest = dice.uniform(2, 25)
        if 1 in due_companies(outside):
            counts = export_pass(outside, 1)
            self.scheduler.note(f"pass {counts}")
        elif not self.storm:
            rest *= 10
        self.scheduler.pause(rest)

    def _storm(self) -> None:
        dice = self.scheduler.dice
        for wire in self.wires:
            wire.rate = dice.choice([0.2, 0.5, 0.9])
            wire.extra = {"unknown_refusal": 25} if self.profile == "unknown-refusal" else {}
            if self.profile == "late-by-hours":
                wire.extra, wire.latest = {"late_commit": 40}, HOURS_LATE
        self.scheduler.crash_rate = dice.choice([0.0, 0.003, 0.01])
        self.scheduler.stop_rate = dice.choice([0.0, 0.003, 0.01])
        self.stage.change(self._stagger)
        self.scheduler.run(lambda: False, dice.uniform(60, STORM_SECONDS))

    def _stagger(self, session) -> None:
        """The journals come due during the storm, one by one, or some or all of them at once.

        What is due together is sent in one go, the next claim in the commit of the last outcome.
        """
        dice = self.scheduler.dice
        moments = [dice.uniform(0, STORM_SECONDS / 2) for _ in range(dice.choice([1, 2, 8]))]
        for export in session.scalars(select(Export).order_by(Export.id)):
            if export.state == "ready":
                export.not_before = START + timedelta(seconds=dice.choice(moments))

    def _lose_rights(self) -> None:
        """The login may still post but reads nothing for a while."""
        self.sandbox.store.set("rights", "lost")
        self.judge.blind = True
        before = self._standing()
        self.scheduler.run(lambda: False, self.scheduler.dice.uniform(300, 3000))
        decided = [facts for facts in self._facts() if facts.decision in _BY_ABSENCE]
        if len(decided) > before.count("person_decides") + before.count("missing"):
            raise Violation("a person is asked because the books showed nothing")
        self.sandbox.store.set("rights", "kept")
        self.judge.blind = False

    def _calm(self) -> None:
        self.storm = False
        for wire in self.wires:
            wire.rate = 0.0
        self.scheduler.crash_rate = self.scheduler.stop_rate = 0.0

    def _facts(self):
        session = self.stage.sessions()
        try:
            with company_scope(1), db.reading(session):
                return read_facts(session)
        finally:
            session.close()

    def _standing(self) -> str:
        connector = self.stage.connector()
        rows = " ".join(f"{facts.state}/{facts.decision}" for facts in self._facts())
        return f"{rows} paused={connector.paused!r} until {connector.paused_until}"

    def _settled(self) -> bool:
        """Nothing moves any more without a person, and nothing is on its way."""
        if self.scheduler.events:
            return False
        connector = self.stage.connector()
        if connector.paused and connector.paused_until is None:
            now = self.clock.now()
            return not any(f.lease_until and f.lease_until > now for f in self._facts())
        facts = self._facts()
        if any(f.decision == actions.NEW_NUMBER_ASKED for f in facts):
            return False
        waiting = [f for f in facts if f.state not in CONNECTED and not f.decision]
        held = any(f.alone and f.decision in actions.WAITING_FOR_PERSON for f in facts)
        return not waiting or (held and all(f.state == "ready" for f in waiting))

    def _check_settled(self) -> int:
        """Each journal is verified, or somebody is asked by name; how many are asked."""
        books, asked = self.judge.in_books(), 0
        for facts in self._facts():
            count = books.get(facts.posting_key, 0)
            if facts.decision in actions.WAITING_FOR_PERSON:
                asked += 1
            if facts.state == "verified" and count != 1:
                raise Violation(f"{facts.posting_key} is verified and {count} times in the books")
            if facts.state in ("rejected", "ready") and count:
                raise Violation(f"{facts.posting_key} is {facts.state} and in the books")
            if facts.state in ("rejected", "conflict") and not facts.decision:
                raise Violation(f"{facts.posting_key} is {facts.state} and nobody is asked")
        return asked

    def _people_act(self) -> bool:
        session = self.stage.sessions()
        try:
            with company_scope(1):
                return act(session, self.stage, self.scheduler, self.judge.in_books())
        finally:
            session.close()

    def _check_end(self) -> None:
        self.judge.stale_workers_changed_nothing()
        self.judge.count_chains()
        books = self.judge.in_books()
        for facts in self._facts():
            if facts.state not in ("verified", "posted"):
                raise Violation(f"at the end: {self._standing()}")
            if books.get(facts.posting_key, 0) != 1:
                raise Violation(f"{facts.posting_key} is lost or double: {books}")

    def _check_rules(self) -> None:
        """However it stormed, the client kept the provider's rules."""
        complaints = broken(self.sandbox)
        if complaints:
            raise Violation(f"the provider's rules were broken: {complaints[:3]}")


_BY_ABSENCE = (actions.PERSON_DECIDES, actions.MISSING)


def _prove(session) -> None:
    seat = session.scalars(select(PostingSeat)).one()
    seat.number_honoured = seat.used_refused = PROOF_YES


def run_seed(seed: int, profile: str = "") -> Outcome:
    """One seed, start to end, under its profile or a given one."""
    return Run(seed, profile).go()


def main() -> int:
    """Repeat seeds from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", default="0:100")
    parser.add_argument("--profile", default="", choices=("", *SETTINGS))
    parser.add_argument("--first", action="store_true", help="stop at the first that fails")
    asked = parser.parse_args()
    if asked.seed is not None:
        outcome = run_seed(asked.seed, asked.profile)
        sys.stdout.write("\n".join(outcome.log) + f"\n{outcome.profile} {outcome.problem}\n")
        return 1 if outcome.problem else 0
    first, last = (int(part) for part in asked.seeds.split(":"))
    failed = 0
    for seed in range(first, last):
        outcome = run_seed(seed, asked.profile)
        if outcome.problem:
            failed += 1
            sys.stdout.write(f"--seed {seed} ({outcome.profile}): {outcome.problem}\n")
            if asked.first:
                return 1
    sys.stdout.write(f"{last - first} seeds, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
