"""A webhook address on this machine that keeps what it is told and answers as it is told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Mailbox:
    """What came, and what to answer next."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/hook?from=exact"
        self.came: list[bytes] = []
        self.status = 200


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    """A mailbox for the length of a test."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            box.came.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(box.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box = Mailbox(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
