"""How much slower the screens become while a program reads feeds of many rows.

python -m bench.feeds_beside [--rows 100000] [--pages 1200] [--readers 1]

The product's own web server runs in a process of its own, as in `retailvista serve`; readers are
processes that read all rows again and again, and let go of them. The aim: the p95 of the main
pages at most a fifth worse. One reader after that takes nothing at all and holds on, ten times.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlencode

from sqlalchemy import create_engine

from bench.feed_sources import add_receipts
from bench.feeds import resident_mb
from retailvista import db
from retailvista.cli import web_server
from tests.conftest import TestClock
from tests.feed.program import basic, make_token
from tests.web.filling import fill
from tests.web.site import PASSWORD, TOKEN, build

PAGES = ("/", "/journals", "/journals/1", "/runs", "/control", "/connectors")
WORSE_MOST, MEMORY_MOST_MB = 1.2, 60.0
ROWS = "/odata/sales/Receipts"
# Alone and beside take turns, so that what else the machine does meets both alike.
ROUNDS = 5


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=1_200)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int)
    asked = parser.parse_args(argv)
    if asked.serve:
        serve(asked.serve, asked.port)
    with tempfile.TemporaryDirectory(prefix="rv-bench-") as name:
        return compared(Path(name), asked)


def compared(folder: Path, asked: argparse.Namespace) -> int:
    """The same pages alone and beside readers in turns, then beside those who take nothing."""
    site = build(folder, TestClock())
    fill(site)
    add_receipts(site, asked.rows)
    user, token = make_token(site)
    port = free_port()
    command = [sys.executable, "-m", "bench.feeds_beside", "--serve", str(folder), "--port"]
    server = subprocess.Popen([*command, str(port)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        visitor = Visitor(port, user, token)
        visitor.seconds_of(asked.pages // 5)
        alone: list[float] = []
        beside: list[float] = []
        rows, grown, before = 0.0, 0.0, resident_mb(server.pid)
        for _round in range(ROUNDS):
            alone += visitor.seconds_of(asked.pages // ROUNDS)
            readers = [Reader(visitor) for _ in range(asked.readers)]
            beside += visitor.seconds_of(asked.pages // ROUNDS)
            grown = max(grown, resident_mb(server.pid) - before)
            rows += sum(reader.stop() for reader in readers) * asked.rows
        told("alone", alone)
        told(f"beside {asked.readers} reader(s)", beside)
        print(f"{rows / sum(beside):28,.0f} rows/s meanwhile, memory +{grown:.1f} MB")
        stuck = [visitor.ask_and_take_nothing() for _ in range(10)]
        held = visitor.seconds_of(asked.pages // 3)
        told("beside ten who take nothing", held)
        for each in stuck:
            each.close()
    finally:
        server.terminate()
        server.wait()
    worse = p95(beside) / p95(alone)
    print(f"p95 is {worse:.2f} times what it was; the aim is {WORSE_MOST}")
    return 0 if worse <= WORSE_MOST and grown <= MEMORY_MOST_MB else 1


def serve(folder: Path, port: int) -> None:
    """The site of that folder, until the process is ended."""
    engine = create_engine(f"sqlite:///{folder / 'test.sqlite3'}")
    db.tune_engine(engine, TestClock())
    base = f"http://retailvista.localhost:{port}"
    key = str(folder / "served.key")
    site = build(folder, TestClock(), engine=engine, RV_BASE_URL=base, RV_MASTER_KEY_FILE=key)
    web_server.settle()
    web_server.bind(site.app, "127.0.0.1", port).start()
    print("ready", flush=True)
    signal.pause()


class Visitor:
    """Somebody in front of the screens, who has a token as well."""

    def __init__(self, port: int, user: str, token: str) -> None:
        self.port = port
        self.host = f"groenhof.retailvista.localhost:{port}"
        self.authorization = basic(user, token)
        _status, page, cookie = self._send("GET", "/login", "")
        found = TOKEN.search(page)
        assert found is not None, "a form has its token"
        form = urlencode(
            {"email": user, "password": PASSWORD, "csrf_token": found[1]}, quote_via=quote
        )
        status, _page, self.cookie = self._send("POST", "/login", cookie, form)
        assert status == 303, status

    def _send(self, method: str, path: str, cookie: str, body: str = "") -> tuple[int, str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Host": self.host, "Cookie": cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        found = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]
        connection.close()
        return answer.status, page, "; ".join(found) or cookie

    def seconds_of(self, many: int) -> list[float]:
        """How long each page took, one after the other."""
        found = []
        for number in range(many):
            began = time.perf_counter()
            status, _page, _cookie = self._send("GET", PAGES[number % len(PAGES)], self.cookie)
            found.append(time.perf_counter() - began)
            assert status == 200, (status, PAGES[number % len(PAGES)])
        return found

    def ask_and_take_nothing(self) -> socket.socket:
        """A reader who holds on."""
        reader = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"Host: {self.host}\r\nAuthorization: {self.authorization}\r\n"
        reader.sendall(f"GET {ROWS} HTTP/1.1\r\n{head}Prefer: maxpagesize=100000\r\n\r\n".encode())
        return reader


class Reader:
    """A process that reads all rows again and again."""

    def __init__(self, visitor: Visitor) -> None:
        self._ended = multiprocessing.Event()
        self._read = multiprocessing.Value("d", 0.0)
        self._process = multiprocessing.Process(target=self._go_on, args=(visitor,))
        self._process.start()

    def _go_on(self, visitor: Visitor) -> None:
        headers = {
            "Host": visitor.host, "Authorization": visitor.authorization,
            "Prefer": "maxpagesize=100000",
        }  # fmt: skip
        while not self._ended.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=60)
            connection.request("GET", ROWS, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            size = 0
            while (piece := answer.read(65_536)) and not self._ended.is_set():
                size += len(piece)
                self._read.value += len(piece)
            connection.close()

    def stop(self) -> float:
        """How many times all rows were read, by bytes."""
        self._ended.set()
        self._process.join()
        return self._read.value / 17.1e6


def told(name: str, seconds: list[float]) -> None:
    half = statistics.median(seconds)
    print(f"{name:28} pages: median {half * 1000:6.1f} ms  p95 {p95(seconds) * 1000:6.1f} ms")


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(main())
