"""General journal entries: lines as sent, VAT lines as Exact adds them, zero per period.

Invariant: no balancing line is ever added; a difference of one cent is refused.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox.books import Body, Posting, cents, fingerprint
from retailvista.sandbox.drafts import Draft, Line
from retailvista.sandbox.vat import split


def post_general(posting: Posting, body: Body, number: str | None = None) -> Draft:
    """Check, number and store; Refusal 500 when the books refuse."""
    sent: list[Body] = body.get("GeneralJournalEntryLines") or []
    first = next((line["Date"] for line in sent if "Date" in line), posting.today())
    draft = posting.draft(body, first)
    draft.content = fingerprint(draft, sent)
    _add_lines(posting, draft, sent, first)
    posting.check(draft)
    posting.store_new(draft, body.get("EntryNumber"), number)
    return draft


def _add_lines(posting: Posting, draft: Draft, sent: list[Body], first: int) -> None:
    merged: dict[tuple[str | None, int], Line] = {}
    vat_lines: list[Line] = []
    periods = {
        date: posting.period(draft, date) for date in {v.get("Date", first): 0 for v in sent}
    }
    for values in sent:
        line = posting.line(draft, dict(values), values.get("Date", first))
        line.period = periods[line.date]
        draft.lines.append(line)
        made = _vat_line(posting, draft, line)
        if made is None:
            continue
        key = (made.account.id if made.account else None, made.period[0] * 100 + made.period[1])
        if posting.profile == "netted" and key in merged:
            merged[key].add(made)
        else:
            merged[key] = made
            vat_lines.append(made)
    draft.lines += [line for line in vat_lines if line.amount or posting.profile != "netted"]


def _vat_line(posting: Posting, draft: Draft, line: Line) -> Line | None:
    """Split the line by its VAT code; the line Exact adds, if any."""
    given: Any = line.values.get("AmountVATFC")
    code = posting.vat_code(draft, line, given)
    if code is None:
        return None
    part = split(
        *(code, line.amount, None if given is None else cents(given), line.date, posting.profile)
    )
    line.take(code, part)
    if part.account is None:
        return None
    return line.vat_line(code, part, posting.master.accounts.get(part.account))
