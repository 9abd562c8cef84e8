"""How much slower the screens become while a program reads feeds of many rows.

python -m bench.feeds_beside [--pages-per-second 0 10] [--source sqlite] [--rows 100000]
                             [--pages 1200] [--readers 1]

The product's own web server runs in a process of its own, as in `retailvista serve`; readers are
processes that read all rows again and again, and let go of them. Pages are asked at each pace;
0 is one after the other without a pause. The aims: the p95 of the main pages at most a fifth
worse, and at a pace of people 100,000 rows within ten seconds. One reader after that takes nothing
at all and holds on, ten times.
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import re
import signal
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import quote, urlencode

from flask import Flask

from bench.feed_sources import SOURCES, Measurable
from bench.feeds import resident_mb
from retailvista.cli import web_server
from tests.feed.program import Program
from tests.web.site import PASSWORD, TOKEN

PAGES = ("/", "/journals", "/journals/1", "/runs", "/control", "/connectors")
WORSE_MOST, MEMORY_MOST_MB, SECONDS_MOST, ENOUGH = 1.2, 60.0, 10.0, 100_000
# Alone and beside take turns, so that what else the machine does meets both alike.
ROUNDS = 5
# At a pace of people most of the time nothing is asked: fewer pages, or it would take too long.
FEWER = 3
USER = "viewer@groenhof.nl"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print; 1 when an aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages-per-second", type=float, nargs="*", default=[0, 10])
    parser.add_argument("--source", choices=sorted(SOURCES), default="sqlite")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pages", type=int, default=1_200)
    parser.add_argument("--readers", type=int, default=1)
    asked = parser.parse_args(argv)
    with (
        tempfile.TemporaryDirectory(prefix="rv-bench-") as name,
        SOURCES[asked.source](Path(name), asked.rows) as source,
        served(source.program) as (process, port),
    ):
        visitor = Visitor(port, source)
        print(f"{visitor.rows:,} rows from {asked.source}, {visitor.size / 1e6:.1f} MB")
        visitor.seconds_of(asked.pages // 5, 0)
        held = [
            compared(visitor, process, asked, pace) for pace in asked.pages_per_second
        ]  # fmt: skip
        beside_the_stuck(visitor, asked.pages // 3)
    return 0 if all(held) else 1


def compared(visitor: Visitor, process: int, asked: argparse.Namespace, pace: float) -> bool:
    """The same pages at one pace, alone and beside readers in turns; whether the aims are kept."""
    alone: list[float] = []
    beside: list[float] = []
    rows, lasted, grown, before = 0.0, 0.0, 0.0, resident_mb(process)
    many = asked.pages // ROUNDS // (FEWER if pace else 1)
    for _round in range(ROUNDS):
        alone += visitor.seconds_of(many, pace)
        began = time.perf_counter()
        readers = [Reader(visitor) for _ in range(asked.readers)]
        beside += visitor.seconds_of(many, pace)
        grown = max(grown, resident_mb(process) - before)
        rows += sum(reader.stop() for reader in readers)
        lasted += time.perf_counter() - began
    print(f"\n{f'{pace:g} pages a second' if pace else 'pages without a pause'}")
    told("alone", alone)
    told(f"beside {asked.readers} reader(s)", beside)
    rate, worse = rows / lasted, p95(beside) / p95(alone)
    seconds = ENOUGH / rate if rate else float("inf")
    print(f"{rate:28,.0f} rows/s meanwhile, {seconds:.1f} s for {ENOUGH:,} rows", end="")
    print(f", memory +{grown:.1f} MB")
    print(f"p95 is {worse:.2f} times what it was; the aim is {WORSE_MOST}")
    quick = not pace or seconds <= SECONDS_MOST
    return quick and worse <= WORSE_MOST and grown <= MEMORY_MOST_MB


def beside_the_stuck(visitor: Visitor, many: int) -> None:
    stuck = [visitor.ask_and_take_nothing() for _ in range(10)]
    held = visitor.seconds_of(many, 0)
    print()
    told("beside ten who take nothing", held)
    for each in stuck:
        each.close()


@contextmanager
def served(program: Program) -> Iterator[tuple[int, int]]:
    """The site of that program in a process of its own: which one, and its port."""
    app = program.client.application
    session = app.extensions["retailvista"].outside.sessions()
    engine = session.get_bind()
    session.close()
    # No connection is used by two processes.
    engine.dispose()
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe()
    server = fork.Process(target=serve, args=(app, theirs))
    server.start()
    try:
        port = ours.recv()
        assert server.pid is not None
        yield server.pid, port
    finally:
        server.terminate()
        server.join()


def serve(app: Flask, told_to: Connection) -> None:
    """The site, until the process is ended."""
    web_server.settle()
    server = web_server.bind(app, "127.0.0.1", 0)
    server.start()
    told_to.send(server.port)
    signal.pause()


class Visitor:
    """Somebody in front of the screens, who has a token as well."""

    def __init__(self, port: int, source: Measurable) -> None:
        self.port = port
        self.host = source.program.host
        self.authorization = source.program.headers["Authorization"]
        self.address = f"/odata/{source.program.feed}/{source.queries[0][1]}"
        _status, page, cookie = self._send("GET", "/login", "")
        found = TOKEN.search(page)
        assert found is not None, "a form has its token"
        form = urlencode(
            {"email": USER, "password": PASSWORD, "csrf_token": found[1]}, quote_via=quote
        )
        status, _page, self.cookie = self._send("POST", "/login", cookie, form)
        assert status == 303, status
        self.pages = [page for page in PAGES if self._send("GET", page, self.cookie)[0] == 200]
        assert len(self.pages) >= len(PAGES) - 1, "a house without a journal lacks one page"
        self.rows, self.size = self._all_rows(source.mark)

    def _all_rows(self, mark: bytes) -> tuple[int, int]:
        """How many rows an answer has, and how many bytes."""
        connection = self.connection()
        connection.request("GET", self.address, headers=self.headers())
        answer = connection.getresponse().read()
        connection.close()
        return len(re.findall(mark, answer)), len(answer)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def headers(self) -> dict[str, str]:
        """Of a reader who wants all rows in one answer."""
        return {
            "Host": self.host, "Authorization": self.authorization,
            "Prefer": "maxpagesize=100000",
        }  # fmt: skip

    def _send(self, method: str, path: str, cookie: str, body: str = "") -> tuple[int, str, str]:
        connection = self.connection()
        headers = {"Host": self.host, "Cookie": cookie}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        page = answer.read().decode()
        found = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie", [])]
        connection.close()
        return answer.status, page, "; ".join(found) or cookie

    def seconds_of(self, many: int, pace: float) -> list[float]:
        """How long each page took: so many a second, 0 = one after the other without a pause."""
        found, start = [], time.perf_counter()
        for number in range(many):
            if pace:
                time.sleep(max(start + number / pace - time.perf_counter(), 0))
            began = time.perf_counter()
            page = self.pages[number % len(self.pages)]
            status, _page, _cookie = self._send("GET", page, self.cookie)
            found.append(time.perf_counter() - began)
            assert status == 200, (status, page)
        return found

    def ask_and_take_nothing(self) -> socket.socket:
        """A reader who holds on."""
        reader = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers().items())
        reader.sendall(f"GET {self.address} HTTP/1.1\r\n{head}\r\n".encode())
        return reader


class Reader:
    """A process that reads all rows again and again."""

    def __init__(self, visitor: Visitor) -> None:
        self._ended = multiprocessing.Event()
        self._read = multiprocessing.Value("d", 0.0)
        self._a_byte = visitor.rows / visitor.size
        self._process = multiprocessing.Process(target=self._go_on, args=(visitor,))
        self._process.start()

    def _go_on(self, visitor: Visitor) -> None:
        while not self._ended.is_set():
            connection = visitor.connection()
            connection.request("GET", visitor.address, headers=visitor.headers())
            answer = connection.getresponse()
            assert answer.status == 200, answer.status
            while (piece := answer.read(65_536)) and not self._ended.is_set():
                self._read.value += len(piece)
            connection.close()

    def stop(self) -> float:
        """How many rows were read, by bytes."""
        self._ended.set()
        self._process.join()
        return float(self._read.value * self._a_byte)


def told(name: str, seconds: list[float]) -> None:
    half = statistics.median(seconds)
    print(f"{name:28} pages: median {half * 1000:6.1f} ms  p95 {p95(seconds) * 1000:6.1f} ms")


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]


if __name__ == "__main__":
    raise SystemExit(main())
