"""A client that breaks Exact's rules, unmodified: the judge names each of them.

`python-exact-online` 1.1.0 (GPL, tests only) shares its import name with `exactonline`, so it lives
in a folder of its own (`scripts/setup test` puts it there) and runs in a Python of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from retailvista.sandbox.server import Sandbox
from tests.sandbox.errors_of_books import relation
from tests.sandbox.visitor import CLIENT_ID, SECRET, Visitor

PEERS = Path(sys.prefix) / "peers"
SCRIPT = Path(__file__).with_name("negative_peer.py")
PUBLIC_CALLBACK = "https://testcompany.example/oauth.ashx?provider=25"


@pytest.fixture
def peers(tmp_path: Path) -> Path:
    """A copy, because it keeps its tokens between its own source files."""
    assert PEERS.is_dir(), "run `make setup-test`: it installs scripts/peer.lock"
    return Path(shutil.copytree(PEERS, tmp_path / "peers"))


def run(peers: Path, **asked: str) -> dict[str, object]:
    settings = os.environ | {"PYTHONPATH": str(peers), "OAUTHLIB_INSECURE_TRANSPORT": "1"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps(asked),
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_judge_names_what_python_exact_online_does_wrong(tmp_path: Path, peers: Path) -> None:
    with Sandbox(tmp_path / "peer.sqlite", settings={"token_gap_s": 0}) as running:
        running.store.add_app(CLIENT_ID, SECRET, PUBLIC_CALLBACK)
        visitor = Visitor(running)
        code = {"code": visitor.code(redirect_uri=PUBLIC_CALLBACK)}
        visitor.keep(visitor.redeem(code["code"], redirect_uri=PUBLIC_CALLBACK))
        customer = relation(visitor)
        result = run(
            peers,
            base=running.url,
            client_id=CLIENT_ID,
            client_secret=SECRET,
            code=visitor.code(redirect_uri=PUBLIC_CALLBACK),
            redirect_uri=PUBLIC_CALLBACK,
            customer=customer,
        )
        found = running.judge.findings()
    assert result == {
        "journals": "7",
        "accounts": "error 404",
        "chosen": "error 404",
        "sale": "error 500",
        "second": "NotFoundError",
        "kept": False,
    }
    assert {one["rule"] for one in found} == {
        "next-not-followed",
        "no-question-mark",
        "amount-dc-sent",
        "refresh-token-used-twice",
    }
