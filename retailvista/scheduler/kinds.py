"""Kinds of run: which use case a run's name stands for, and what its counts are.

Every function is plain: it is told the facts of its run, takes what is due, and may run twice,
late or never without harm.
"""

from __future__ import annotations

from datetime import date

from retailvista.connectors.outside import Outside
from retailvista.journals import building
from retailvista.runs.working import Counts, Kinds, RunFacts


def build(outside: Outside, facts: RunFacts) -> Counts:
    """Store days that are ready become journals; days that are held are problems."""
    until = facts.args.get("until")
    with outside.sessions() as session:
        result = building.build_journals(
            session, date.fromisoformat(until) if until else None, facts.asked_by or "system"
        )
    return {"built": len(result.built), "problems": len(result.problems)}


KINDS: Kinds = {"build": build}
