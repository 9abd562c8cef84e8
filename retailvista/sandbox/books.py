"""The books: general journal entries are checked, numbered, completed with VAT and stored whole.

Invariant: what is stored balances to the cent per period; an entry and all its lines are one
transaction. Amounts are whole cents in here and doubles on the wire, as Exact sends them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from retailvista.sandbox import refusals
from retailvista.sandbox.drafts import Draft, Line, write_draft
from retailvista.sandbox.master import Journal, Master, Masters
from retailvista.sandbox.numbering import number_for
from retailvista.sandbox.store import Store
from retailvista.sandbox.vat import split

# Types that a general journal does not take: cash, bank, payment service; with a relation only:
# receivable, payable; without VAT only: VAT accounts.
MONEY_TYPES = (10, 12, 16)
RELATION_TYPES = (20, 22)
VAT_TYPE = 24


@dataclass(frozen=True, slots=True)
class Asker:
    """Who posts: the user behind the token, and the app."""

    name: str
    id: str
    full_name: str
    language: str
    client_id: str
    divisions: tuple[int, ...]


class Posting:
    """One entry on its way into the books; `problems` collects what Exact would say."""

    def __init__(self, masters: Masters, asker: Asker, division: int) -> None:
        self.store: Store = masters.store
        self.master: Master = masters.of(division)
        self.asker = asker
        self.division = division
        self.profile = str(self.store.setting("vat", division))
        self.strict = self.store.setting("account_types", division) == "strict"
        self.problems: list[str] = []

    def problem(self, key: str, **parts: object) -> None:
        """One more reason to refuse."""
        self.problems.append(refusals.said(key, self.asker.language, **parts))

    def stop_if_refused(self) -> None:
        """Refuse with every reason found so far."""
        if self.problems:
            known = self.store.setting("refusals", self.division) == "known"
            raise refusals.refused(self.problems, self.asker.language, known=known)

    def post(self, body: dict[str, Any], *, number: str | None = None) -> Draft:
        """Check, number and store; Refusal 500 when the books refuse.

        `number` overrides the profile for one request ("ignores-ours", "accepts-used")."""
        sent = body.get("GeneralJournalEntryLines") or []
        journal = self._journal(body)
        currency = self._currency(body, journal)
        if not sent:
            self.problem("lines-missing")
        self.stop_if_refused()
        assert journal is not None
        draft = Draft(
            division=self.division,
            journal=journal,
            currency=currency,
            rate=body.get("ExchangeRate") or 1.0,
            reversal=int(body.get("Reversal") or 0),
            year=body.get("FinancialYear"),
            period=body.get("FinancialPeriod"),
        )
        self._add_lines(draft, sent)
        self._check_periods(draft)
        self._check_balance(draft)
        self.stop_if_refused()
        draft.content = _content(draft, sent)
        with self.store.transaction():
            rule = number or str(self.store.setting("numbers", self.division))
            draft.number = number_for(self.store, draft, body.get("EntryNumber"), rule)
            if draft.number is None:
                self.problem("number-used")
                self.stop_if_refused()
            write_draft(self.store, draft, self.asker)
        return draft

    def _journal(self, body: dict[str, Any]) -> Journal | None:
        code = (body.get("JournalCode") or "").strip()
        if not code:
            self.problem("journal-missing")
            return None
        journal = self.master.journals.get(code)
        if journal is None:
            self.problem("journal-unknown")
        elif journal.type != 90 or journal.is_blocked:
            self.problem("journal-wrong")
        return journal

    def _currency(self, body: dict[str, Any], journal: Journal | None) -> str:
        currency = str(body.get("Currency") or self.master.currency).strip().upper()
        if currency == self.master.currency:
            return currency
        known = self.store.row(
            "SELECT 1 FROM currency WHERE Division = ? AND Code = ?", self.division, currency
        )
        if not known:
            self.problem("currency-unknown")
        elif journal is None or not journal.allows_currency:
            self.problem("currency-forbidden")
        return currency

    def _add_lines(self, draft: Draft, sent: list[dict[str, Any]]) -> None:
        today = self.store.wall_ms()
        first = next((line["Date"] for line in sent if "Date" in line), today - today % 86_400_000)
        merged: dict[tuple[str | None, int], Line] = {}
        vat_lines: list[Line] = []
        periods = {
            date: self._period(draft, date) for date in {v.get("Date", first): 0 for v in sent}
        }
        for values in sent:
            line = self._line(draft, values, values.get("Date", first))
            line.period = periods[line.date]
            draft.lines.append(line)
            made = self._vat_line(draft, line, values)
            if made is None:
                continue
            key = (made.account.id if made.account else None, made.period[0] * 100 + made.period[1])
            if self.profile == "netted" and key in merged:
                merged[key].add(made)
            else:
                merged[key] = made
                vat_lines.append(made)
        draft.lines += [line for line in vat_lines if line.amount or self.profile != "netted"]

    def _line(self, draft: Draft, values: dict[str, Any], date: int) -> Line:
        line = Line(values=values, date=date, amount=cents(values.get("AmountFC", 0.0)))
        line.account_id = self._own(values.get("GLAccount"), line)
        self._check_account(draft, line)
        self._check_cost_center(line)
        return line

    def _period(self, draft: Draft, date: int) -> tuple[int, int]:
        """The header's period, else the one of the date; (0, 0) has been refused."""
        if draft.year is not None and draft.period is not None:
            if not self.master.has_period(draft.year, draft.period):
                self.problem("year-missing")
            return draft.year, draft.period
        found = self.master.period_of(date)
        if found is None:
            self.problem("year-missing")
            return 0, 0
        return found

    def _own(self, guid: str | None, line: Line) -> str | None:
        """The account, or None with 201 when the Guid belongs to another division."""
        if guid is None:
            self.problem("account-missing")
            return None
        line.account = self.master.accounts.get(guid)
        if line.account is not None:
            return guid
        foreign = self.store.row("SELECT 1 FROM gl_account WHERE ID = ?", guid)
        if not foreign or self.store.setting("foreign_guid", self.division) == "refused":
            self.problem("account-unknown")
        return None

    def _check_account(self, draft: Draft, line: Line) -> None:
        account = line.account
        if account is None:
            return
        wrong = account.is_blocked
        if self.strict:
            wrong = wrong or account.type in MONEY_TYPES
            wrong = wrong or (account.type in RELATION_TYPES and "Account" not in line.values)
            wrong = wrong or (account.type == VAT_TYPE and draft.journal.allows_vat)
        if wrong:
            self.problem("account-type")

    def _check_cost_center(self, line: Line) -> None:
        code = (line.values.get("CostCenter") or "").strip()
        rule = line.account.cost_center_rule if line.account else 0
        if code:
            line.cost_center = code
            line.cost_center_name = self.master.cost_centers.get(code)
            if line.cost_center_name is None:
                self.problem("cost-center-unknown")
            elif rule == 2:
                self.problem("cost-center-forbidden")
        elif rule == 1:
            self.problem("cost-center-missing")

    def _vat_line(self, draft: Draft, line: Line, values: dict[str, Any]) -> Line | None:
        """Split the line by its VAT code; the line Exact adds, if any."""
        sent = (values.get("VATCode") or "").strip()
        given = values.get("AmountVATFC")
        code_text = sent
        if not sent and draft.journal.allows_vat and line.account and line.account.vat_code:
            code_text = line.account.vat_code
        if not code_text:
            if given:
                self.problem("vat-missing")
            return None
        if not draft.journal.allows_vat:
            self.problem("vat-forbidden")
            return None
        code = self.master.vat.get(code_text)
        if code is None or code.is_blocked:
            self.problem("vat-unknown")
            return None
        if "VATPercentage" in values and round(values["VATPercentage"] * 10_000) != code.rate_at(
            line.date
        ):
            self.problem("vat-rate")
        part = split(
            code, line.amount, None if given is None else cents(given), line.date, self.profile
        )
        line.take(code, part)
        if part.account is None:
            return None
        return line.vat_line(code, part, self.master.accounts.get(part.account))

    def _check_periods(self, draft: Draft) -> None:
        for year, period in {line.period for line in draft.lines}:
            if self.master.is_closed(draft.journal.code, year, period):
                self.problem("period-closed", year=year, period=period)

    def _check_balance(self, draft: Draft) -> None:
        sums: dict[tuple[int, int], int] = defaultdict(int)
        for line in draft.lines:
            sums[line.period] += line.amount
        for (year, period), difference in sums.items():
            if difference:
                amount = refusals.money(draft.currency, difference)
                self.problem("unbalanced", year=year, period=period, amount=amount)


def delete_entry(masters: Masters, asker: Asker, division: int, entry_id: str) -> bool:
    """Remove an open entry; False when there is none."""
    store = masters.store
    found = store.row(
        "SELECT Status, JournalCode FROM entry WHERE Division = ? AND EntryID = ?",
        division,
        entry_id,
    )
    if found is None:
        return False
    posting = Posting(masters, asker, division)
    if found[0] == 50:
        posting.problem("processed")
    for year, period in store.rows(
        "SELECT DISTINCT FinancialYear, FinancialPeriod FROM line WHERE EntryID = ?", entry_id
    ):
        if posting.master.is_closed(found[1], year, period):
            posting.problem("period-closed", year=year, period=period)
    posting.stop_if_refused()
    with store.transaction() as db:
        db.execute(
            "INSERT INTO deleted SELECT Timestamp, ID, Division, ID, 1, ?, ? FROM line "
            "WHERE EntryID = ?",
            (store.wall_ms(), asker.id, entry_id),
        )
        db.execute("DELETE FROM line WHERE EntryID = ?", (entry_id,))
        db.execute("DELETE FROM entry WHERE EntryID = ?", (entry_id,))
    return True


def cents(amount: float) -> int:
    """Whole cents, half away from zero."""
    scaled = amount * 100
    nearest = round(scaled)
    if abs(scaled - nearest) < 1e-4:
        return int(nearest)
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _content(draft: Draft, sent: list[dict[str, Any]]) -> str:
    """A fingerprint of what was sent, to notice the same content sent twice."""
    text = repr((draft.division, draft.journal.code, [sorted(line.items()) for line in sent]))
    return hashlib.sha256(text.encode()).hexdigest()
