"""Imports point downwards, and import-linter says so: the contracts of setup.cfg are kept.

The same contracts are shown a copy of the product with one planted import each.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the copy or the original that lies in this folder."""
    return subprocess.run(
        [LINT, "--no-cache", "--config", "setup.cfg"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


def verdict(result: subprocess.CompletedProcess[str]) -> str:
    """What import-linter said, without its logo."""
    lines = (result.stdout + result.stderr).splitlines()
    return "\n".join(line for line in lines if line.strip() and not set(line) & set("║╝╚◀"))


def test_the_contracts_are_kept():
    result = lint(ROOT)
    assert result.returncode == 0, verdict(result)


PLANTED = [
    ("ledger/planted.py", "import flask", "The ledger knows no framework"),
    ("connectors/planted.py", "import retailvista.journals", "Imports point downwards"),
    ("companies/planted.py", "import retailvista.connectors", "Imports point downwards"),
    ("mail/planted.py", "import retailvista.web", "Imports point downwards"),
    ("mail/planted.py", "import retailvista.sandbox", "Only one command knows the sandbox"),
    ("sandbox/planted.py", "import retailvista.ledger", "The sandbox knows nothing of ours"),
    ("surprise/__init__.py", "", "Imports point downwards"),
]


@pytest.mark.parametrize(("path", "line", "contract"), PLANTED)
def test_each_contract_breaks_on_a_planted_import(tmp_path, path, line, contract):
    copy = tmp_path / "retailvista"
    shutil.copytree(ROOT / "retailvista", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    planted = copy / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f'"""Planted."""\n{line}\n')

    result = lint(tmp_path)

    assert result.returncode != 0
    broken = [line for line in result.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), verdict(result)
