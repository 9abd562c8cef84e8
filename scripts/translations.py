"""Collect every text for people, merge it into the Dutch catalogue, compile it.

    python scripts/translations.py          update messages.po and messages.mo
    python scripts/translations.py --check  say which texts have no Dutch; exit 1 when there are

Texts are: _() and lazy_gettext() in templates and Python, and the sentences of our errors and
findings, whose braces become {0}, {1}: "There is no store with code {0}."
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "retailvista" / "web" / "translations" / "nl" / "LC_MESSAGES"
# Calls whose first sentence is read by people: errors, and values that carry a sentence.
SENTENCES = {
    "Refused", "NotFound", "NotAllowed", "Later", "LoginNeeded", "Unknown", "CrossSite",
    "FieldProblem", "Finding", "TestResult", "LoginResult", "Trouble", "LaneClosed", "Busy",
    "TooEarly", "TokenRefused", "DiskRefused", "ConnectorStops", "Blind", "Answer",
    "ProofResult", "_wrong", "RunStopped", "RunLost", "NotConfirmed", "TransformFailed",
    "BadExpression", "TooMuch", "Unfit", "SourceFailed", "LoginGone", "NotCopied",
}  # fmt: skip
# Calls that are told more than sentences.
TELLING = {"add_evidence", "end", "failed", "log", "say"}
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
SENTENCE = re.compile(
    r"(?:[A-Z]|%\(|\{\d\},? (?=[a-z]))[^ ]* .*(?:[.?:]|: %\(\w+\)s|: \{\d\})", re.DOTALL
)
LAYERS = ("companies", "connectors", "feed", "journals", "flows", "runs", "mail", "web", "ledger")


def texts() -> dict[str, str]:
    """Every text and where it was found first."""
    found: dict[str, str] = {}
    for path, text in (*_templates(), *_marked(), *_sentences(), *_notes()):
        found.setdefault(text, path)
    return found


def _templates() -> Iterator[tuple[str, str]]:
    for file in sorted((ROOT / "templates").rglob("*.html")):
        yield from _extracted(file, "jinja2.ext:babel_extract")


def _marked() -> Iterator[tuple[str, str]]:
    for layer in ("web", "mail"):
        for file in sorted((ROOT / "retailvista" / layer).rglob("*.py")):
            yield from _extracted(file, "python")


def _notes() -> Iterator[tuple[str, str]]:
    """What the catalogue of entities says of some of them."""
    path = ROOT / "retailvista" / "connectors" / "exact_online" / "data" / "entities.json"
    for entity in json.loads(path.read_text(encoding="utf-8"))["entities"]:
        if entity.get("note"):
            yield path.relative_to(ROOT).as_posix(), entity["note"]


def _extracted(file: Path, method: str) -> Iterator[tuple[str, str]]:
    source = io.BytesIO(file.read_bytes())
    for _line, message, _comments, _context in extract(method, source, KEYWORDS):
        for text in message if isinstance(message, tuple) else (message,):
            if text:
                yield file.relative_to(ROOT).as_posix(), text


def _sentences() -> Iterator[tuple[str, str]]:
    for layer in LAYERS:
        for file in sorted((ROOT / "retailvista" / layer).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                for said in _said(node):
                    yield from ((path, text) for text in _sentence(said))


def _said(node: ast.AST) -> Iterator[ast.expr]:
    """Arguments of errors and findings, values of tables such as TEXTS, sentences with a name.

    A named sentence is a constant (WHY), a local called `text` or `message`, what a function
    returns, or a message for a page.
    """
    match node:
        case ast.Call() if _called(node) in SENTENCES:
            yield from (*node.args, *(keyword.value for keyword in node.keywords))
        case ast.Call(args=arguments) if _called(node) in TELLING:
            for argument in arguments:
                if any(text.endswith((".", "?")) for text in _sentence(argument)):
                    yield argument
        case (
            ast.Assign(
                targets=[ast.Name(id="TEXTS" | "BUILT_IN_NAMES")], value=ast.Dict(values=values)
            )
            | ast.AnnAssign(target=ast.Name(id="TEXTS"), value=ast.Dict(values=values))
        ):
            yield from values
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper() or (
            name in ("text", "message")
        ):
            yield from _whole_sentence(value)
        case ast.Return(value=ast.expr() as value) | ast.keyword(arg="message", value=value):
            yield from _whole_sentence(value)


def _whole_sentence(node: ast.expr) -> Iterator[ast.expr]:
    if any(SENTENCE.fullmatch(text) for text in _sentence(node)):
        yield node


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def _sentence(node: ast.expr) -> Iterator[str]:
    """The text of a literal or an f-string that has a space in it: a sentence, not a code."""
    match node:
        case ast.Constant(value=str(text)) if " " in text.strip():
            yield text
        case ast.JoinedStr(values=values):
            parts, place = [], 0
            for value in values:
                if isinstance(value, ast.Constant):
                    parts.append(str(value.value))
                else:
                    parts.append(f"{{{place}}}")
                    place += 1
            if " " in (text := "".join(parts)).strip():
                yield text


def catalogue() -> Catalog:
    file = FOLDER / "messages.po"
    if not file.exists():
        return Catalog(locale="nl", project="RetailVista Journals", fuzzy=False)
    with file.open("rb") as handle:
        return read_po(handle, locale="nl")


def missing() -> list[str]:
    """Texts without Dutch, with the place of each."""
    known = catalogue()
    return [
        f"{path}: {text}"
        for text, path in texts().items()
        if text not in known or not known[text].string
    ]


def update() -> None:
    known, fresh = catalogue(), Catalog(locale="nl", project="RetailVista Journals", fuzzy=False)
    for text, path in sorted(texts().items()):
        entry = known.get(text)
        fresh.add(text, entry.string if entry else "", locations=[(path, 0)])
    fresh.creation_date = known.creation_date
    fresh.revision_date = known.creation_date
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "messages.po").open("wb") as handle:
        write_po(handle, fresh, width=100, omit_header=False, include_lineno=False)
    with (FOLDER / "messages.mo").open("wb") as handle:
        write_mo(handle, fresh)


if __name__ == "__main__":
    if "--check" not in sys.argv:
        update()
    lacking = missing()
    print("\n".join(lacking) or "Every text has its Dutch.")
    sys.exit(1 if lacking and "--check" in sys.argv else 0)
