"""What is imported is declared, what is declared is locked, and the named packages do their job."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Parts of Flask, Flask-Migrate, flask-babel, requests and playwright, imported by name.
COME_WITH = {
    "werkzeug", "jinja2", "markupsafe", "click", "itsdangerous", "alembic", "babel", "urllib3",
    "greenlet",
    # A client of feeds that runs in a process and a folder of its own (scripts/clients.lock).
    "dlt",
    # An extra in no lock file, and its emulator: `make snowflake` brings them.
    "snowflake", "fakesnow",
}  # fmt: skip
NAMED_BY_THE_CLIENT = {
    "flask": "retailvista/web",
    "flask_sqlalchemy": "retailvista/db.py",
    "wtforms": "retailvista/web",
    "authlib": "retailvista/connectors",
    "requests": "retailvista/connectors",
    "apscheduler": "retailvista/scheduler",
    "pytest": "tests",
}


EXTRAS = ("distributed", "warehouse", "tests")


def imported(place: Path) -> set[str]:
    """Top-level names that the files at this place import."""
    names: set[str] = set()
    for file in [place] if place.is_file() else place.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
            elif isinstance(node, ast.Import):
                names |= {name.name.split(".")[0] for name in node.names}
    return names


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*sections: str) -> set[str]:
    """Distributions that setup.cfg asks for: the base, and these extras."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    text = config["options"]["install_requires"]
    text += "".join(config["options.extras_require"][section] for section in sections)
    lines = (line.strip() for line in text.splitlines())
    return {
        canonical(re.split(r"[\s\[<>=~!;]", line, maxsplit=1)[0])
        for line in lines
        if line and not line.startswith("#")
    }


def locked(name: str) -> dict[str, str]:
    """Pins of a lock file; a package with different pins per Python keeps them all."""
    pins: dict[str, str] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)(?:\[.*\])?==([^ ;\\]+)", line):
            package = canonical(match.group(1))
            pins[package] = f"{pins.get(package, '')} {match.group(2)}".strip()
    return pins


def undeclared(names: set[str], known: set[str]) -> set[str]:
    """Imported names that no declared distribution brings."""
    brought_by = packages_distributions()
    outside = (
        names
        - set(sys.stdlib_module_names)
        - {"retailvista", "tests", "bench", "scripts"}
        - COME_WITH
    )
    return {
        name
        for name in outside
        if not {canonical(dist) for dist in brought_by.get(name, ())} & known
    }


def test_the_product_imports_what_it_declares():
    assert undeclared({"flask", "pygments"}, declared()) == {"pygments"}
    assert not undeclared(
        imported(ROOT / "retailvista"), declared("distributed", "warehouse", "judge")
    )


# Run or loaded by name: a server, data for zoneinfo.
NOT_IMPORTED = {"gunicorn", "tzdata"}


def test_what_is_declared_is_used():
    brought_by = packages_distributions()
    used = {
        canonical(distribution)
        for name in imported(ROOT / "retailvista")
        for distribution in brought_by.get(name, ())
    }
    assert declared() - used == NOT_IMPORTED


def test_the_tests_import_what_they_declare():
    assert not undeclared(imported(ROOT / "tests"), declared(*EXTRAS))


def test_what_is_declared_is_locked_with_the_same_pins():
    base, full = locked("requirements.lock"), locked("requirements-test.lock")
    assert declared() <= base.keys()
    assert declared(*EXTRAS) <= full.keys()
    assert {name: full.get(name) for name in base} == base
    assert len(base) <= 65, "the base install stays small"


def test_every_pin_has_hashes_and_no_host():
    for name in (
        "requirements.lock",
        "requirements-test.lock",
        "scripts/virtualenv.lock",
        "scripts/peer.lock",
    ):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^\S+==.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 0
        assert "://" not in text
        assert not re.search(r"^ *(-i|-f|-e|--find-links|--\S*index)", text, re.MULTILINE)


@pytest.mark.statement("R-58")
@pytest.mark.parametrize(("package", "place"), NAMED_BY_THE_CLIENT.items())
def test_the_named_packages_do_their_job(package, place):
    assert package in imported(ROOT / place)
