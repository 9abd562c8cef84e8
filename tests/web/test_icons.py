"""Every icon that a screen asks for is in the file of icons: a missing one is an empty square."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SYMBOLS = ROOT / "retailvista" / "web" / "static" / "vendor" / "icons.svg"
ASKED = re.compile(r"""icon\(["']([a-z0-9-]+)["']""")


def test_every_icon_that_a_screen_names_is_there():
    there = set(re.findall(r'<symbol id="([a-z0-9-]+)"', SYMBOLS.read_text(encoding="utf-8")))
    pages = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("templates/*.html"))]
    asked = {name for page in pages for name in ASKED.findall(page)}
    assert len(asked) > 30
    assert asked - there == set()
