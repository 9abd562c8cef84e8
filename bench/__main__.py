"""Every benchmark of this folder, one after the other: `make bench`."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def main() -> int:
    """Each module has a `main(argv)` of its own; the worst exit code is ours."""
    worst = 0
    for found in sorted(pkgutil.iter_modules([str(Path(__file__).parent)])):
        if found.name == "__main__":
            continue
        module = importlib.import_module(f"bench.{found.name}")
        print(f"== {found.name}: {(module.__doc__ or '').splitlines()[0]}\n", flush=True)
        worst = max(worst, module.main([]))
        print(flush=True)
    return worst


if __name__ == "__main__":
    sys.exit(main())
