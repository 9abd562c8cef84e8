"""The sandbox as a server: threads, routes, and the faults that happen on the wire.

    sandbox = Sandbox(path).start()      # sandbox.url, sandbox.store, sandbox.faults
    ...
    sandbox.stop()

Invariant: a request is carried out at most once, and what was committed stays after a stop.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from pathlib import Path
from typing import Any, Self

from retailvista.clock import Clock
from retailvista.sandbox import seed
from retailvista.sandbox.admin import Admin
from retailvista.sandbox.answers import Answer, Refusal, Request, as_refusal
from retailvista.sandbox.api import Api
from retailvista.sandbox.faults import Faults
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.late import Late
from retailvista.sandbox.login import authorise
from retailvista.sandbox.mishaps import Mishaps
from retailvista.sandbox.oauth import token_answer
from retailvista.sandbox.pages import Pages
from retailvista.sandbox.sage.service import Sage, is_sage
from retailvista.sandbox.store import Store
from retailvista.sandbox.telling import Telling
from retailvista.sandbox.wire import Broken, Wire

TICK_S = 0.05
TICKS_PER_FLUSH = 10


class Sandbox:
    """A running sandbox over one file."""

    def __init__(
        self,
        path: str | Path,
        port: int = 0,
        clock: Clock | None = None,
        settings: dict[str, Any] | None = None,
        *,
        retail_accounts: bool = True,
    ) -> None:
        self.store = Store(path, clock)
        seed.seed(self.store, retail_accounts=retail_accounts)
        for name, value in (settings or {}).items():
            self.store.set(name, value)
        self.judge = Judge(self.store)
        self.api = Api(self.store, self.judge)
        self.sage = Sage(self.store, self.judge)
        self.faults = Faults(self.store.now_s)
        self.telling = Telling(self.store)
        self.late = Late(self.store, self.carry_out)
        self.mishaps = Mishaps(self)
        self.admin = Admin(self)
        self.pages = Pages(self)
        self.listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self.listener.getsockname()[1]
        self.wires: dict[Wire, threading.Thread] = {}
        self.threads: list[threading.Thread] = []
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Answer in threads of this process."""
        for work in (self._accept, self._tick, self._tell):
            thread = threading.Thread(target=work, name=f"sandbox-{work.__name__}", daemon=True)
            thread.start()
            self.threads.append(thread)
        return self

    def stop(self) -> None:
        """Stop answering; the file is complete afterwards."""
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        wires = dict(self.wires)
        for wire in wires:
            wire.close()
        for thread in [*self.threads, *wires.values()]:
            thread.join(timeout=5)
        self.judge.flush()
        self.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # Requests

    def carry_out(self, request: Request, *, number: str | None = None) -> Answer:
        """The work of one request, without the wire: also for a simulation in one process."""
        try:
            return self._carried_out(request, number)
        finally:
            self.api.gate.leave(request)

    def _carried_out(self, request: Request, number: str | None) -> Answer:
        if "100-continue" in request.headers.get("expect", "").lower():
            self.judge.find("expect-continue", request, "Exact answers it with 500.")
            return as_refusal(Refusal(500, ""), json_wanted=True)
        if len(request.target) > self.store.setting("url_length"):
            self.judge.find("url-too-long", request, f"{len(request.target)} characters.")
            return as_refusal(Refusal(414, ""), json_wanted=True)
        path = request.path
        if is_sage(path):
            return self.sage.answer(request)
        if path.startswith("/api/v1/"):
            return self.api.answer(request, number=number)
        if path.startswith("/docs/"):
            return self.api.document(request)
        if path == "/api/oauth2/token":
            if request.method != "POST":
                return Answer(405, b"", [("Allow", "POST")])
            return token_answer(self.store, self.judge, request)
        if path == "/api/oauth2/auth" and request.method in ("GET", "POST"):
            return authorise(self.store, request)
        if _is_foreign(request):
            return as_refusal(Refusal(403, "Only from the sandbox's own pages."), json_wanted=True)
        page = self.pages.answer(request) if not path.startswith("/sandbox/") else None
        return page or self.admin.answer(request)

    def log(self, request: Request, status: int, started: float, fault: str | None) -> None:
        """One line for the call log; the pages for people are not calls."""
        if _is_call(request):
            ms = (self.store.clock.monotonic() - started) * 1000
            self.judge.log(request, status, ms, fault)

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(sock,), name="sandbox-wire", daemon=True
            ).start()

    def _serve(self, sock: socket.socket) -> None:
        wire = Wire(sock, self.store.setting("body_bytes"))
        self.wires[wire] = threading.current_thread()
        try:
            while not self.stopping.is_set() and self._one(wire):
                pass
        except (OSError, ConnectionError):
            pass
        finally:
            self.wires.pop(wire, None)
            wire.close()

    def _one(self, wire: Wire) -> bool:
        """Read and answer one request; True while the connection goes on."""
        try:
            request = wire.read()
        except Broken as broken:
            if broken.request is not None and broken.status == 413:
                self.judge.find("body-too-large", broken.request, "Answered with 413.")
            wire.send(Answer(broken.status, b"", [("Connection", "close")]))
            return False
        if request is None or self.stopping.is_set():
            return False
        self.late.release()
        started = self.store.clock.monotonic()
        fault = self.faults.take(request) if _is_call(request) else None
        if fault is not None:
            return self.mishaps.happen(wire, request, fault, started)
        answer = self.carry_out(request)
        self.log(request, answer.status, started, None)
        if request.method == "HEAD":
            answer.body = b""
        close = "close" in request.headers.get("connection", "").lower()
        close = close or "expect" in request.headers
        if close:
            answer.headers.append(("Connection", "close"))
        wire.send(answer)
        return not close

    def _tick(self) -> None:
        """What is due while nobody asks: late commits, the call log."""
        ticks = 0
        while not self.stopping.wait(TICK_S):
            self.late.release()
            ticks += 1
            if ticks % TICKS_PER_FLUSH == 0:
                self.judge.flush()

    def _tell(self) -> None:
        """Notifications, on a thread of their own: their addresses may be slow."""
        while not self.stopping.wait(TICK_S):
            self.telling.release()


def _is_call(request: Request) -> bool:
    """What a program asks; the pages for people are not calls."""
    return request.path.startswith("/api/") or is_sage(request.path)


def _is_foreign(request: Request) -> bool:
    """A change that another web page asks for through the browser."""
    origin = request.headers.get("origin")
    return request.method != "GET" and origin is not None and origin != request.base


def serve(port: int, path: str | Path) -> None:
    """Answer until interrupted; for the command line."""
    sandbox = Sandbox(path, port)
    sandbox.start()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    while not ended.wait(0.5):
        pass
    sandbox.stop()
