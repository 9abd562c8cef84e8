"""The words of the mails: templates/mail/<name>/{subject,body}.<language>.txt, Dutch or English.

A value that a template names and nobody gives is an error, never an empty place in a mail.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from retailvista.config import ROOT

LANGUAGES = ("nl", "en")


def subject(template: str, language: str, values: dict[str, str]) -> str:
    """The subject on one line: a value cannot start another header."""
    return " ".join(_render(f"{template}/subject", language, values).split())[:200]


def body(template: str, language: str, values: dict[str, str]) -> str:
    """The plain text of the mail."""
    return _render(f"{template}/body", language, values)


def _render(name: str, language: str, values: dict[str, str]) -> str:
    chosen = language if language in LANGUAGES else "en"
    return _environment().get_template(f"{name}.{chosen}.txt").render(values)


@cache
def _environment() -> Environment:
    # Plain text has nothing to escape; an HTML mail would need it.
    return Environment(  # noqa: S701
        loader=FileSystemLoader(ROOT / "templates" / "mail"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
