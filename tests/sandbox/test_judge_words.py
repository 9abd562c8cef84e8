"""What the judge says can be read in Dutch and in English."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from retailvista.sandbox import details
from tests.sandbox.visitor import Visitor

SANDBOX = Path(details.__file__).parent


def sentences() -> Iterator[str]:
    """Every sentence that the code gives the judge as a detail."""
    for file in sorted(SANDBOX.glob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr == "find" and len(node.args) == 3:
                detail = node.args[2]
                if isinstance(detail, ast.Name):
                    detail = named.get(detail.id, detail)
                yield _text(detail)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return "".join(str(part) for part in parts)
    return ""


def test_every_sentence_of_the_judge_has_its_dutch() -> None:
    found = {text for text in sentences() if text.endswith(".")}
    assert len(found) >= 8
    assert found == set(details.DETAILS)


def test_findings_are_told_in_the_readers_language(visitor: Visitor) -> None:
    lines = visitor.line("1210", 5), visitor.line("1205", -5)
    for number in (26000001, 26000002):
        assert visitor.book(*lines, EntryNumber=number).status == 201
    (english,) = visitor.admin("judge", "GET")["findings"]
    (dutch,) = visitor.admin("judge", "GET", lang="nl")["findings"]
    assert english["detail"] == "Entry 26000002 has the content of entry 26000001."
    assert dutch["detail"] == "Boeking 26000002 heeft de inhoud van boeking 26000001."
    assert "Boeking 26000002 heeft" in visitor.ask("GET", "/judge?lang=nl").body.decode()
