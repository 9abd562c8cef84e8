"""The sandbox: posts a second, rows a second and milliseconds a page of sync, memory, seeding.

`python -m bench.sandbox --lines 1000000`. A server in a process of its own on a seeded file; the
client is http.client on one connection. Wall time is what a client waits; CPU is the server's own,
which is what to compare on a machine that does other work.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retailvista.sandbox.records import by_value
from retailvista.sandbox.server import Sandbox
from retailvista.sandbox.store import Store
from tests.sandbox.visitor import CALLBACK, CLIENT_ID, GROENHOF, SECRET, Visitor

ROOT = Path(__file__).resolve().parent.parent
SYNC = f"/api/v1/{GROENHOF}/sync/Financial/TransactionLines?$filter=Timestamp%20gt%201"
FEW = "&$select=ID,Timestamp,AmountDC,GLAccountCode,EntryNumber,Date"
ENTRIES = f"/api/v1/{GROENHOF}/generaljournalentry/GeneralJournalEntries"
NEXT = re.compile(rb'"__next":("[^"]*")\}\}$')


@dataclass
class Server:
    """A sandbox in a process of its own."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mb(self) -> float:
        """What it holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


@contextmanager
def served(path: Path, port: int) -> Iterator[Server]:
    command = [sys.executable, "-m", "retailvista.sandbox", "serve"]
    process = subprocess.Popen(
        [*command, "--path", str(path), "--port", str(port)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    server = Server(process, port)
    try:
        for _ in range(200):
            try:
                Visitor(server).ask("GET", "/sandbox/api/state")
                break
            except OSError:
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=20)


def seeded(path: Path, lines: int) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "retailvista.sandbox", "seed", "--path", str(path)]
    command += ["--transaction-lines", str(lines)]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def synced(visitor: Visitor, server: Server, pages: int, more: str) -> dict[str, float]:
    """Follow the sync feed; pages are read one after the other, as a client must."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    target, waits, size, cpu = SYNC + more, [], 0, server.cpu()
    for _ in range(pages):
        start = time.perf_counter()
        link.request("GET", target, headers=visitor.headers)
        body = link.getresponse().read()
        waits.append(time.perf_counter() - start)
        size += len(body)
        following = NEXT.search(body)
        if following is None:
            break
        target = json.loads(following[1]).split(str(server.port), 1)[1]
    link.close()
    return {
        "median": statistics.median(waits) * 1000,
        "rows": 1000 * len(waits) / sum(waits),
        "cpu": (server.cpu() - cpu) * 1000 / len(waits),
        "megabytes": size / 2**20 / len(waits),
    }


def posted(visitor: Visitor, server: Server, count: int, accounts: list[str]) -> dict[str, float]:
    """Ten-line journals on one connection."""
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    waits, cpu = [], server.cpu()
    for number in range(count):
        start = time.perf_counter()
        link.request("POST", ENTRIES, json.dumps(_journal(number, accounts)), visitor.headers)
        answer = link.getresponse()
        body = answer.read()
        assert answer.status == 201, body
        waits.append(time.perf_counter() - start)
    link.close()
    return {
        "median": statistics.median(waits) * 1000,
        "posts": count / sum(waits),
        "cpu": (server.cpu() - cpu) * 1000 / count,
    }


def _journal(number: int, accounts: list[str]) -> dict[str, Any]:
    lines = [
        {"Date": "2026-03-14", "GLAccount": accounts[place % 2], "AmountFC": sign * (place + 1)}
        for place in range(5)
        for sign in (1, -1)
    ]
    return {
        "JournalCode": "91",
        "EntryNumber": 26_000_001 + number,
        "GeneralJournalEntryLines": lines,
    }


def main(argv: Sequence[str] | None = None) -> int:
    ask = argparse.ArgumentParser(prog="bench.sandbox")
    ask.add_argument("--lines", type=int, default=1_000_000)
    ask.add_argument("--pages", type=int, default=200)
    ask.add_argument("--posts", type=int, default=500)
    asked = ask.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sandbox.sqlite3"
        seconds = seeded(path, asked.lines)
        size = path.stat().st_size / 2**20
        print(f"seed {asked.lines:,} transaction lines: {seconds:.1f} s, {size:,.0f} MB")
        store = Store(path)
        store.add_app(CLIENT_ID, SECRET, CALLBACK)
        store.set("limits", False)
        found = [
            by_value(store, "financial/GLAccounts", GROENHOF, "Code", code)
            for code in ("1205", "1210")
        ]
        store.close()
        _serve_and_measure(path, asked, [account.key for account in found if account])
    return 0


def _serve_and_measure(path: Path, asked: argparse.Namespace, accounts: list[str]) -> None:
    with served(path, _free_port(path)) as server:
        visitor = Visitor(server).log_in()
        visitor.division = GROENHOF
        for name, more in (("every property", ""), ("six properties", FEW)):
            before = server.memory_mb()
            found = synced(visitor, server, asked.pages, more)
            print(
                f"sync page of 1,000, {name}: median {found['median']:.1f} ms, "
                f"server CPU {found['cpu']:.1f} ms, {found['rows']:,.0f} rows/s, "
                f"{found['megabytes']:.2f} MB a page; memory {before:.0f} -> "
                f"{server.memory_mb():.0f} MB over {asked.pages} pages"
            )
        found = posted(visitor, server, asked.posts, accounts)
        print(
            f"journals of ten lines: {found['posts']:,.0f} posts/s, "
            f"median {found['median']:.1f} ms, server CPU {found['cpu']:.1f} ms; "
            f"memory {server.memory_mb():.0f} MB"
        )


def _free_port(path: Path) -> int:
    """A port that a sandbox just had."""
    with Sandbox(path) as sandbox:
        return sandbox.port


if __name__ == "__main__":
    sys.exit(main())
