"""What commands are given by app.py, and how they speak: one JSON document, or lines for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from typing import Any

import click
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import registering
from retailvista.companies.models import Company
from retailvista.companies.scope import company_scope
from retailvista.config import Settings
from retailvista.connectors.outside import Outside
from retailvista.errors import NotFound, Refused, RetailVistaError
from retailvista.mail.sending import Post
from retailvista.runs.working import Kinds
from retailvista.scheduler.embedded import Engine

ACTOR = "cli"
WIDEST_CELL = 80


@dataclass(frozen=True, slots=True)
class Program:
    """The wiring that commands need; cli stands below app, so app hands it down."""

    load_settings: Callable[[], Settings]
    create_app: Callable[[Settings], Flask]
    outside_of: Callable[[Flask], Outside]
    engine_of: Callable[[Flask], Engine]
    stop: Callable[[Flask], None]
    close: Callable[[Flask], None]
    kinds: Kinds
    post_of: Callable[[Flask], Post]

    @contextmanager
    def open_app(self, settings: Settings) -> Iterator[Flask]:
        """An app that is closed when the command ends, however it ends."""
        app = self.create_app(settings)
        try:
            yield app
        finally:
            self.close(app)


class OneDocument(click.Group):
    """A group whose refusals are a sentence on stderr and exit 1, never a trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except RetailVistaError as error:
            raise click.ClickException(str(error)) from error


def present_program() -> Program:
    """The program of this call: from `retailvista`, or from `flask --app wsgi`."""
    context = click.get_current_context()
    found = context.find_object(Program)
    if found is None:
        info = context.find_object(ScriptInfo)
        assert info is not None, "a command runs under retailvista or flask"
        found = info.load_app().extensions["retailvista.program"]
    assert isinstance(found, Program)
    return found


@contextmanager
def open_outside(*, key: bool = True) -> Iterator[Outside]:
    """The way to the outside world of this command; refused when the database is not begun."""
    program = present_program()
    with program.open_app(program.load_settings()) as app:
        outside = program.outside_of(app)
        if not outside.installation:
            raise Refused("The database is empty. Run: retailvista init")
        if key:
            outside.vault.check_value()
        yield outside


@contextmanager
def in_company(alias: str) -> Iterator[tuple[Outside, Session, Company]]:
    """A session in the scope of the company with this alias or number."""
    with open_outside(key=False) as outside, outside.sessions() as session:
        with database.reading(session):
            company = registering.company_by_alias(session, alias)
            if company is None and alias.isdigit():
                company = registering.company_by_number(session, int(alias))
        if company is None:
            raise NotFound(f"There is no company with alias or number {alias!r}.")
        with company_scope(company.id):
            yield outside, session, company


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --json; the command returns what is printed, and a summary for people is made of it."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @wraps(command)
    def wrapped(as_json: bool, **arguments: Any) -> None:
        answer = command(**arguments)
        exit_code = 0
        if isinstance(answer, Answer):
            answer, exit_code = answer.document, answer.exit_code
        show(answer, as_json)
        if exit_code:
            sys.exit(exit_code)

    return wrapped


@dataclass(frozen=True, slots=True)
class Answer:
    """A document with an exit code other than 0: done, but a difference was found."""

    document: Any
    exit_code: int


def show(document: Any, as_json: bool) -> None:
    """Print a document for a program, or its rows for a person."""
    if as_json:
        click.echo(json.dumps(document, default=_plain, ensure_ascii=False, indent=2))
        return
    if isinstance(document, list):
        click.echo(table(document))
        return
    for name, value in (document or {}).items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            click.echo(f"{name}:\n{table(value)}")
        else:
            click.echo(f"{name}: {_cell(value)}")


def table(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows below a heading, columns as wide as their widest cell."""
    rows = list(rows)
    if not rows:
        return "(nothing)"
    # Problems come in two languages; a person at a terminal reads the English one.
    names = [name for name in rows[0] if not name.endswith("_nl")]
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
    return "\n".join(lines)


def secret_from(stdin: bool, variable: str, what: str) -> str | None:
    """A secret from standard input or the environment; None when neither has one."""
    if not stdin:
        return os.environ.get(variable) or None
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise Refused(f"No {what} came by standard input.")
    return text


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return str(value.get("code", "…"))
    if isinstance(value, list | tuple):
        return ", ".join(_cell(one) for one in value)
    text = str(_plain(value) if isinstance(value, date | Decimal) else value)
    return text if len(text) <= WIDEST_CELL else f"{text[: WIDEST_CELL - 1]}…"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a JSON document")
