"""Import + build of a generated till file, beside an iterparse that only visits its elements.

`python -m bench.till_import --lines 100000`. Each measurement runs in a process of its own, so
that peak memory is its own. The yardstick is lxml's iterparse visiting every element of the same
file: the fastest that a Python program can read it without understanding anything.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

from lxml import etree
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies.models import Company, Store
from retailvista.companies.scope import company_scope
from retailvista.journals.building import build_journals
from retailvista.journals.importing import import_till_file
from retailvista.journals.links import initialise

ROOT = Path(__file__).resolve().parent.parent
TAGS = "{http://www.auditfiles.nl/XAA/3.1}cashtransaction"


def visit_every_element(file: Path) -> dict[str, float]:
    """What the yardstick does: every end tag, memory kept flat."""
    elements = 0
    for _, element in etree.iterparse(str(file), events=("end",)):
        elements += 1
        if element.tag == TAGS:
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return {"elements": elements}


def import_and_build(file: Path) -> dict[str, float]:
    """A new company on a new SQLite database: import, Initialise, build."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/bench.sqlite3")
        db.tune_engine(engine)
        db.upgrade(engine)
        with Session(engine, expire_on_commit=False) as session:
            company_id = _company(session)
            with company_scope(company_id), file.open("rb") as stream:
                start = time.perf_counter(), time.process_time()
                result = import_till_file(session, file.name, stream, None, "bench")
                read = time.perf_counter()
                initialise(session, "bench")
                built = build_journals(session, None, "bench")
                end = time.perf_counter(), time.process_time()
        engine.dispose()
    assert result.new == result.receipts and not result.problems, "the whole file is new"
    assert built.built and not built.problems, "every day became a journal"
    return {
        "receipts": result.receipts,
        "journals": len(built.built),
        "import": read - start[0],
        "seconds": end[0] - start[0],
        "cpu": end[1] - start[1],
    }


def _company(session: Session) -> int:
    with db.transaction(session):
        company = Company(
            number=1,
            name="Bench",
            alias="bench",
            post_from=date(2000, 1, 1),
            created_at=db.now(session),
        )
        session.add(company)
        session.flush()
        with company_scope(company.id):
            session.add(Store(code="1", name="Bench"))
            session.flush()
    return company.id


MEASURED: dict[str, Callable[[Path], dict[str, float]]] = {
    "visit": visit_every_element,
    "import": import_and_build,
}


def _measure(what: str, file: Path) -> None:
    """In the child: one JSON document on stdout."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter(), time.process_time()
    found = MEASURED[what](file)
    found.setdefault("seconds", time.perf_counter() - start[0])
    found.setdefault("cpu", time.process_time() - start[1])
    found["start_mb"] = before / 1024
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found))


def _in_child(what: str, file: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.till_import", "--measure", what, str(file)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _generate(folder: Path, lines: int) -> Path:
    file = folder / "load.xaa"
    subprocess.run(
        [
            *(sys.executable, "-m", "retailvista.sandbox.tills", str(file)),
            *("--lines", str(lines), "--seed", "1", "--registers", "4"),
        ],
        cwd=ROOT,
        check=True,
    )
    return file


def _best(runs: list[dict[str, float]]) -> dict[str, float]:
    """The smallest of every figure: what else the machine did in a round is not ours."""
    return {figure: min(run[figure] for run in runs) for figure in runs[0]}


def main(argv: Sequence[str] | None = None) -> int:
    ask = argparse.ArgumentParser(prog="bench.till_import")
    ask.add_argument("--lines", type=int, default=100_000)
    ask.add_argument("--rounds", type=int, default=3, help="the best of so many is shown")
    ask.add_argument("--measure", nargs=2, metavar=("WHAT", "FILE"), help=argparse.SUPPRESS)
    asked = ask.parse_args(argv)
    if asked.measure:
        _measure(asked.measure[0], Path(asked.measure[1]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        file = _generate(Path(folder), asked.lines)
        megabytes = file.stat().st_size / 1024**2
        runs = [(_in_child("visit", file), _in_child("import", file)) for _ in range(asked.rounds)]
    visited = _best([visit for visit, _ in runs])
    imported = _best([work for _, work in runs])
    print(f"{asked.lines:,} lines, {megabytes:.0f} MB, {imported['receipts']:,.0f} receipts,")
    print(f"{imported['journals']:.0f} journals; best of {asked.rounds}\n")
    print(f"{'':34}{'seconds':>9}{'cpu':>9}{'peak MB':>9}")
    for name, run in (("lxml iterparse, every element", visited), ("import + build", imported)):
        print(f"{name:34}{run['seconds']:>9.2f}{run['cpu']:>9.2f}{run['peak_mb']:>9.0f}")
    print(f"{'  of which import':34}{imported['import']:>9.2f}")
    by_clock, by_cpu = (visited[unit] / imported[unit] for unit in ("seconds", "cpu"))
    print(f"\nratio {by_clock:.2f} by the clock, {by_cpu:.2f} by CPU (aim: at least 0.30)")
    print(f"peak {imported['peak_mb']:.0f} MB (aim: under 200)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
