"""An entry in the making, and how it is written down.

Invariant: line 0 is the header row of the sync feed and carries no amount.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from retailvista.sandbox.master import Account, Journal, VatCode
from retailvista.sandbox.store import Store, guid
from retailvista.sandbox.vat import Split

if TYPE_CHECKING:
    from retailvista.sandbox.books import Asker

OPEN = 20
INSERT_LINE = (
    "INSERT INTO line (Timestamp, ID, Division, EntryID, EntryNumber, LineNumber, LineType, "  # noqa: S608 - our own names
    "Type, "
    "Status, Date, FinancialYear, FinancialPeriod, JournalCode, JournalDescription, GLAccount, "
    "GLAccountCode, GLAccountDescription, Account, AmountFC, AmountDC, AmountVATFC, AmountVATDC, "
    "VATBaseAmountFC, VATBaseAmountDC, VATCode, VATCodeDescription, VATPercentage, VATType, "
    "CostCenter, CostCenterDescription, CostUnit, Currency, ExchangeRate, Description, Notes, "
    "OurRef, Quantity, OffsetID, Created, Modified, Creator, CreatorFullName, Modifier, "
    f"ModifierFullName) VALUES ({', '.join('?' * 44)})"
)
FIRST_TIMESTAMP = 5_000_000


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
    vat_code: VatCode | None = None
    vat_type: str | None = None
    vat_amount: int = 0
    vat_base: int = 0
    vat_rate: int = 0

    def take(self, code: VatCode, part: Split) -> None:
        """Become the base of a VAT split."""
        self.amount = part.base
        self.vat_code = code
        self.vat_type = part.basis_type
        self.vat_amount = part.vat
        self.vat_base = part.base
        self.vat_rate = code.rate_at(self.date)

    def vat_line(self, code: VatCode, part: Split, account: Account | None) -> Line:
        """The line Exact adds for the VAT of this one."""
        return Line(
            values={"Description": self.values.get("Description")},
            date=self.date,
            amount=part.vat,
            period=self.period,
            account=account,
            account_id=account.id if account else None,
            vat_code=code,
            vat_type=part.vat_type,
            vat_base=part.base,
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

    @property
    def first_period(self) -> tuple[int, int]:
        """The period of the header: the first line's."""
        return self.lines[0].period


def write_draft(store: Store, draft: Draft, asker: Asker) -> None:
    """One transaction: the entry, its header row and its lines."""
    made = store.wall_ms()
    with store.transaction() as db:
        seq = store.next_number("entry", 1)
        draft.entry_id = guid("entry", draft.division, seq)
        twin = store.row("SELECT EntryNumber FROM entry WHERE content = ? LIMIT 1", draft.content)
        draft.twin = twin[0] if twin else None
        store.insert("entry", _entry_row(draft, seq, made, asker))
        stamp = store.next_number("timestamp", len(draft.lines) + 1, FIRST_TIMESTAMP)
        rows = [
            (
                *(stamp + number, guid("line", stamp + number), draft.division, draft.entry_id),
                *(draft.number, number),
                *_line_row(draft, line, made, asker),
            )
            for number, line in _numbered(draft)
        ]
        db.executemany(INSERT_LINE, rows)


def _numbered(draft: Draft) -> list[tuple[int, Line]]:
    first = draft.lines[0]
    header = Line(values={}, date=first.date, amount=0, period=first.period)
    return list(enumerate([header, *draft.lines]))


def _entry_row(draft: Draft, seq: int, made: int, asker: Asker) -> dict[str, Any]:
    year, period = draft.first_period
    return {
        "seq": seq,
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
        "Status": OPEN,
        "StatusDescription": "Open",
        "Type": 90,
        "TypeDescription": "Overige" if asker.language == "nl" else "Other",
        "Created": made,
        "Modified": made,
        "content": draft.content,
        "client_id": asker.client_id,
    }


def _line_row(draft: Draft, line: Line, made: int, asker: Asker) -> tuple[Any, ...]:
    values, account = line.values, line.account
    named = (account.code, account.description) if account else (None, None)
    return (
        *(0, 90, OPEN, line.date, *line.period),
        *(draft.journal.code, draft.journal.description),
        *(line.account_id, *named, values.get("Account")),
        *_amounts(draft, line),
        *(line.cost_center, line.cost_center_name, values.get("CostUnit")),
        *(draft.currency, draft.rate),
        *(values.get("Description"), values.get("Notes"), values.get("OurRef")),
        *(values.get("Quantity"), values.get("OffsetID")),
        *(made, made, asker.id, asker.full_name, asker.id, asker.full_name),
    )


def _amounts(draft: Draft, line: Line) -> tuple[Any, ...]:
    """Amount, VAT and base in both currencies, then the VAT code."""
    code, rate = line.vat_code, draft.rate
    found: list[Any] = []
    for cents in (line.amount, line.vat_amount, line.vat_base):
        amount = cents / 100
        found += [amount, amount if rate == 1 else round(amount * rate, 2)]
    named = (code.code, code.description) if code else (None, None)
    return (*found, *named, line.vat_rate / 10_000, line.vat_type)
