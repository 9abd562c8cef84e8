"""The kinds of entry the books know, as data: where they come in and what they are called.

Invariant: a kind names its own paths, properties and numbers; code asks the kind, never its name.
"""

from __future__ import annotations

from dataclasses import dataclass

OPEN, PROCESSED = 20, 50


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry."""

    name: str
    path: str
    lines: str
    # The nested collection, and what the header calls journal, year, period and rate.
    collection: str
    journal: str
    year: str
    period: str
    rate: str
    journal_types: tuple[int, ...]
    wrong_journal: str
    status: int
    type: int
    credit_type: int
    says: tuple[str, str]
    relation: str = ""
    # What a positive amount of a sent line is in the ledger: 1 debit, -1 credit.
    sign: int = 1


GENERAL = Kind(
    name="general",
    path="generaljournalentry/GeneralJournalEntries",
    lines="generaljournalentry/GeneralJournalEntryLines",
    collection="GeneralJournalEntryLines",
    journal="JournalCode",
    year="FinancialYear",
    period="FinancialPeriod",
    rate="ExchangeRate",
    journal_types=(90,),
    wrong_journal="journal-wrong",
    status=OPEN,
    type=90,
    credit_type=90,
    says=("Overige", "Other"),
)
SALES = Kind(
    name="sales",
    path="salesentry/SalesEntries",
    lines="salesentry/SalesEntryLines",
    collection="SalesEntryLines",
    journal="Journal",
    year="ReportingYear",
    period="ReportingPeriod",
    rate="Rate",
    journal_types=(20, 21),
    wrong_journal="sales-journal",
    status=OPEN,
    type=20,
    credit_type=21,
    says=("Verkoopboeking", "Sales entry"),
    relation="Customer",
    sign=-1,
)
PURCHASE = Kind(
    name="purchase",
    path="purchaseentry/PurchaseEntries",
    lines="purchaseentry/PurchaseEntryLines",
    collection="PurchaseEntryLines",
    journal="Journal",
    year="ReportingYear",
    period="ReportingPeriod",
    rate="Rate",
    journal_types=(22, 23),
    wrong_journal="purchase-journal",
    status=OPEN,
    type=30,
    credit_type=31,
    says=("Inkoopboeking", "Purchase entry"),
    relation="Supplier",
)
BANK = Kind(
    name="bank",
    path="financialtransaction/BankEntries",
    lines="financialtransaction/BankEntryLines",
    collection="BankEntryLines",
    journal="JournalCode",
    year="FinancialYear",
    period="FinancialPeriod",
    rate="ExchangeRate",
    journal_types=(12, 16),
    wrong_journal="bank-journal",
    status=PROCESSED,
    type=40,
    credit_type=40,
    says=("Geldstroom", "Cash flow"),
    sign=-1,
)
CASH = Kind(
    name="cash",
    path="financialtransaction/CashEntries",
    lines="financialtransaction/CashEntryLines",
    collection="CashEntryLines",
    journal="JournalCode",
    year="FinancialYear",
    period="FinancialPeriod",
    rate="ExchangeRate",
    journal_types=(10,),
    wrong_journal="cash-journal",
    status=PROCESSED,
    type=40,
    credit_type=40,
    says=("Geldstroom", "Cash flow"),
    sign=-1,
)
KINDS = {kind.name: kind for kind in (GENERAL, SALES, PURCHASE, BANK, CASH)}
BY_PATH = {kind.path: kind for kind in KINDS.values()}
BY_LINES = {kind.lines: kind for kind in KINDS.values() if kind is not GENERAL}
