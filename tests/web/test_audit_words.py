"""Whatever is audited has words on the screen."""

from __future__ import annotations

import ast
from pathlib import Path

from retailvista.web.audit_words import ACTIONS

PRODUCT = Path(__file__).resolve().parent.parent.parent / "retailvista"


def audited() -> dict[str, str]:
    """Actions written as they are in a call of audit.record, with their place."""
    found = {}
    for file in PRODUCT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="record", value=ast.Name(id="audit")),
                    args=[_, _, ast.Constant(value=str(action)), *_],
                ):
                    found[action] = f"{file.name}:{node.lineno}"
    return found


def test_every_audited_action_has_its_words():
    actions = audited()
    assert len(actions) > 30
    assert {"flow_added", "logged_in"} <= actions.keys()
    missing = {action: place for action, place in actions.items() if action not in ACTIONS}
    assert not missing
