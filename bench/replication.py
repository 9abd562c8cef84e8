"""Rows a second into DuckDB, beside a client that stores nothing and a plain INSERT.

`python -m bench.replication --lines 1000000`. The sandbox runs in a process of its own with its
limits off, on the same seeded books for everybody; each party is a process of its own, so that
its memory is its own. The peer is exact-online-sdk: iter_pages into a list, one page at a time let
go. The floor reads the same pages with requests and puts them into DuckDB by INSERT, page by page:
no staging, no cursor, no control columns, no merge. RetailVista is the whole run of a flow, with
its budget, log, progress and completeness check; then a second run with nothing new.
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
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.export import _free_port, _lift_our_own_limits, _serve, _token
from bench.sandbox import seeded
from retailvista.clock import SystemClock
from retailvista.sandbox.seed import GROENHOF
from retailvista.sandbox.server import Sandbox
from tests import stage as stages

LINES = "financialtransaction/TransactionLines"
FEED = "sync/Financial/TransactionLines"
TIMES_FLOOR, MEMORY_MB = 3.0, 250


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether the aims are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--child", choices=sorted(PARTIES))
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args(argv)
    if asked.child:
        print(json.dumps(_measured(asked.child, asked.folder)))
        return 0
    with tempfile.TemporaryDirectory(prefix="rv-bench-") as name:
        return _report(_all(Path(name), asked.lines))


def _all(folder: Path, lines: int) -> dict[str, dict[str, float]]:
    books, port, clock = folder / "books.sqlite", _free_port(), SystemClock()
    seeded(books, lines)
    site = f"http://127.0.0.1:{port}"
    sandbox = Sandbox(books, clock=clock, settings={"limits": False})
    stages.open_stage(folder, clock, sandbox, site=site, master=False).close()
    tokens = {name: _token(sandbox, clock, name) for name in ("sdk", "floor")}
    sandbox.stop()
    (folder / "facts.json").write_text(json.dumps({"site": site, "tokens": tokens}))
    found = {}
    server = _serve(books, port)
    try:
        for party in PARTIES:
            command = [sys.executable, "-m", "bench.replication", "--child", party]
            done = subprocess.run(
                [*command, "--folder", str(folder)], stdout=subprocess.PIPE, check=True
            )
            found[party] = json.loads(done.stdout.splitlines()[-1])
    finally:
        server.terminate()
        server.wait(timeout=20)
    return found


def _measured(party: str, folder: Path) -> dict[str, float]:
    facts = json.loads((folder / "facts.json").read_text())
    started, cpu = time.perf_counter(), time.process_time()
    found = PARTIES[party](folder, facts)
    return found | {
        "seconds": found.get("seconds", time.perf_counter() - started),
        "cpu": found.get("cpu", time.process_time() - cpu),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _names() -> list[str]:
    from retailvista.connectors.exact_online.catalogue import catalogue

    return [found.name for found in catalogue().endpoint(LINES).entity.columns]


def _sdk(_folder: Path, facts: dict[str, Any]) -> dict[str, float]:
    from exact_online_sdk import ExactOnlineClient, Settings
    from exact_online_sdk.auth import ExactOnlineAuth, InMemoryTokenStorage, Token

    site = facts["site"]
    settings = Settings(
        client_id="app-sdk",
        client_secret=stages.CLIENT_SECRET,
        redirect_uri=stages.CALLBACK,
        base_url=site,
        auth_url=f"{site}/api/oauth2/auth",
        token_url=f"{site}/api/oauth2/token",
        division=GROENHOF,
        timeout=60,
    )
    storage = InMemoryTokenStorage()
    until = SystemClock().now() + timedelta(seconds=600)
    storage.set_token(Token(facts["tokens"]["sdk"], "Bearer", until, "none"))
    client = ExactOnlineClient(settings, auth=ExactOnlineAuth(settings, storage=storage))
    params = {"$filter": "Timestamp gt 1", "$select": ",".join(_names())}
    rows = sum(len(page) for page in client.iter_pages(FEED, params=params))
    return {"rows": rows}


def _floor(folder: Path, facts: dict[str, Any]) -> dict[str, float]:
    import duckdb
    import pyarrow as pa
    import requests

    from retailvista.connectors.database.columns import arrow_type
    from retailvista.connectors.database.shapes import DUCKDB, shape_of
    from retailvista.connectors.exact_online.catalogue import catalogue

    shape = shape_of(catalogue().endpoint(LINES).entity)
    columns = [column for column in shape.columns if column.source]
    link = requests.Session()
    link.headers["Authorization"] = f"Bearer {facts['tokens']['floor']}"
    link.headers["Accept"] = "application/json"
    warehouse = duckdb.connect(str(folder / "floor.duckdb"), config={"threads": 2})
    types = ", ".join(f'"{column.name}" {column.sql_type(DUCKDB)}' for column in columns)
    warehouse.execute(f"CREATE TABLE lines ({types})")
    schema = pa.schema([(column.name, arrow_type(column)) for column in columns])
    moments = [
        column.name for column in columns if pa.types.is_timestamp(schema.field(column.name).type)
    ]
    select = ",".join(column.name for column in columns)
    url = f"{facts['site']}/api/v1/{GROENHOF}/{FEED}?$filter=Timestamp gt 1&$select={select}"
    rows = 0
    while url:
        content = json.loads(link.get(url).content, parse_float=Decimal)["d"]
        page = content["results"]
        for row in page:
            row["Timestamp"] = int(row["Timestamp"])
            for name in moments:
                row[name] = row[name] and int(row[name][6:-2])
        batch = pa.Table.from_pylist(page, schema)
        warehouse.register("batch", batch)
        warehouse.execute("INSERT INTO lines SELECT * FROM batch")
        rows, url = rows + len(page), content.get("__next")
    warehouse.close()
    return {"rows": rows}


def _retailvista(folder: Path, facts: dict[str, Any]) -> dict[str, float]:
    from sqlalchemy import create_engine

    from retailvista import db
    from retailvista.companies.scope import company_scope
    from retailvista.connectors.http import RequestsWire
    from tests.flows.flow_house import FlowHouse, add_warehouse, replication
    from tests.world import session_maker

    _lift_our_own_limits()
    clock = SystemClock()
    engine = create_engine(f"sqlite:///{folder / 'test.sqlite3'}")
    db.tune_engine(engine, clock)
    wire = RequestsWire(clock, (), [facts["site"]])
    outside = stages.outside_for(engine, clock, wire, folder, "bench")
    stage = stages.Stage(clock, None, engine, session_maker(engine), outside, 1)  # type: ignore[arg-type]
    with company_scope(1):
        add_warehouse(stage)
        house = FlowHouse(stage)
        flow = house.add(replication(LINES, parquet=False))
        started, cpu = time.perf_counter(), time.process_time()
        first = house.fetch(flow.number)
        seconds, spent = time.perf_counter() - started, time.process_time() - cpu
        assert first.outcome == "done", house.log(first)
        started = time.perf_counter()
        second = house.fetch(flow.number)
        again = time.perf_counter() - started
    return {
        "rows": first.counts["read"],
        "seconds": seconds,
        "cpu": spent,
        "pages": first.counts["pages"],
        "calls": first.counts["calls"],
        "second run, calls": second.counts["calls"],
        "second run, seconds": again,
    }


PARTIES: dict[str, Callable[[Path, dict[str, Any]], dict[str, float]]] = {
    "exact-online-sdk": _sdk,
    "floor": _floor,
    "retailvista": _retailvista,
}


def _report(found: dict[str, dict[str, float]]) -> int:
    print(f"{'':18}{'rows':>10}{'seconds':>10}{'CPU':>8}{'rows/s':>10}{'MB':>6}")
    for party, figures in found.items():
        rate = figures["rows"] / figures["seconds"]
        print(
            f"{party:18}{figures['rows']:10.0f}{figures['seconds']:10.1f}{figures['cpu']:8.1f}"
            f"{rate:10.0f}{figures['megabytes']:6.0f}"
        )
    ours = found["retailvista"]
    share = ours["seconds"] / found["floor"]["seconds"]
    print(f"\n{ours['calls']:.0f} calls for {ours['pages']:.0f} pages; the second run:", end=" ")
    print(f"{ours['second run, calls']:.0f} calls, {ours['second run, seconds']:.2f} s")
    print(f"{share:.2f} times the floor (aim: at most {TIMES_FLOOR:.0f})", end=", ")
    print(f"{ours['megabytes']:.0f} MB (aim: below {MEMORY_MB})")
    return 0 if share <= TIMES_FLOOR and ours["megabytes"] < MEMORY_MB else 1


if __name__ == "__main__":
    sys.exit(main())
