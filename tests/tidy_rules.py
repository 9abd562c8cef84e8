"""Rules of the house that no linter knows, each a function from one module to its complaints.

A complaint is a sentence with the place and the remedy. test_tidy.py applies the rules to the
product and shows each of them a violation that it must find.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40

BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "base", "misc", "tools"}
CLOCK_READS = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep"},
}
MONEY_PATHS = ("retailvista/ledger/", "retailvista/journals/", "retailvista/connectors/")
# Headers and waiting times are measured in fractions of a second; no amount passes here.
SECONDS_PATHS = (
    "retailvista/connectors/http.py",
    "retailvista/connectors/lanes.py",
    "retailvista/connectors/budgets.py",
)
COMMITTERS = ("retailvista/db.py", "retailvista/sandbox/", "retailvista/migrations/")


@cache
def _parse(source: str, path: str) -> ast.Module:
    return ast.parse(source, path)


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file of the repository, read and parsed; `path` is relative to the root."""

    path: str
    source: str

    @classmethod
    def read(cls, root: Path, file: Path) -> Module:
        return cls(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8"))

    @property
    def tree(self) -> ast.Module:
        return _parse(self.source, self.path)

    def is_in(self, *folders: str) -> bool:
        return self.path.startswith(folders)

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))


def file_size(module: Module) -> Iterator[str]:
    """A file that needs more than one screenful of headings is two files."""
    count = module.source.count("\n")
    if count > FILE_LINES_MAX and not module.is_in("retailvista/migrations/"):
        yield f"{module.path}: {count} lines, at most {FILE_LINES_MAX}: split it by noun"


def function_size(module: Module) -> Iterator[str]:
    """A function fits on a screen."""
    if module.is_in("retailvista/migrations/"):
        return
    for node in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
        count = (node.end_lineno or node.lineno) - node.lineno + 1
        if count > FUNCTION_LINES_MAX:
            yield f"{module.path}:{node.lineno}: {node.name} has {count} lines, at most 40"


def module_docstring(module: Module) -> Iterator[str]:
    """Every module says what it is and what always holds in it."""
    if not ast.get_docstring(module.tree) and module.source.strip():
        yield f"{module.path}: no docstring that says what this module is"


def module_name(module: Module) -> Iterator[str]:
    """If it has no noun, it has no home yet."""
    for part in Path(module.path).with_suffix("").parts:
        if part in BANNED_NAMES:
            yield f"{module.path}: {part!r} says nothing; name the noun"


def reads_the_time(module: Module) -> Iterator[str]:
    """Only clock.py reads the time, so that a simulation can own it."""
    if module.path == "retailvista/clock.py" or not module.is_in("retailvista/"):
        return
    for node in module.nodes(ast.Call):
        match node.func:
            case ast.Attribute(attr=name, value=ast.Name(id=owner) | ast.Attribute(attr=owner)):
                if name in CLOCK_READS.get(owner, ()):
                    yield f"{module.path}:{node.lineno}: {owner}.{name}(); take a Clock instead"
    for node in module.nodes(ast.ImportFrom):
        if node.module == "time":
            yield f"{module.path}:{node.lineno}: from time import; take a Clock instead"


def tenant_get(module: Module, tenant_classes: frozenset[str]) -> Iterator[str]:
    """session.get() answers from the identity map, past the company filter."""
    for node in module.nodes(ast.Call):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="get" | "get_one"),
                args=[ast.Name(id=name) | ast.Attribute(attr=name), *_],
            ) if name in tenant_classes:
                yield (
                    f"{module.path}:{node.lineno}: session.get({name}) can return another"
                    f" company's row; use select({name}).where(...)"
                )


def float_money(module: Module) -> Iterator[str]:
    """Amounts are integers of the smallest unit; Decimal at the doors; float never."""
    if not module.is_in(*MONEY_PATHS) or module.is_in(*SECONDS_PATHS):
        return
    pure = module.is_in("retailvista/ledger/")
    for node in module.nodes(ast.Call, ast.Constant, ast.Name):
        match node:
            case ast.Call(func=ast.Name(id="float")):
                yield f"{module.path}:{node.lineno}: float() on a money path; use Decimal or Money"
            case ast.Constant(value=float()) if pure:
                yield f"{module.path}:{node.lineno}: a float in the ledger; write an integer"


def blind_except(module: Module) -> Iterator[str]:
    """Nothing is caught that is not handled. Tidying up and raising again is handling."""
    if not module.is_in("retailvista/"):
        return
    for node in module.nodes(ast.ExceptHandler):
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in kinds:
            blind = kind is None or (
                isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")
            )
            passes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if blind and not passes_on:
                yield f"{module.path}:{node.lineno}: name the errors that are handled here"


def stray_error(module: Module) -> Iterator[str]:
    """Every error of ours derives from RetailVistaError, so that a catch-all misses none.

    A second, builtin parent is fine where a library must take it for one of its own.
    """
    if not module.is_in("retailvista/") or module.is_in("retailvista/sandbox/"):
        return
    for node in module.nodes(ast.ClassDef):
        builtin = [_is_builtin_error(parent) for parent in node.bases]
        if builtin and all(builtin) and node.name != "RetailVistaError":
            yield f"{module.path}:{node.lineno}: {node.name} must derive from RetailVistaError"


def _is_builtin_error(parent: ast.expr) -> bool:
    found = getattr(builtins, parent.id, None) if isinstance(parent, ast.Name) else None
    return isinstance(found, type) and issubclass(found, BaseException)


def commits(module: Module) -> Iterator[str]:
    """Only transaction() commits: one use case, one transaction, one outcome."""
    if not module.is_in("retailvista/") or module.is_in(*COMMITTERS):
        return
    for node in module.nodes(ast.Call):
        match node.func:
            case ast.Attribute(attr="commit"):
                yield f"{module.path}:{node.lineno}: commit(); use db.transaction()"


def sandbox_at_the_top(module: Module) -> Iterator[str]:
    """The one command that starts the sandbox imports it inside its function."""
    if module.is_in("retailvista/sandbox/") or not module.is_in("retailvista/"):
        return
    for node in module.tree.body:
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if any(name.startswith("retailvista.sandbox") for name in names):
            yield f"{module.path}:{node.lineno}: import the sandbox inside the function"


def made_tables(module: Module) -> Iterator[str]:
    """Tables come from migrations, in tests too."""
    for node in module.nodes(ast.Attribute):
        if node.attr == "create_all":
            yield f"{module.path}:{node.lineno}: create_all; run the migrations"


def weak_tests(module: Module) -> Iterator[str]:
    """A test that can be skipped, or that replaces our own code, shows nothing."""
    if not module.is_in("tests/"):
        return
    for node in module.nodes(ast.Attribute, ast.ImportFrom, ast.Import):
        match node:
            case ast.Attribute(attr="skip" | "skipif" | "xfail" | "importorskip"):
                yield f"{module.path}:{node.lineno}: {node.attr}; a check that cannot fail"
            case (
                ast.ImportFrom(module="unittest.mock")
                | ast.Import(names=[ast.alias(name="unittest.mock")])
            ):
                yield f"{module.path}:{node.lineno}: no mocks of our code; use the sandbox"


def packs_with_the_time(module: Module) -> Iterator[str]:
    """gzip writes the second of packing into its head: a test's name, or an answer, differs by it.

    Workers that collect the tests side by side, a second apart, then find different tests.
    """
    for node in module.nodes(ast.Call):
        named = {keyword.arg for keyword in node.keywords}
        if ast.unparse(node.func) == "gzip.compress" and "mtime" not in named:
            yield f"{module.path}:{node.lineno}: gzip.compress without mtime=0"


def unfinished(module: Module) -> Iterator[str]:
    """Work to do stands in the issue list, not in the code."""
    for number, line in enumerate(module.source.splitlines(), 1):
        if (
            re.search(r"#.*\b(TO" r"DO|FIX" r"ME)\b", line)
            or "raise NotImplemented" + "Error" in line
        ):
            yield f"{module.path}:{number}: unfinished work; finish it or leave it out"


RULES = (
    file_size,
    function_size,
    module_docstring,
    module_name,
    reads_the_time,
    float_money,
    blind_except,
    stray_error,
    commits,
    sandbox_at_the_top,
    made_tables,
    weak_tests,
    packs_with_the_time,
    unfinished,
)
