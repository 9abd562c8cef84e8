#!/usr/bin/env python3
"""Write the tests that are marked with a statement into the rows of docs/checklist.md."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import test_checklist as checklist  # noqa: E402

page = ROOT / "docs/checklist.md"
before = page.read_text(encoding="utf-8")
after = checklist.filled(before, checklist.existing_tests(ROOT / "tests", ROOT))
page.write_text(after, encoding="utf-8")
print(f"{after.count('| shown |')} of {len(checklist.STATEMENTS)} statements are shown by tests.")
