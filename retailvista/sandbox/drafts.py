"""An entry in the making, and how it is written down.

Invariant: line 0 is the header row of the sync feed and carries no amount; the lines of an entry
add up to zero in both currencies; the sums per account are written in the same transaction.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from retailvista.sandbox import balances, records
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.kinds import Kind
from retailvista.sandbox.master import Account, Journal, VatCode
from retailvista.sandbox.store import Store, guid
from retailvista.sandbox.vat import Split

OPEN = 20
LINE_COLUMNS = (
    *("Timestamp", "ID", "Division", "EntryID", "EntryNumber", "LineNumber", "LineType", "Type"),
    *("Status", "Date", "FinancialYear", "FinancialPeriod", "JournalCode", "JournalDescription"),
    *("GLAccount", "GLAccountCode", "GLAccountDescription", "Account", "AmountFC", "AmountDC"),
    *("AmountVATFC", "AmountVATDC", "VATBaseAmountFC", "VATBaseAmountDC", "VATCode"),
    *("VATCodeDescription", "VATPercentage", "VATType", "CostCenter", "CostCenterDescription"),
    *("CostUnit", "Currency", "ExchangeRate", "Description", "Notes", "OurRef", "Quantity"),
    *("OffsetID", "Created", "Modified", "Creator", "CreatorFullName", "Modifier"),
    *("ModifierFullName", "kind", "Reversal", "Ledger", "AccountCode", "AccountName", "DueDate"),
    *("CostUnitDescription", "InvoiceNumber", "YourRef", "PaymentReference", "Document"),
    *("DocumentNumber", "DocumentSubject", "Asset", "Project"),
)
MARKS = ", ".join("?" * len(LINE_COLUMNS))
INSERT_LINE = f"INSERT INTO line ({', '.join(LINE_COLUMNS)}) VALUES ({MARKS})"  # noqa: S608 - ours


@dataclass(slots=True)
class Line:
    """One line; amounts in cents."""

    values: dict[str, Any]
    date: int
    amount: int
    period: tuple[int, int] = (0, 0)
    account: Account | None = None
    account_id: str | None = None
    cost_center: str | None = None
    cost_center_name: str | None = None
    cost_unit: str | None = None
    cost_unit_name: str | None = None
    vat_code: VatCode | None = None
    vat_type: str | None = None
    vat_amount: int = 0
    vat_base: int = 0
    vat_rate: int = 0
    # In the division's currency; set when the entry is complete.
    amount_dc: int = 0
    # The key of the sent line, where it has a row of its own.
    key: str = ""
    due: int | None = None
    ledger: str | None = None

    def take(self, code: VatCode, part: Split, sign: int = 1) -> None:
        """Become the base of a VAT split."""
        self.amount = sign * part.base
        self.vat_code = code
        self.vat_type = part.basis_type
        self.vat_amount = sign * part.vat
        self.vat_base = sign * part.base
        self.vat_rate = code.rate_at(self.date)

    def vat_line(self, code: VatCode, part: Split, account: Account | None, sign: int = 1) -> Line:
        """The line Exact adds for the VAT of this one."""
        return Line(
            values={"Description": self.values.get("Description")},
            date=self.date,
            amount=sign * part.vat,
            period=self.period,
            account=account,
            account_id=account.id if account else None,
            vat_code=code,
            vat_type=part.vat_type,
            vat_base=sign * part.base,
            vat_rate=code.rate_at(self.date),
        )

    def add(self, other: Line) -> None:
        """Merge another VAT line of the same account."""
        self.amount += other.amount
        self.vat_base += other.vat_base
        if self.vat_code != other.vat_code:
            self.vat_code = None


@dataclass(slots=True)
class Draft:
    """One entry."""

    kind: Kind
    division: int
    journal: Journal
    currency: str
    rate: float
    reversal: int
    year: int | None
    period: int | None
    lines: list[Line] = field(default_factory=list)
    number: int | None = None
    entry_id: str = ""
    content: str = ""
    # An earlier entry with the same content, for the judge.
    twin: int | None = None
    type: int = 90
    # What the header shows beside the columns of `entry`, and what every line shows of it.
    body: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def first_period(self) -> tuple[int, int]:
        """The period of the header: the first line's."""
        return self.lines[0].period

    def convert(self) -> None:
        """Amounts in the division's currency; what rounding leaves goes to the largest line."""
        for line in self.lines:
            line.amount_dc = line.amount if self.rate == 1 else round(line.amount * self.rate)
        if self.rate == 1:
            return
        for period in {line.period for line in self.lines}:
            of_period = [line for line in self.lines if line.period == period]
            rest = sum(line.amount_dc for line in of_period)
            if rest and not sum(line.amount for line in of_period):
                # What the relation owes is the total at the rate; the rest is for another line.
                bearers = [line for line in of_period if not line.ledger] or of_period
                max(bearers, key=lambda line: abs(line.amount_dc)).amount_dc -= rest


def write_draft(store: Store, draft: Draft, asker: Asker) -> None:
    """One transaction: the entry, its header row, its lines and their sums."""
    made = store.wall_ms()
    draft.convert()
    with store.transaction():
        seq = store.next_number("entry", 1)
        draft.entry_id = draft.entry_id or guid("entry", draft.division, seq)
        twin = store.row("SELECT EntryNumber FROM entry WHERE content = ? LIMIT 1", draft.content)
        draft.twin = twin[0] if twin else None
        store.insert("entry", _entry_row(draft, seq, made, asker))
        _write_lines(store, draft, asker, (made, made))


def rewrite_draft(store: Store, draft: Draft, asker: Asker) -> None:
    """The entry as it is after a change: same key and number, new rowversions for every line."""
    made = store.wall_ms()
    draft.convert()
    with store.transaction() as db:
        found = store.row("SELECT seq, Created FROM entry WHERE EntryID = ?", draft.entry_id)
        assert found, "the entry is there"
        values = _entry_row(draft, found[0], made, asker) | {"Created": found[1]}
        sets = ", ".join(f"{name} = ?" for name in values)
        db.execute(
            f"UPDATE entry SET {sets} WHERE EntryID = ?",  # noqa: S608 - our own names
            (*values.values(), draft.entry_id),
        )
        before = forget_lines(store, draft.entry_id)
        after = _write_lines(store, draft, asker, (found[1], made))
        records.note_deleted(store, draft.division, 1, sorted(before - after), asker.id)


def forget_lines(store: Store, entry_id: str) -> set[str]:
    """Remove the ledger lines of an entry and take them out of the sums; their keys."""
    with store.transaction() as db:
        balances.subtract(store, entry_id)
        keys = {row[0] for row in db.execute("SELECT ID FROM line WHERE EntryID = ?", (entry_id,))}
        db.execute("DELETE FROM line WHERE EntryID = ?", (entry_id,))
    return keys


def _write_lines(store: Store, draft: Draft, asker: Asker, stamps: tuple[int, int]) -> set[str]:
    first = draft.lines[0]
    header = Line(values={}, date=first.date, amount=0, period=first.period, due=first.due)
    stamp = records.stamps(store, len(draft.lines) + 1)
    rows = []
    for number, line in enumerate([header, *draft.lines]):
        key = line.key or guid("line", draft.entry_id, number)
        rows.append(
            (
                *(stamp + number, key, draft.division, draft.entry_id, draft.number, number),
                *_line_row(draft, line, asker, stamps),
            )
        )
    with store.transaction() as db:
        db.executemany(INSERT_LINE, rows)
        balances.add(store, draft)
    return {str(row[1]) for row in rows}


def _entry_row(draft: Draft, seq: int, made: int, asker: Asker) -> dict[str, Any]:
    year, period = draft.first_period
    return {
        "seq": seq,
        "kind": draft.kind.name,
        "EntryID": draft.entry_id,
        "Division": draft.division,
        "JournalCode": draft.journal.code,
        "JournalDescription": draft.journal.description,
        "EntryNumber": draft.number,
        "FinancialYear": year,
        "FinancialPeriod": period,
        "Currency": draft.currency,
        "ExchangeRate": draft.rate,
        "Reversal": draft.reversal,
        "Status": draft.kind.status,
        "StatusDescription": "Open" if draft.kind.status == OPEN else "Processed",
        "Type": draft.type,
        "TypeDescription": draft.kind.says[asker.language != "nl"],
        "Created": made,
        "Modified": made,
        "content": draft.content,
        "client_id": asker.client_id,
        "body": json.dumps(draft.body, ensure_ascii=False),
    }


def _line_row(draft: Draft, line: Line, asker: Asker, stamps: tuple[int, int]) -> tuple[Any, ...]:
    values, account, shared = draft.shared | line.values, line.account, draft.shared
    named = (account.code, account.description) if account else (None, None)
    invoice = draft.number if draft.kind.relation else None
    return (
        *(0, draft.type, draft.kind.status, line.date, *line.period),
        *(draft.journal.code, draft.journal.description),
        *(line.account_id, *named, values.get("Account")),
        *_amounts(draft, line),
        *(line.cost_center, line.cost_center_name, line.cost_unit),
        *(draft.currency, draft.rate),
        *(values.get("Description"), values.get("Notes"), values.get("OurRef")),
        *(values.get("Quantity"), values.get("OffsetID")),
        *(*stamps, asker.id, asker.full_name, asker.id, asker.full_name),
        *(draft.kind.name, draft.reversal, line.ledger),
        *(values.get("AccountCode"), values.get("AccountName"), line.due or shared.get("DueDate")),
        *(line.cost_unit_name, shared.get("InvoiceNumber") or invoice, shared.get("YourRef")),
        *(shared.get("PaymentReference"), values.get("Document"), values.get("DocumentNumber")),
        *(values.get("DocumentSubject"), values.get("Asset"), values.get("Project")),
    )


def _amounts(draft: Draft, line: Line) -> tuple[Any, ...]:
    """Amount, VAT and base in both currencies, then the VAT code."""
    code, rate = line.vat_code, draft.rate
    found: list[Any] = [line.amount / 100, line.amount_dc / 100]
    for cents in (line.vat_amount, line.vat_base):
        found += [cents / 100, (cents if rate == 1 else round(cents * rate)) / 100]
    named = (code.code, code.description) if code else (None, None)
    return (*found, *named, line.vat_rate / 10_000, line.vat_type)
