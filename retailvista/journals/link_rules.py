"""What a ledger link must look like before it is stored, one by one or from a CSV text.

Invariants: rates have one spelling, so 21, 21% and 21.0 are one link; a CSV line that is wrong is
named by its number with what to do, and the good lines do not hide it.
"""

from __future__ import annotations

import csv
import io

from retailvista.errors import Refused
from retailvista.ledger.link_rows import (
    FALLBACK,
    GROUP,
    GROUP_LEDGER,
    KINDS,
    NON_SALES,
    ROUNDING,
    TILL_PREFIX,
    VAT,
    LinkRow,
    rate_bp,
    rate_text,
)
from retailvista.ledger.links import BY_GROUPS, BY_VAT
from retailvista.ledger.problem import Place, Problem

GL_CODE_MAX = 20
CODE_MAX = 60
COLUMNS = ("kind", "code", "sales_type", "vat", "gl_code", "name")
NEEDED = frozenset({"kind", "code", "gl_code"})


def checked_link(row: LinkRow) -> LinkRow:
    """The link as it is stored. Refused with the field and the remedy when it cannot be."""
    row = LinkRow(*(part.strip() for part in row))
    if row.kind not in KINDS:
        raise Refused(f"Kind {row.kind!r} is none of {', '.join(KINDS)}.")
    if row.kind == ROUNDING:
        row = row._replace(code="", sales_type="", vat="")
    elif not row.code and row.kind != FALLBACK:
        raise Refused(f"A link of kind {row.kind} needs a code.")
    if row.kind == FALLBACK and not row.code and row.gl_code not in (BY_GROUPS, BY_VAT):
        raise Refused(f"The fallback table is {BY_GROUPS} or {BY_VAT}, not {row.gl_code!r}.")
    if len(row.gl_code) > GL_CODE_MAX or not (row.gl_code or _may_lack_account(row)):
        raise Refused(f"{row.kind} {row.code}: give a G/L code of at most {GL_CODE_MAX} signs.")
    if len(row.code) > CODE_MAX:
        raise Refused(f"Code {row.code!r} is longer than {CODE_MAX} signs.")
    if row.kind == GROUP_LEDGER and row.sales_type not in ("", NON_SALES):
        raise Refused(f"A group ledger has sales type '' or {NON_SALES!r}.")
    try:
        return _with_rates(row)
    except ValueError as wrong:
        raise Refused(f"{row.kind} {row.code}: {wrong}; write a percentage such as 21.") from None


def _may_lack_account(row: LinkRow) -> bool:
    """No VAT, no account: a rate of zero, or a till's own code, which may stand for zero.

    A day with VAT on such a link is held by the checks before posting.
    """
    if row.kind != VAT:
        return False
    return row.code.startswith(TILL_PREFIX) or row.code.strip(" %0.,") == ""


def _with_rates(row: LinkRow) -> LinkRow:
    """Rates in one spelling, so that 21, 21% and 21.0 are one link."""
    if row.kind == GROUP and row.vat:
        return row._replace(vat=rate_text(rate_bp(row.vat)))
    of_rate = row.kind == VAT and not row.code.startswith(TILL_PREFIX)
    if of_rate or (row.kind == FALLBACK and row.code):
        return row._replace(code=rate_text(rate_bp(row.code)))
    return row


def read_links(text: str) -> tuple[list[LinkRow], list[Problem]]:
    """The links of a CSV text with a title line; comma or semicolon.

    >>> rows, problems = read_links("kind,code,gl_code\\npayment,4000,1210\\npayment,,1\\n")
    >>> rows[0].gl_code, problems[0].place.line
    ('1210', '3')
    """
    title = text.lstrip("\ufeff").split("\n", 1)[0]
    separator = ";" if title.count(";") > title.count(",") else ","
    table = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator)
    columns = {(name or "").strip().lower() for name in table.fieldnames or ()}
    wrong = columns - set(COLUMNS) or NEEDED - columns
    if wrong:
        return [], [_problem(1, f"columns {', '.join(sorted(wrong))}")]
    rows: list[LinkRow] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, ...], int] = {}
    for cells in table:
        line = table.line_num
        try:
            row = checked_link(_row(cells))
        except Refused as refused:
            problems.append(_problem(line, str(refused)))
            continue
        key = (row.kind, row.code, row.sales_type, "" if row.kind == VAT else row.vat)
        if key in seen:
            problems.append(_problem(line, f"same link as line {seen[key]}"))
        seen[key] = line
        rows.append(row)
    return rows, problems


def _row(cells: dict[str | None, str | None]) -> LinkRow:
    if None in cells:
        raise Refused("There are more cells than columns.")
    values = {(name or "").strip().lower(): value or "" for name, value in cells.items()}
    return LinkRow(
        values.get("kind", "").strip().lower(),
        values.get("code", ""),
        values.get("gl_code", ""),
        values.get("sales_type", ""),
        values.get("vat", ""),
        values.get("name", ""),
    )


def _problem(line: int, what: str) -> Problem:
    columns = ", ".join(COLUMNS)
    return Problem(
        "link_line_wrong",
        f"Regel {line}: {what}",
        f"Line {line}: {what}",
        Place(line=str(line)),
        f"Herstel de regel en importeer opnieuw; kolommen: {columns}.",
        f"Repair the line and import again; columns: {columns}.",
    )
