"""The first page for people: how to begin, the administrations, and what happened so far.

Invariant: everything a developer needs for a first call stands on it, in Dutch or English.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from retailvista.sandbox import seed
from retailvista.sandbox.page import Markup, table
from retailvista.sandbox.words import say

if TYPE_CHECKING:
    from retailvista.sandbox.server import Sandbox

EXACT = "https://start.exactonline.nl"


def first_page(sandbox: Sandbox, base: str, language: str) -> str:
    """The page without its frame; `base` is the address by which its reader came."""
    return _begin(base, language) + _divisions(sandbox, language) + _so_far(sandbox, language)


def _begin(base: str, language: str) -> str:
    users = ", ".join(f"<code>{escape(user[0])}</code>" for user in seed.USERS)
    here = f"<code>{escape(base)}</code> ({say('begin-instead', language)} <code>{EXACT}</code>)"
    steps = (
        f"{say('begin-address', language)} {here}",
        f'<a href="/apps?lang={language}">{say("begin-app", language)}</a>',
        f"{say('begin-log-in', language)} <code>{seed.PASSWORD}</code>: {users}",
        f'<a href="/switches?lang={language}">{say("begin-switches", language)}</a>',
        f'<a href="/judge?lang={language}">{say("begin-judge", language)}</a>',
    )
    listed = "".join(f"<li>{step}</li>" for step in steps)
    guide = f'<p class="hint">{say("begin-guide", language)}</p>'
    return (
        f'<div class="card"><h2>{say("begin", language)}</h2><ol class="steps">{listed}</ol>'
        f"{guide}</div>"
    )


def _divisions(sandbox: Sandbox, language: str) -> str:
    rows: list[list[object]] = [
        [Markup(f'<a href="/books/{code}?lang={language}">{code}</a>'), name, currency, count]
        for code, name, currency, count in sandbox.store.rows(
            "SELECT Code, Description, Currency, "
            "(SELECT count(*) FROM entry WHERE Division = Code) FROM division ORDER BY Code"
        )
    ]
    heads = [say(word, language) for word in ("division", "name", "currency", "entries")]
    listed = table(heads, rows, frozenset({3}), stack=True)
    return f'<div class="card"><h2>{say("books", language)}</h2>{listed}</div>'


def _so_far(sandbox: Sandbox, language: str) -> str:
    sandbox.judge.flush()
    counts = sandbox.store.row("SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM finding)")
    assert counts is not None
    shown = " · ".join(
        f'<a href="/{path}?lang={language}">{say(word, language)}</a>: {count:,}'.replace(",", ".")
        for (path, word), count in zip(
            (("calls", "calls"), ("judge", "broken")), counts, strict=True
        )
    )
    return f'<div class="card"><h2>{say("so-far", language)}</h2><p>{shown}</p></div>'
