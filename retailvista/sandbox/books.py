"""The books: what holds for every kind of entry, from the header to the numbered draft.

Invariant: what is stored balances to the cent per period; an entry and all its lines are one
transaction. Amounts are whole cents in here and doubles on the wire, as Exact sends them.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from retailvista.sandbox import records, refusals
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.drafts import Draft, Line, write_draft
from retailvista.sandbox.kinds import Kind
from retailvista.sandbox.master import Journal, Master, Masters, VatCode
from retailvista.sandbox.numbering import number_for
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store

# Types that a general journal does not take: cash, bank, payment service; with a relation only:
# receivable, payable; without VAT only: VAT accounts.
MONEY_TYPES = (10, 12, 16)
RELATION_TYPES = (20, 22)
VAT_TYPE = 24
Body = dict[str, Any]


class Posting:
    """One entry on its way into the books; `problems` collects what Exact would say."""

    def __init__(self, masters: Masters, asker: Asker, division: int, kind: Kind) -> None:
        self.store: Store = masters.store
        self.masters = masters
        self.master: Master = masters.of(division)
        self.asker = asker
        self.division = division
        self.kind = kind
        self.profile = str(self.store.setting("vat", division))
        self.strict = self.store.setting("account_types", division) == "strict"
        self.problems: list[str] = []

    def problem(self, key: str, **parts: object) -> None:
        """One more reason to refuse."""
        name = parts.get("name")
        if name:
            parts["label"] = refusals.label(str(name), self.asker.language)
        self.problems.append(refusals.said(key, self.asker.language, **parts))

    def stop_if_refused(self) -> None:
        """Refuse with every reason found so far."""
        if self.problems:
            known = self.store.setting("refusals", self.division) == "known"
            raise refusals.refused(self.problems, self.asker.language, known=known)

    def store_new(self, draft: Draft, wanted: int | None, number: str | None = None) -> None:
        """Number the draft and write it; refused when its number or key is taken.

        `number` overrides the profile for one request ("ignores-ours", "accepts-used")."""
        with self.store.transaction():
            if draft.entry_id and self.store.row(
                "SELECT 1 FROM entry WHERE EntryID = ?", draft.entry_id
            ):
                self.problem("exists")
                self.stop_if_refused()
            rule = number or str(self.store.setting("numbers", self.division))
            draft.number = number_for(self.store, draft, wanted, rule)
            if draft.number is None:
                self.problem("number-used")
                self.stop_if_refused()
            if self.kind.relation:
                draft.body["InvoiceNumber"] = draft.body.get("InvoiceNumber") or draft.number
            write_draft(self.store, draft, self.asker)

    # The header

    def draft(self, body: Body, date: int) -> Draft:
        """The empty draft of a header; Refusal 500 when the header is wrong."""
        journal = self._journal(body)
        currency = self._currency(body, journal)
        if not body.get(self.kind.collection):
            self.problem("lines-missing")
        self.stop_if_refused()
        assert journal is not None
        given = body.get("EntryID")
        honours = self.store.setting("entry_ids", self.division) == "honoured"
        return Draft(
            kind=self.kind,
            division=self.division,
            journal=journal,
            currency=currency,
            rate=self._rate(body, journal, currency, date),
            reversal=int(body.get("Reversal") or 0),
            year=body.get(self.kind.year),
            period=body.get(self.kind.period),
            entry_id=str(given) if given and honours else "",
            type=self.kind.type,
        )

    def _journal(self, body: Body) -> Journal | None:
        code = (body.get(self.kind.journal) or "").strip()
        if not code:
            self.problem("journal-missing")
            return None
        journal = self.master.journals.get(code)
        if journal is None:
            self.problem("journal-unknown")
        elif journal.type not in self.kind.journal_types or journal.is_blocked:
            self.problem(self.kind.wrong_journal)
        return journal

    def _currency(self, body: Body, journal: Journal | None) -> str:
        currency = str(body.get("Currency") or self.master.currency).strip().upper()
        if currency == self.master.currency:
            return currency
        if currency not in self.master.currencies:
            self.problem("currency-unknown")
        elif journal is None or not journal.allows_currency:
            self.problem("currency-forbidden")
        return currency

    def _rate(self, body: Body, journal: Journal, currency: str, date: int) -> float:
        """The rate that was sent where the journal allows one, else the table's, else 1."""
        known = self.master.rate_of(currency, date)
        given = body.get(self.kind.rate)
        if not given or given == known:
            return known or 1.0
        if currency != self.master.currency and not journal.allows_rate:
            self.problem("forbidden", name="Rate")
        return float(given)

    # Lines

    def today(self) -> int:
        """Midnight of the sandbox's day."""
        now = self.store.wall_ms()
        return now - now % 86_400_000

    def line(self, draft: Draft, values: Body, date: int) -> Line:
        """A sent line with its account, cost centre and cost unit checked."""
        line = Line(values=values, date=date, amount=cents(values.get("AmountFC", 0.0)))
        line.account_id = self._own(values.get("GLAccount"), line)
        self._check_account(draft, line)
        self._check_costs(line)
        self._look_up(line.values)
        return line

    def _look_up(self, values: Body) -> None:
        """Relation and document of a line, with the names that lines show."""
        for name, entity, shown in (
            ("Account", "crm/Accounts", {"Code": "AccountCode", "Name": "AccountName"}),
            (
                *("Document", "documents/Documents"),
                {"HID": "DocumentNumber", "Subject": "DocumentSubject"},
            ),
        ):
            if values.get(name):
                found = self.own(entity, values[name], name)
                values[name] = found.key if found else None
                for source, target in shown.items():
                    values[target] = found.body.get(source) if found else None

    def own(self, entity: str, key: str, name: str) -> Record | None:
        """The row in this division; None with 201 when the Guid belongs to another division."""
        found = records.find(self.store, entity, self.division, key)
        if found is None:
            foreign = records.is_elsewhere(self.store, entity, key)
            if not foreign or self.store.setting("foreign_guid", self.division) == "refused":
                self.problem("unknown-reference", name=name)
        return found

    def period(self, draft: Draft, date: int) -> tuple[int, int]:
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
        foreign = records.is_elsewhere(self.store, "financial/GLAccounts", guid)
        if not foreign or self.store.setting("foreign_guid", self.division) == "refused":
            self.problem("account-unknown")
        return None

    def _check_account(self, draft: Draft, line: Line) -> None:
        account = line.account
        if account is None:
            return
        wrong = account.is_blocked or account.id == draft.journal.account
        if self.strict:
            wrong = wrong or account.type in MONEY_TYPES
            wrong = wrong or (account.type in RELATION_TYPES and not line.values.get("Account"))
            wrong = wrong or (account.type == VAT_TYPE and draft.journal.allows_vat)
        if wrong:
            self.problem("account-type")

    def _check_costs(self, line: Line) -> None:
        """Cost centre and cost unit: 0 optional, 1 mandatory, 2 not allowed."""
        account, master = line.account, self.master
        for word, name, named, rule in (
            ("center", "CostCenter", master.cost_centers, account and account.cost_center_rule),
            ("unit", "CostUnit", master.cost_units, account and account.cost_unit_rule),
        ):
            code = (line.values.get(name) or "").strip()
            found = next((c for c in named if c.lower() == code.lower()), None)
            if code:
                if found is None:
                    self.problem("unknown-reference", name=name)
                elif rule == 2:
                    self.problem("forbidden", name=name)
                setattr(line, f"cost_{word}", found or code)
                setattr(line, f"cost_{word}_name", named.get(found or code))
            elif rule == 1:
                self.problem("missing", name=name)

    def vat_code(self, draft: Draft, line: Line, given: float | None) -> VatCode | None:
        """The code of a line: the one sent, else the account's own; None where there is none."""
        values = line.values
        code_text = (values.get("VATCode") or "").strip()
        if not code_text and draft.journal.allows_vat and line.account and line.account.vat_code:
            code_text = line.account.vat_code.strip()
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
        rate = values.get("VATPercentage")
        if rate is not None and round(rate * 10_000) != code.rate_at(line.date):
            self.problem("vat-rate")
        return code

    # The whole

    def check(self, draft: Draft) -> None:
        """Open periods and zero per period; Refusal 500 when something is wrong."""
        sums: dict[tuple[int, int], int] = defaultdict(int)
        for line in draft.lines:
            sums[line.period] += line.amount
        for year, period in sums:
            if self.master.is_closed(draft.journal.code, year, period):
                self.problem("period-closed", year=year, period=period)
        for period_of, difference in sums.items():
            if difference:
                self.unbalanced(draft, period_of, difference)
        self.stop_if_refused()

    def unbalanced(self, draft: Draft, period: tuple[int, int], difference: int) -> None:
        """The refusal that names the difference."""
        amount = refusals.money(draft.currency, difference)
        word = self.kind.says[self.asker.language != "nl"]
        self.problem("unbalanced", year=period[0], period=period[1], type=word, amount=amount)


def cents(amount: float) -> int:
    """Whole cents, half away from zero."""
    scaled = amount * 100
    nearest = round(scaled)
    if abs(scaled - nearest) < 1e-4:
        return int(nearest)
    return int((Decimal(str(amount)) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def fingerprint(draft: Draft, sent: list[Body]) -> str:
    """A fingerprint of what was sent, to notice the same content sent twice."""
    text = repr((draft.division, draft.journal.code, [sorted(line.items()) for line in sent]))
    return hashlib.sha256(text.encode()).hexdigest()
