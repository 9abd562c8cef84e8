"""Connections that a deadline can close, and that know whether a byte has left.

Invariant: the first byte of a request is never sent after its deadline, and no request goes out
on a connection that was idle for more than five seconds (a server may have closed it meanwhile).
requests has time-outs per read only; the total is kept here by shutting the socket down.
"""

from __future__ import annotations

import _socket
import heapq
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import urllib3
from requests import PreparedRequest
from requests.adapters import HTTPAdapter

from retailvista.clock import Clock, SystemClock

IDLE_SECONDS_MAX = 5

_current = threading.local()


class Guard:
    """One call: its deadline, how far it came, and the socket to shut when time is up."""

    def __init__(self, seconds: float) -> None:
        self.started = False
        self.expired = False
        self._due = WATCHDOG.clock.monotonic() + seconds
        self._over = False
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        _current.guard = self
        WATCHDOG.watch(self, self._due)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        with self._lock:
            self._over = True
            self._socket = None
        _current.guard = None

    def about_to_send(self, sock: socket.socket) -> None:
        """The connection stands; from here on the request may have arrived."""
        with self._lock:
            # A process that was stopped for a while may get here before its watchdog does.
            if self.expired or WATCHDOG.clock.monotonic() >= self._due:
                raise TimeoutError("the deadline passed before sending")
            self._socket = sock
            self.started = True

    def let_go(self) -> None:
        """The answer is whole: the connection is for the next call, which has its own deadline."""
        with self._lock:
            self._socket = None

    def expire(self) -> None:
        """Time is up: close the socket, unless the call is over."""
        with self._lock:
            if self._over:
                return
            self.expired = True
            if self._socket is not None:
                shut(self._socket)


class Watchdog:
    """One thread per process that expires guards at their deadlines.

    A thread per call would cost more than the call. A process that was forked starts its own.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, Guard]] = []
        self._count = 0
        self._process = 0

    def watch(self, guard: Guard, due: float) -> None:
        """Expire the guard when the stopwatch shows `due`."""
        with self._changed:
            self._count += 1
            heapq.heappush(self._waiting, (due, self._count, guard))
            if self._process != os.getpid():
                self._process = os.getpid()
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
            elif self._waiting[0][2] is guard:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            self._next().expire()

    def _next(self) -> Guard:
        """Wait for the next deadline; meanwhile an earlier one may come in."""
        with self._changed:
            while True:
                left = self._waiting[0][0] - self.clock.monotonic() if self._waiting else None
                if left is not None and left <= 0:
                    return heapq.heappop(self._waiting)[2]
                self._changed.wait(left)


WATCHDOG = Watchdog(SystemClock())


def shut(sock: socket.socket) -> None:
    """Wake up whoever reads or writes there. Past SSLSocket.shutdown, which is not thread safe."""
    try:
        _socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return  # it was closed already, which is what is wanted


# What the two classes below are mixed into, for the type checker alone.
if TYPE_CHECKING:
    from urllib3 import HTTPConnectionPool as _Pool
    from urllib3.connection import HTTPConnection as _Connection
else:
    _Connection = _Pool = object


class _Watched(_Connection):
    """Mixed into urllib3's connections."""

    sock: Any
    last_used = 0.0
    tunnelling = False

    def _tunnel(self) -> None:
        """What goes to the proxy is no part of the request."""
        self.tunnelling = True
        try:
            super()._tunnel()
        finally:
            self.tunnelling = False

    def send(self, data: Any) -> Any:
        if self.sock is None:
            self.connect()
        guard: Guard | None = getattr(_current, "guard", None)
        if guard is not None and not self.tunnelling:
            guard.about_to_send(self.sock)
        return super().send(data)


class _HTTPConnection(_Watched, urllib3.connection.HTTPConnection):
    pass


class _HTTPSConnection(_Watched, urllib3.connection.HTTPSConnection):
    pass


class WatchedPool(_Pool):
    """Mixed into urllib3's pools: closes what was idle too long, instead of using it."""

    stopwatch: Callable[[], float]

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """A connection for one request; after an error it is closed."""
        connection: Any = self._get_conn()
        if self.stopwatch() - connection.last_used > IDLE_SECONDS_MAX:
            connection.close()
        try:
            if connection.sock is None and self.proxy is not None:
                self._prepare_proxy(connection)
            yield connection
        except BaseException:
            connection.close()
            raise
        finally:
            guard: Guard | None = getattr(_current, "guard", None)
            if guard is not None:
                guard.let_go()
            connection.last_used = self.stopwatch()
            self._put_conn(connection)


class HttpPool(WatchedPool, urllib3.HTTPConnectionPool):
    """Plain connections."""

    ConnectionCls = _HTTPConnection


class HttpsPool(WatchedPool, urllib3.HTTPSConnectionPool):
    """Connections with TLS, through a tunnel where there is a proxy."""

    ConnectionCls = _HTTPSConnection


class WatchedAdapter(HTTPAdapter):
    """requests' adapter, for its pools: to known origins, with certificates checked."""

    def __init__(self, stopwatch: Callable[[], float], origins: int) -> None:
        self._stopwatch = stopwatch
        super().__init__(pool_connections=max(origins, 1), max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}

    def pool_for(self, request: PreparedRequest) -> WatchedPool:
        """The connections to the origin of a request."""
        pool = self.get_connection_with_tls_context(request, verify=True)
        assert isinstance(pool, WatchedPool), "every pool is watched"
        pool.stopwatch = self._stopwatch
        return pool
