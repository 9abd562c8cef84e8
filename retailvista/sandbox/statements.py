"""Bank and cash entries: opening balance + lines = closing balance, posted as processed (50).

The journal's own account gets the other side of every line. A line that names an invoice (OurRef)
of its relation is matched with it. VAT is always inside the amount of a line.
Invariant: what was opened plus what came in less what went out is what is closed, to the cent.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox.books import Body, Posting, cents, fingerprint
from retailvista.sandbox.drafts import Draft, Line
from retailvista.sandbox.vat import Split, rounded

RECEIVABLE, PAYABLE = 20, 22


def build_statement(posting: Posting, body: Body) -> Draft:
    """The complete draft; Refusal 500 when the books refuse."""
    sent: list[Body] = body.get(posting.kind.collection) or []
    first = next((line["Date"] for line in sent if "Date" in line), posting.today())
    draft = posting.draft(body, first)
    draft.content = fingerprint(draft, sent)
    own = posting.master.accounts.get(draft.journal.account or "")
    if own is None:
        posting.problem("account-missing")
    inward = -1 if posting.store.setting("statement_sign", posting.division)[0] == "r" else 1
    for number, values in enumerate(sent, start=1):
        _add_line(posting, draft, {**values, "LineNumber": number}, (first, inward))
    sent_lines = len(draft.lines)
    draft.lines += [
        made for line in draft.lines[:sent_lines] for made in _vat(posting, draft, line)
    ]
    received = -sum(line.amount for line in draft.lines)
    for period in dict.fromkeys(line.period for line in draft.lines):
        of_period = [line for line in draft.lines if line.period == period]
        draft.lines.append(
            Line(
                values={"Description": of_period[0].values.get("Description")},
                date=of_period[0].date,
                amount=-sum(line.amount for line in of_period),
                period=period,
                account=own,
                account_id=own.id if own else None,
            )
        )
    _balances(posting, draft, body, received)
    posting.check(draft)
    draft.body = {name: value for name, value in body.items() if name != posting.kind.collection}
    return draft


def _add_line(posting: Posting, draft: Draft, values: Body, how: tuple[int, int]) -> None:
    first, inward = how
    line = posting.line(draft, values, values.get("Date", first))
    line.amount *= inward
    line.period, line.key = posting.period(draft, line.date), str(values.get("ID") or "")
    _match(posting, line)
    draft.lines.append(line)


def _vat(posting: Posting, draft: Draft, line: Line) -> list[Line]:
    """What a customer pays holds VAT to pay, what the company pays holds VAT to claim."""
    given: Any = line.values.get("AmountVATFC")
    code = posting.vat_code(draft, line, given)
    if code is None or code.type not in ("E", "I"):
        line.vat_code = code
        return []
    rate = code.rate_at(line.date)
    computed = rounded(line.amount, rate, 10_000 + rate)
    vat = computed if given is None else abs(cents(given)) * (1 if line.amount > 0 else -1)
    is_paid = line.amount > 0
    account = code.to_claim if is_paid else code.to_pay
    basis, letter = ("I", "O") if is_paid else ("V", "A")
    part = Split(line.amount - vat, vat, account, basis, letter)
    line.take(code, part)
    return [line.vat_line(code, part, posting.master.accounts.get(account or ""))]


def _match(posting: Posting, line: Line) -> None:
    """A line on a receivable or payable account ages with the invoice it names."""
    kind = line.account.type if line.account else 0
    if kind not in (RECEIVABLE, PAYABLE):
        return
    line.ledger, line.due = ("R" if kind == RECEIVABLE else "P"), line.date
    relation, number = line.values.get("Account"), line.values.get("OurRef")
    if not relation or not number:
        return
    found = posting.store.row(
        "SELECT ID, DueDate FROM line WHERE Division = ? AND Ledger = ? AND Account = ? "
        "AND InvoiceNumber = ? AND kind IN ('sales', 'purchase') LIMIT 1",
        *(posting.division, line.ledger, relation, number),
    )
    if found:
        line.values["OffsetID"], line.due = found


def _balances(posting: Posting, draft: Draft, body: Body, received: int) -> None:
    """What is not sent is filled in: the last closing balance, and what comes out."""
    last = posting.store.row(
        "SELECT body ->> 'ClosingBalanceFC' FROM entry WHERE Division = ? AND JournalCode = ? "
        "AND kind = ? ORDER BY seq DESC LIMIT 1",
        *(posting.division, draft.journal.code, posting.kind.name),
    )
    opening, closing = body.get("OpeningBalanceFC"), body.get("ClosingBalanceFC")
    if opening is None and closing is not None:
        opening = (cents(closing) - received) / 100
    elif opening is None:
        opening = float(last[0] or 0) if last else 0.0
    expected = cents(opening) + received
    if closing is not None and cents(closing) != expected:
        posting.unbalanced(draft, draft.first_period, expected - cents(closing))
    body["OpeningBalanceFC"], body["ClosingBalanceFC"] = opening, expected / 100
