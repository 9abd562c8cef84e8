#!/usr/bin/env python3
"""Run every check that needs no service, all of them, and fail when one fails."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

CHECKS = (
    ("format", (BIN / "ruff", "format", "--check", "--quiet", ".")),
    ("lint", (BIN / "ruff", "check", "--quiet", "--output-format", "concise", ".")),
    ("types", (BIN / "mypy",)),
    ("import contracts", (BIN / "lint-imports",)),
    ("tidy rules", (BIN / "pytest", "-q", "tests/test_tidy.py", "tests/test_checklist.py")),
)


def main() -> int:
    failed = []
    for name, command in CHECKS:
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            failed.append(name)
    print("All checks hold." if not failed else f"Failed: {', '.join(failed)}.", flush=True)
    return 1 if failed else 0


sys.exit(main())
