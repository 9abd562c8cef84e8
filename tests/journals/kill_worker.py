"""A worker process that is killed: exports until it dies. Started by test_export_kill.py."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from retailvista import db
from retailvista.clock import SystemClock
from retailvista.connectors.http import RequestsWire
from retailvista.journals.exporting import export_pass
from tests.stage import outside_for


class LaterClock(SystemClock):
    """The machine's clock, so many seconds ahead: leases and looks need no real waiting."""

    def __init__(self, ahead: float) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.ahead)

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


def main() -> None:
    """Arguments: folder, site, seconds ahead."""
    folder, site, ahead = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    clock = LaterClock(ahead)
    engine = create_engine(f"sqlite:///{folder / 'test.sqlite3'}")
    db.tune_engine(engine, clock)
    wire = RequestsWire(clock, (), [site])
    outside = outside_for(engine, clock, wire, folder, f"worker-{ahead}")
    sys.stdout.write("working\n")
    sys.stdout.flush()
    counts = export_pass(outside, 1)
    sys.stdout.write(f"{counts}\n")


if __name__ == "__main__":
    main()
