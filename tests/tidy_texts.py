"""Rules for the texts of the repository: links that lead somewhere, a folder map that is complete.

Each function returns complaints, like the rules for modules in tidy_rules.py.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

# A tilde keeps each word apart, so that this file does not complain about itself.
FORBIDDEN_TEXTS = tuple(
    "/wo~rk/ /ro~ot/ /opt/~pypi ../sh~ared pypi.~org/simple files.python~hosted.org"
    " registry.npm~js.org deb.deb~ian.org --extra-~index-url=".replace("~", "").split()
)
TEXT_SUFFIXES = {
    "", ".py", ".md", ".cfg", ".toml", ".txt", ".lock", ".html", ".po", ".yml", ".ini", ".json",
}  # fmt: skip

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*?) *#*$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def tracked_files(root: Path) -> list[Path]:
    """The files that git knows, as far as they still exist."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True
    )
    files = (root / name for name in listing.stdout.split("\0") if name)
    return [file for file in files if file.is_file()]


def forbidden_texts(path: str, text: str) -> Iterator[str]:
    """No path of one machine and no host of a registry: the clone works anywhere."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in FORBIDDEN_TEXTS:
            if word in line:
                yield f"{path}:{number}: names {word}"


def anchors(text: str) -> set[str]:
    """The anchors that a reader of this Markdown text can jump to, as forges make them."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(slug)
    return found


def dead_links(path: Path, text: str) -> Iterator[str]:
    """Every relative link leads to a file, and every anchor to a heading in it."""
    for match in LINK.finditer(FENCE.sub("", text)):
        target = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        if not file.exists():
            yield f"{path.name}: the link to {target} leads nowhere"
        elif anchor and file.suffix == ".md":
            content = text if file == path else file.read_text(encoding="utf-8")
            if anchor not in anchors(content):
                yield f"{path.name}: there is no heading for {target}"


def missing_from_map(text: str, names: Iterable[str], where: str) -> Iterator[str]:
    """A newcomer finds every package on the map."""
    for name in names:
        if not re.search(rf"(?<![\w/]){re.escape(name)}\b", text):
            yield f"{where} does not name {name}"
