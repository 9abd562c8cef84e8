"""The web server: waitress in a thread of its own, stopped from inside its own loop.

Invariant: nobody but that thread closes what it waits on. Closed by another one, it would wait on
a number that is no file any more, or that is another one's by now.
"""

from __future__ import annotations

import errno
import gc
import socket
import sys
import threading
from typing import Any

from flask import Flask
from waitress import wasyncore
from waitress.server import create_server
from waitress.trigger import trigger

from retailvista.errors import Refused

WEB_THREADS = 8
# So much of an answer waits for a reader before the thread that makes it waits too. More would be
# sent by the one thread that takes new connections, which then stand in line.
ANSWER_BYTES = 256 * 1024
# A reader who takes nothing so long is dropped by the system, and his thread is free again.
READER_SECONDS = 60
# A thread that reckons lets the others in so often: a screen waits for several turns.
TURN_SECONDS = 0.0005
WEB_STOP_SECONDS = 10
CLOSING_SECONDS = 5


def settle() -> None:
    """Before the first answer: what was made for good is never looked through for waste again.

    Looking through all of it held up every thread for 60 to 130 ms, and a feed of many rows made
    that happen again and again.
    """
    gc.collect()
    gc.freeze()


class WebServer:
    """Listens from the beginning, answers from `start()` on."""

    def __init__(self, app: Flask, host: str, port: int, threads: int = WEB_THREADS) -> None:
        self._sockets: dict[int, Any] = {}
        # Waitress says nothing about its types.
        self._server: Any = create_server(
            app,
            map=self._sockets,
            host=host,
            port=port,
            threads=threads,
            outbuf_high_watermark=ANSWER_BYTES,
            ident="RetailVista",
            # The app itself decides what it believes of them: RV_PROXY_HOPS, and only the client.
            clear_untrusted_proxy_headers=False,
        )
        unread = (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, READER_SECONDS * 1000)
        self._server.adj.socket_options = [*self._server.adj.socket_options, unread]
        self._thread = threading.Thread(target=self._server.run, name="web", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens, also when any free port was asked for."""
        listening = [one for one in self._sockets.values() if one.accepting]
        return int(listening[0].effective_port)

    def start(self) -> None:
        """Answer from now on."""
        sys.setswitchinterval(TURN_SECONDS)
        self._thread.start()

    def stop(self) -> None:
        """Let the requests in hand be answered, then close."""
        self._server.task_dispatcher.shutdown(timeout=WEB_STOP_SECONDS)
        if not self._thread.is_alive():
            self._close()
            return
        bell = next(one for one in self._sockets.values() if isinstance(one, trigger))
        bell.pull_trigger(self._close)
        self._thread.join(CLOSING_SECONDS)

    def _close(self) -> None:
        wasyncore.close_all(self._sockets)


def bind(app: Flask, host: str, port: int) -> WebServer:
    """A server that listens already. Refused with the way out when the port is busy."""
    try:
        return WebServer(app, host, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Refused(busy(port)) from error


def busy(port: int) -> str:
    """What to do when another program listens on the port."""
    return (
        f"Port {port} is busy. Choose another one: make demo PORT={port + 10},"
        f" or retailvista serve --port {port + 10}."
    )
