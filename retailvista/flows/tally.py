"""What a run of a flow has done so far, told after each page; between two pages it may stop.

Invariant: every page that was taken is told once, after its rows are safe; counts go on where an
earlier attempt of the same run left off. The state of the run is computed from these counts, so
that a run in which nothing succeeded can only end as failed.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from retailvista import db as database
from retailvista.connectors import lanes
from retailvista.connectors.outside import Outside
from retailvista.errors import Later, RetailVistaError
from retailvista.runs import working
from retailvista.runs.calls import calls_sent
from retailvista.runs.models import Run
from retailvista.runs.working import RunFacts

# What a run may count. All but failed and refused are work done; new and changed rows cost.
READ, NEW, CHANGED, DELETED, DISCARDED = "read", "new", "changed", "deleted", "discarded"
SENT, SKIPPED, FAILED, UNKNOWN, PAGES = "sent", "skipped", "failed", "unknown", "pages"
REFUSED = "refused"
COMPARED, DIFFERENCES = "compared", "differences"
NAMES = frozenset(
    (
        *(READ, NEW, CHANGED, DELETED, DISCARDED, SENT, SKIPPED, FAILED, UNKNOWN, PAGES),
        *(REFUSED, COMPARED, DIFFERENCES),
    )
)
PAUSE = timedelta(seconds=1)


class RunStopped(RetailVistaError):
    """A person stopped the run. What it has done stays, and the next run goes on from there."""


class RunLost(RetailVistaError):
    """Another worker took this run over."""


class Tally:
    """Counts, pages and log of one run. Not shared between threads."""

    def __init__(self, outside: Outside, facts: RunFacts) -> None:
        self.facts = facts
        self._outside = outside
        stored = working.told(outside, facts)
        self._counts = Counter({name: stored[name] for name in stored.keys() & NAMES})
        self._left: int | None = stored.get("calls_left")
        self._total = 0
        self._calls_before = self._stored_calls()

    @property
    def run_id(self) -> int:
        """The run's id, for rows that remember by which run they came."""
        return self.facts.run_id

    @property
    def counts(self) -> dict[str, int]:
        """All so far, with the calls used and left; what a run function returns."""
        spent = {"calls": self._calls_before + calls_sent()}
        if self._left is not None:
            spent["calls_left"] = self._left
        return dict(self._counts) | spent

    def expect(self, pages: int) -> None:
        """So many more pages are expected, as well as one can tell: the bar is an estimate."""
        self._total = self._counts[PAGES] + max(0, pages)

    def page(self, *, lane_key: str = "", **counted: int) -> None:
        """A page is done, its rows are safe. Raises RunStopped, RunLost, or Later at shutdown.

        `counted` by NAMES, such as read=60, new=12. With `lane_key` the calls left are told too.
        """
        self._add(counted)
        self._counts[PAGES] += 1
        if lane_key:
            self._left = self._calls_left(lane_key)
        self._tell()

    def count(self, **counted: int) -> None:
        """Something that is no page of an answer: an item sent, a difference found."""
        self._add(counted)
        self._tell()

    def failed(self, what: str, why: str) -> None:
        """One part did not succeed and the others go on: an endpoint without rights, say."""
        self._counts[FAILED] += 1
        self.say("error", f"{what}: {why}")
        self._tell()

    def say(self, level: str, text: str) -> None:
        """A line in the log of the run. Never a secret."""
        working.say(self._outside, self.facts, level, text)

    def _add(self, counted: dict[str, int]) -> None:
        assert counted.keys() <= NAMES, f"no such counts: {sorted(counted.keys() - NAMES)}"
        assert all(count >= 0 for count in counted.values()), "counts only grow"
        self._counts.update(counted)

    def _tell(self) -> None:
        done = self._counts[PAGES]
        total = max(self._total, done)
        asked_by = working.tell(self._outside, self.facts, self.counts, done, total)
        if asked_by is None:
            raise RunLost
        if asked_by:
            raise RunStopped(f"Stopped by {asked_by}.")
        if self._outside.stopping():
            raise Later(
                "RetailVista is stopping; the run goes on after its start.",
                not_before=self._outside.clock.now() + PAUSE,
            )

    def _stored_calls(self) -> int:
        with self._outside.sessions() as session, database.reading(session):
            return session.scalar(select(Run.calls).where(Run.id == self.run_id)) or 0

    def _calls_left(self, key: str) -> int:
        with self._outside.sessions() as session, database.reading(session):
            seen = lanes.view(session, key)
        if seen.day_remaining is not None:
            return seen.day_remaining
        return max(0, seen.day_limit - seen.day_used)
