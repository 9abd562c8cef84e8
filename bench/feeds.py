"""A feed of many receipts: first byte, rows per second, growth of memory.

python -m bench.feeds [--rows 100000] [--source sqlite]

Own receipts in SQLite and in PostgreSQL (RV_TEST_POSTGRES_URL, scripts/test-services; without it
that is left out), and transaction lines of Exact: their copy in DuckDB, and live. Links to a next
page are followed until so many rows were read. The floor of live is what the same calls take when
requests reads their pages and throws them away.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.feed_sources import POSTGRES, SOURCES, Measurable

SECONDS_MOST, GROWTH_MOST_MB = 10.0, 60.0
LINK = b'"@odata.nextLink":"'


def main(argv: Sequence[str] | None = None) -> int:
    """Measure each query; 1 when one misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--source", choices=SOURCES, action="append")
    asked = parser.parse_args(argv)
    met = True
    for name in asked.source or usual_sources():
        print(f"-- {name}", flush=True)
        with (
            tempfile.TemporaryDirectory(prefix="rv-bench-") as folder,
            SOURCES[name](Path(folder), asked.rows) as source,
        ):
            for query, path in source.queries:
                met &= measured(source, query, path, asked.rows)
    return 0 if met else 1


def usual_sources() -> list[str]:
    return [name for name in SOURCES if name != "postgresql" or POSTGRES in os.environ]


def measured(source: Measurable, name: str, path: str, rows: int) -> bool:
    """So many rows, read to the end of each answer; whether that meets the aim."""
    source.program.send(f"{path}{'&' if '?' in path else '?'}$top=1")
    if source.wire is not None:
        source.wire.sent.clear()
    read = Read(source, rows)
    read.all_of(f"/odata/{source.program.feed}/{path}")
    print(
        f"{name:28} first byte {read.first * 1000:5.0f} ms  {read.rows / read.seconds:9,.0f} rows/s"
        f"  {read.size / 1e6:5.1f} MB  memory +{read.growth:.1f} MB"
    )
    if source.wire is not None:
        calls, seconds, form = source.wire.again()
        print(
            f"{read.rows:,} rows in {read.answers} answers, {calls} calls of {form}; the same pages"
            f" thrown away: {seconds:.1f} s, {read.rows / seconds:,.0f} rows/s"
        )
    return read.seconds * rows / read.rows <= SECONDS_MOST and read.growth <= GROWTH_MOST_MB


@dataclass(slots=True)
class Read:
    """What a reader sees, until he has enough rows."""

    source: Measurable
    enough: int
    first: float = 0.0
    seconds: float = 0.0
    growth: float = 0.0
    rows: int = 0
    size: int = 0
    answers: int = 0

    def all_of(self, address: str) -> None:
        """Answer after answer, as the links lead."""
        began, before = time.perf_counter(), resident_mb()
        while address and self.rows < self.enough:
            address = self._answer(address, began, before)
        self.seconds = time.perf_counter() - began

    def _answer(self, address: str, began: float, before: float) -> str:
        """One answer; the link to the next."""
        program, piece = self.source.program, b""
        headers = {**program.headers, "Prefer": "odata.maxpagesize=100000"}
        answer = program.client.open(address, headers=headers)
        assert answer.status_code == 200, answer.text
        for number, piece in enumerate(answer.iter_encoded()):
            self.first = self.first or time.perf_counter() - began
            self.size += len(piece)
            self.rows += piece.count(self.source.mark)
            if number % 20 == 0:
                self.growth = max(self.growth, resident_mb() - before)
        answer.close()
        self.answers += 1
        link = piece.rpartition(LINK)[2].partition(b'"')[0].decode() if LINK in piece else ""
        return link.partition(program.host)[2]


def resident_mb(process: int | str = "self") -> float:
    """What a process holds in memory."""
    for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
