"""docs/checklist.md and the tests are in step: what is shown is tested, what is marked is listed.

The facts of docs/exact.md are held to the same: a named test exists.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAST = {"R": 58, "A": 26, "D": 53, "C": 26, "J": 33}
STATEMENTS = [f"{letter}-{n:02}" for letter, last in LAST.items() for n in range(1, last + 1)]
STATES = {"shown", "open", "later"}
ROW = re.compile(r"^\| ([A-Z]-\d\d) \| ([^|]+) \| ([^|]+) \|([^|]*)\|$", re.MULTILINE)
COUNT = re.compile(r"^\| ([A-Z]) \| \d+ \|[ \d|]+\|$", re.MULTILINE)
TEST_NAME = re.compile(r"\S+::\S+")


def rows(text: str) -> list[tuple[str, str, list[str]]]:
    """(statement, state, names of tests) of each row, in order."""
    return [
        (number, state.strip(), shown_by.replace("`", "").split())
        for number, _, state, shown_by in ROW.findall(text)
    ]


def existing_tests(folder: Path, root: Path) -> dict[str, set[str]]:
    """Every test function as path::name, with the statements that its marks name."""
    found: dict[str, set[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found[f"{file.relative_to(root).as_posix()}::{node.name}"] = marked(node)
    return found


def marked(node: ast.FunctionDef) -> set[str]:
    """The statements in @pytest.mark.statement(...) on this function."""
    return {
        str(argument.value)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr == "statement"
        for argument in decorator.args
        if isinstance(argument, ast.Constant)
    }


def list_complaints(text: str) -> list[str]:
    """Every statement stands there exactly once, with a state that exists."""
    counts = Counter(number for number, _, _ in rows(text))
    complaints = [f"{n} stands there {counts[n]} times" for n in STATEMENTS if counts[n] != 1]
    complaints += [f"{n} is no statement" for n in counts if n not in STATEMENTS]
    for number, state, tests in rows(text):
        if state not in STATES:
            complaints.append(f"{number}: {state!r} is no state")
        if (state == "shown") != bool(tests):
            complaints.append(f"{number}: shown goes with named tests, and only then")
    return complaints


def step_complaints(text: str, tests: dict[str, set[str]]) -> list[str]:
    """Named tests exist, and every marked test is named in the rows of its statements."""
    named = {number: set(names) for number, _, names in rows(text)}
    complaints = [
        f"{number} names {name}, which does not exist"
        for number, names in named.items()
        for name in sorted(names - tests.keys())
    ]
    complaints += [
        f"{name} shows {number}, but its row does not name it"
        for name, numbers in tests.items()
        for number in sorted(numbers)
        if name not in named.get(number, set())
    ]
    return complaints


def filled(text: str, tests: dict[str, set[str]]) -> str:
    """The list with every marked test in the rows of its statements (`make checklist`)."""
    shown = {
        number: sorted(name for name, numbers in tests.items() if number in numbers)
        for number in STATEMENTS
    }

    def row(match: re.Match[str]) -> str:
        number, statement, state, cell = match.groups()
        kept = [name for name in cell.replace("`", "").split() if name in tests]
        names = sorted({*kept, *shown[number]})
        state = "shown" if names else ("open" if state.strip() == "shown" else state.strip())
        cell = " " + " ".join(f"`{name}`" for name in names) if names else ""
        return f"| {number} | {statement} | {state} |{cell} |"

    text = ROW.sub(row, text)
    return COUNT.sub(lambda match: count_of(text, match[1]), text)


def count_of(text: str, letter: str) -> str:
    """The row that counts the statements of a part by their states."""
    states = Counter(state for number, state, _ in rows(text) if number.startswith(letter))
    figures = " | ".join(str(states[state]) for state in ("shown", "open", "later"))
    return f"| {letter} | {LAST[letter]} | {figures} |"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_statement_is_listed_once():
    assert len(STATEMENTS) == 196
    complaints = list_complaints(read("docs/checklist.md"))
    assert not complaints, "\n".join(complaints)


def test_the_list_and_the_tests_are_in_step():
    complaints = step_complaints(read("docs/checklist.md"), existing_tests(ROOT / "tests", ROOT))
    assert not complaints, "\n".join(complaints)


def test_the_count_at_the_end_is_right():
    text = read("docs/checklist.md")
    assert [match[1] for match in COUNT.finditer(text)] == list(LAST)
    for match in COUNT.finditer(text):
        assert match[0] == count_of(text, match[1]), "run make checklist"


def test_the_tests_named_in_the_facts_about_exact_exist():
    named = TEST_NAME.findall(read("docs/exact.md").replace("`", ""))
    missing = sorted(set(named) - existing_tests(ROOT / "tests", ROOT).keys())
    assert not missing, "\n".join(missing)


def test_a_false_list_is_found():
    text = (
        "| R-01 | A | done | |\n| R-02 | B | shown | |\n"
        "| R-02 | B | open | x::y |\n| Q-01 | C | open | |\n"
    )
    complaints = "\n".join(list_complaints(text))
    for expected in ("'done'", "R-02 stands there 2", "Q-01 is no", "R-03 stands there 0"):
        assert expected in complaints
    assert complaints.count("R-02: shown goes with") == 2


def test_a_list_out_of_step_is_found(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_a.py").write_text(
        'import pytest\n\n\n@pytest.mark.statement("R-02", "R-03")\ndef test_b():\n    pass\n'
    )
    tests = existing_tests(tmp_path / "tests", tmp_path)
    assert tests == {"tests/test_a.py::test_b": {"R-02", "R-03"}}
    text = (
        "| R-01 | A | shown | `tests/test_a.py::gone` |\n"
        "| R-02 | B | shown | `tests/test_a.py::test_b` |\n"
        "| R-03 | C | open | |\n"
    )
    assert step_complaints(text, tests) == [
        "R-01 names tests/test_a.py::gone, which does not exist",
        "tests/test_a.py::test_b shows R-03, but its row does not name it",
    ]


def test_the_list_can_be_filled_from_the_marks():
    tests = {"tests/test_a.py::test_b": {"R-02"}}
    text = "| R-01 | A | shown | `tests/test_a.py::gone` |\n| R-02 | B | later | |\n"
    after = filled(text, tests)
    assert after == "| R-01 | A | open | |\n| R-02 | B | shown | `tests/test_a.py::test_b` |\n"
    assert step_complaints(after, tests) == []
