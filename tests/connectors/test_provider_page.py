"""docs/provider.md is true: the provider on that page, built from it, keeps every promise."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retailvista.connectors import registry
from retailvista.connectors.port import Provider
from tests.conftest import TestClock
from tests.connectors.contract import Case, checks
from tests.connectors.provider_cases import registration
from tests.connectors.tiny_books import NUMBER, TinyService
from tests.sandbox.visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "provider.md"
FILE = re.compile(r"^### `(\w+\.py)`\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PACKAGE = "tiny_books_of_the_page"


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """The folder of the page, and its line in the registry."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Tiny Books."""\n', encoding="utf-8")
    for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    made: Provider = importlib.import_module(f"{PACKAGE}.provider").TINY_BOOKS
    monkeypatch.setitem(registry.PROVIDERS, made.key, made)
    yield made
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.mark.statement("C-22")
@pytest.mark.parametrize("check", [pytest.param(check, id=check.__name__) for check in checks()])
def test_the_provider_of_the_page_keeps_its_promise(
    provider: Provider, tmp_path: Path, clock: TestClock, check: Callable[[Case], None]
) -> None:
    with TinyService(tmp_path / "sandbox.sqlite", clock=clock) as service:
        case = Case(
            provider=registry.provider_named("tiny-books"),
            sandbox=service,
            clock=clock,
            registration=registration(service),
            code=Visitor(service).code,
            division=NUMBER,
            journal_code="GJ",
            accounts=("1000", "1010"),
            entries="/api/tiny/books/*/entries",
            keys="/api/tiny/books/*/entries",
        )
        assert case.provider is provider
        check(case)


def test_the_page_names_the_files_of_every_provider() -> None:
    named = {name for name, _ in FILE.findall(PAGE.read_text(encoding="utf-8"))}
    assert named == {"client.py", "login.py", "books.py", "provider.py"}
    for key in registry.PROVIDERS:
        folder = ROOT / "retailvista" / "connectors" / key.replace("-", "_")
        assert named <= {path.name for path in folder.glob("*.py")}, key
