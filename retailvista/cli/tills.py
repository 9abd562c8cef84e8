"""links and receipts: what a till file means in the ledger, and the files themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from retailvista import db as database
from retailvista.cli.program import ACTOR, Answer, in_company, json_option
from retailvista.errors import Refused
from retailvista.journals import importing
from retailvista.journals import links as ledger_links
from retailvista.journals.link_rules import LinkRow

KINDS = ("group", "payment", "vat", "rounding")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("links")
def links() -> None:
    """Ledger links: which G/L account a group, payment, VAT code or rounding goes to."""


@links.command("init")
@click.option("--company", "alias", required=True)
@json_option
def init(alias: str) -> dict[str, Any]:
    """Propose links for what till files use, add what is missing, overwrite nothing."""
    with in_company(alias) as (_outside, session, _company):
        done = ledger_links.initialise(session, ACTOR)
        return {"added": [_shown(row) for row in done.added], "kept": done.kept}


@links.command("list")
@click.option("--company", "alias", required=True)
@click.option("--missing", is_flag=True, help="Only what till files need and is not there.")
@json_option
def list_all(alias: str, missing: bool) -> list[dict[str, Any]]:
    """The ledger links, or those that are missing."""
    with in_company(alias) as (_outside, session, _company), database.reading(session):
        if missing:
            return [
                {
                    "kind": one.kind,
                    "code": one.code,
                    "sales_type": one.sales_type,
                    "vat": one.vat,
                    "name": one.name,
                    "used": one.count,
                    "example": one.example,
                }
                for one in ledger_links.missing_links(session)
            ]
        return [_shown(row) for row in ledger_links.list_links(session)]


@links.command("set")
@click.option("--company", "alias", required=True)
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("code")
@click.argument("gl")
@click.option("--sales-type", default="")
@click.option("--vat", default="", help="A rate for groups; for kind vat the code in the books.")
@click.option("--name", default="")
@json_option
def set_one(  # noqa: PLR0913  the parts of a link
    *, alias: str, kind: str, code: str, gl: str, sales_type: str, vat: str, name: str
) -> dict[str, Any]:
    """Set one link."""
    with in_company(alias) as (_outside, session, _company):
        row = ledger_links.set_link(session, kind, code, sales_type, vat, gl, ACTOR, name)
        return _shown(row)


@links.command("import")
@click.option("--company", "alias", required=True)
@click.argument("file", type=FILE)
@json_option
def import_file(alias: str, file: Path) -> dict[str, Any]:
    """Set every link of a CSV file; one wrong line stores nothing."""
    with in_company(alias) as (_outside, session, _company):
        done = ledger_links.import_links(session, file.read_text(encoding="utf-8-sig"), ACTOR)
    if done.problems:
        raise Refused(
            "; ".join(f"{problem.place}: {problem.message_en}" for problem in done.problems)
        )
    return {"changed": done.changed, "same": done.same}


@click.group("receipts")
def receipts() -> None:
    """Receipts from till files."""


@receipts.command("import")
@click.option("--company", "alias", required=True)
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--store", "store_code", default=None, help="When the file names another one.")
@json_option
def import_files(alias: str, files: tuple[Path, ...], store_code: str | None) -> Answer:
    """Read till files; reading one twice changes nothing.

    Exit 1 when a file is refused, or a receipt differs from what was read before.
    """
    done = []
    with in_company(alias) as (_outside, session, _company):
        for file in files:
            with file.open("rb") as stream:
                done.append(
                    importing.import_till_file(session, file.name, stream, store_code, ACTOR)
                )
    wrong = [(one, problem) for one in done for problem in one.problems]
    for one, problem in wrong:
        word = "Error" if one.state == importing.REFUSED else "Difference"
        click.echo(f"{word}: {one.file}: {problem.in_full('en')}", err=True)
    return Answer({"files": [one.to_json() for one in done]}, 1 if wrong else 0)


def _shown(row: LinkRow) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "code": row.code,
        "sales_type": row.sales_type,
        "vat": row.vat,
        "gl": row.gl_code,
        "name": row.name,
    }


COMMANDS: list[click.Command] = [links, receipts]
