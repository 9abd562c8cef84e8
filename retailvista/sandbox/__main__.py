"""`python -m retailvista.sandbox serve --port 8001 --path FILE`: the sandbox as a process.

Invariant: the secret of an app comes by standard input, never as an argument.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from retailvista.sandbox import commanding, seed
from retailvista.sandbox.endpoints import add_endpoints
from retailvista.sandbox.server import serve
from retailvista.sandbox.store import add_app

DEFAULT_PATH = "instance/sandbox.sqlite3"


def main() -> int:
    """The commands."""
    parser = argparse.ArgumentParser(prog="python -m retailvista.sandbox")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("serve", help="answer until interrupted")
    start.add_argument("--port", type=int, default=8001)
    start.add_argument("--path", type=Path, default=Path(DEFAULT_PATH))
    start.add_argument("--endpoints", type=Path, help="a JSON file with further endpoints")
    app = commands.add_parser("app", help="register an app; its secret comes by standard input")
    app.add_argument("--path", type=Path, default=Path(DEFAULT_PATH))
    app.add_argument("--client-id", required=True)
    app.add_argument("--redirect-uri", required=True)
    fill = commands.add_parser("seed", help="fill a file that is not being served")
    fill.add_argument("--path", type=Path, default=Path(DEFAULT_PATH))
    fill.add_argument("--transaction-lines", type=int, required=True)
    fill.add_argument("--division", type=int, default=seed.GROENHOF)
    fill.add_argument("--dice", type=int, default=1, help="another number gives other amounts")
    args = parser.parse_args()
    args.path.parent.mkdir(parents=True, exist_ok=True)
    if args.command == "serve":
        if args.endpoints:
            add_endpoints(json.loads(args.endpoints.read_text(encoding="utf-8")))
        sys.stderr.write(commanding.welcome(f"http://127.0.0.1:{args.port}", args.path))
        serve(args.port, args.path)
        return 0
    if args.command == "seed":
        asked = args.division, args.transaction_lines, args.dice
        try:
            written = commanding.fill(args.path, *asked)
        except commanding.NotDone as problem:
            sys.stderr.write(f"{problem}\n")
            return 1
        sys.stderr.write(f"{written} transaction lines in {args.division}, in {args.path}\n")
        return 0
    add_app(args.path, args.client_id, sys.stdin.readline().strip(), args.redirect_uri)
    return 0


if __name__ == "__main__":
    sys.exit(main())
