"""The company's own records as tables: names, types, and where they stand in the database.

Invariants: every table is cut to one company by `company` in its own WHERE, whoever asks; money
is a decimal with two places, stored as a whole number; secrets, payloads and files are no columns.
"""

from __future__ import annotations

from sqlalchemy import String, case, cast, func

from retailvista.companies.models import Store
from retailvista.connectors.models import Connector, PostingSeat
from retailvista.feed.edm import Edm
from retailvista.feed.model import Navigation
from retailvista.feed.own_columns import (
    day,
    key,
    moment,
    money,
    own_table,
    same_company,
    text,
    whole,
    yes_no,
)
from retailvista.journals.listing import STATE
from retailvista.journals.models import (
    ControlDay,
    Export,
    JournalLine,
    JournalRow,
    LedgerLink,
    ReceiptRow,
    StoreDay,
    TillFile,
)
from retailvista.runs.models import Run

JOURNAL, LINE, STORE = JournalRow.__table__, JournalLine.__table__, Store.__table__
EXPORT, CONNECTOR, SEAT = Export.__table__, Connector.__table__, PostingSeat.__table__
RECEIPT, FILE, DAY = ReceiptRow.__table__, TillFile.__table__, StoreDay.__table__
RUN, CONTROL, LINK = Run.__table__, ControlDay.__table__, LedgerLink.__table__
REVERSED = JOURNAL.alias("reversed")

WITH_STORE = same_company(STORE, JOURNAL, STORE.c.id == JOURNAL.c.store_id)
LIVE_EXPORT = same_company(
    EXPORT, JOURNAL, EXPORT.c.journal_id == JOURNAL.c.id, EXPORT.c.live.is_(True)
)
# As ledger.receipt writes them: v voided, t training; absent on almost every receipt.
FLAGS = func.coalesce(RECEIPT.c.content["f"].as_string(), "")
SENT_BY = func.coalesce(EXPORT.c.connector_id, JOURNAL.c.connector_id)

JOURNALS = own_table(
    "Journals",
    JOURNAL.join(STORE, WITH_STORE)
    .outerjoin(EXPORT, LIVE_EXPORT)
    .outerjoin(CONNECTOR, same_company(CONNECTOR, JOURNAL, CONNECTOR.c.id == SENT_BY))
    .outerjoin(REVERSED, same_company(REVERSED, JOURNAL, REVERSED.c.id == JOURNAL.c.reverses_id)),
    JOURNAL,
    (
        key("Number", JOURNAL.c.sequence),
        text("Kind", JOURNAL.c.kind),
        whole("Year", JOURNAL.c.year),
        whole("NumberInYear", JOURNAL.c.number),
        text("Store", STORE.c.code),
        text("StoreName", STORE.c.name),
        day("BusinessDate", JOURNAL.c.business_date),
        text("Currency", JOURNAL.c.currency),
        money("Debit", JOURNAL.c.debit),
        money("Credit", JOURNAL.c.credit),
        text("State", cast(STATE, String), 20),
        whole("EntryNumber", EXPORT.c.entry_number),
        text("ExternalId", EXPORT.c.external_id),
        text("JournalCode", EXPORT.c.journal_code),
        whole("Connector", CONNECTOR.c.number),
        text("Reference", JOURNAL.c.reference),
        text("Problem", JOURNAL.c.problem),
        whole("ReceiptCount", JOURNAL.c.receipts),
        whole("ReversesNumber", REVERSED.c.sequence),
        text("Reason", JOURNAL.c.reason),
        moment("BuiltAt", JOURNAL.c.built_at),
        moment("ReleasedAt", JOURNAL.c.released_at),
        text("ReleasedBy", JOURNAL.c.released_by),
    ),
    (
        Navigation("Lines", "JournalLines", "Number", "JournalNumber", many=True),
        Navigation("Exports", "Exports", "Number", "JournalNumber", many=True),
        Navigation("Receipts", "Receipts", "Number", "JournalNumber", many=True),
        Navigation("Reverses", "Journals", "ReversesNumber", "Number"),
    ),
)
JOURNAL_LINES = own_table(
    "JournalLines",
    LINE.join(JOURNAL, same_company(JOURNAL, LINE, JOURNAL.c.id == LINE.c.journal_id)).join(
        STORE, WITH_STORE
    ),
    LINE,
    (
        key("Id", cast(JOURNAL.c.sequence, String) + "-" + cast(LINE.c.nr, String), Edm.STRING),
        key("JournalNumber", JOURNAL.c.sequence),
        key("Nr", LINE.c.nr),
        text("Store", STORE.c.code),
        day("BusinessDate", JOURNAL.c.business_date),
        text("Currency", JOURNAL.c.currency),
        text("Side", LINE.c.side),
        money("Amount", LINE.c.amount),
        money("Net", case((LINE.c.side == "D", LINE.c.amount), else_=-LINE.c.amount)),
        text("GlCode", LINE.c.gl_code),
        text("Description", LINE.c.description),
        text("VatCode", LINE.c.vat_code),
        money("VatAmount", LINE.c.vat_amount),
        money("VatNet", case((LINE.c.side == "D", LINE.c.vat_amount), else_=-LINE.c.vat_amount)),
        money("VatRate", LINE.c.vat_bp),
        yes_no("IsVat", LINE.c.is_vat),
        text("CostCentre", LINE.c.cost_centre),
    ),
    (Navigation("Journal", "Journals", "JournalNumber", "Number"),),
)
RECEIPTS = own_table(
    "Receipts",
    RECEIPT.join(STORE, same_company(STORE, RECEIPT, STORE.c.id == RECEIPT.c.store_id))
    .join(FILE, same_company(FILE, RECEIPT, FILE.c.id == RECEIPT.c.file_id))
    .outerjoin(JOURNAL, same_company(JOURNAL, RECEIPT, JOURNAL.c.id == RECEIPT.c.journal_id)),
    RECEIPT,
    (
        key("Id", RECEIPT.c.id, Edm.INT64),
        text("Store", STORE.c.code),
        text("Register", RECEIPT.c.register),
        text("Nr", RECEIPT.c.nr),
        day("BusinessDate", RECEIPT.c.business_date),
        text("Currency", RECEIPT.c.currency),
        money("Total", RECEIPT.c.total),
        text("TransactionType", RECEIPT.c.content["t"].as_string(), 5),
        yes_no("Voided", FLAGS.contains("v")),
        yes_no("Training", FLAGS.contains("t")),
        whole("JournalNumber", JOURNAL.c.sequence),
        text("TillFile", FILE.c.name),
    ),
    (Navigation("Journal", "Journals", "JournalNumber", "Number"),),
)
EXPORTS = own_table(
    "Exports",
    EXPORT.join(JOURNAL, same_company(JOURNAL, EXPORT, JOURNAL.c.id == EXPORT.c.journal_id)).join(
        CONNECTOR, same_company(CONNECTOR, EXPORT, CONNECTOR.c.id == EXPORT.c.connector_id)
    ),
    EXPORT,
    (
        key("Id", EXPORT.c.id, Edm.INT64),
        whole("JournalNumber", JOURNAL.c.sequence),
        whole("Connector", CONNECTOR.c.number),
        whole("Division", EXPORT.c.division),
        text("JournalCode", EXPORT.c.journal_code),
        whole("Year", EXPORT.c.year),
        whole("Period", EXPORT.c.period),
        whole("EntryNumber", EXPORT.c.entry_number),
        yes_no("Live", EXPORT.c.live),
        text("State", EXPORT.c.state),
        text("Decision", EXPORT.c.decision),
        whole("Sends", EXPORT.c.sends),
        whole("Looks", EXPORT.c.looks),
        text("ExternalId", EXPORT.c.external_id),
        text("Problem", EXPORT.c.problem),
        moment("CreatedAt", EXPORT.c.created_at),
        moment("SentAt", EXPORT.c.sent_at),
        moment("PostedAt", EXPORT.c.posted_at),
        moment("VerifiedAt", EXPORT.c.verified_at),
    ),
    (Navigation("Journal", "Journals", "JournalNumber", "Number"),),
)
STORE_DAYS = own_table(
    "StoreDays",
    DAY.join(STORE, same_company(STORE, DAY, STORE.c.id == DAY.c.store_id)),
    DAY,
    (
        key("Id", DAY.c.id, Edm.INT64),
        text("Store", STORE.c.code),
        day("BusinessDate", DAY.c.business_date),
        text("State", DAY.c.state),
        text("Reason", DAY.c.reason),
        whole("Problems", func.json_array_length(DAY.c.problems)),
        text("ClosedBy", DAY.c.closed_by),
        moment("UpdatedAt", DAY.c.updated_at),
    ),
)
CONTROL_DAYS = own_table(
    "ControlDays",
    CONTROL.join(SEAT, same_company(SEAT, CONTROL, SEAT.c.id == CONTROL.c.seat_id)).join(
        CONNECTOR, same_company(CONNECTOR, SEAT, CONNECTOR.c.id == SEAT.c.connector_id)
    ),
    CONTROL,
    (
        key("Id", CONTROL.c.id, Edm.INT64),
        day("BusinessDate", CONTROL.c.business_date),
        whole("Connector", CONNECTOR.c.number),
        whole("Division", SEAT.c.division),
        text("JournalCode", SEAT.c.journal_code),
        money("LocalDebit", CONTROL.c.local_debit),
        money("BooksDebit", CONTROL.c.books_debit),
        money("Difference", CONTROL.c.books_debit - CONTROL.c.local_debit),
        whole("Entries", CONTROL.c.entries),
        whole("Differences", func.json_array_length(CONTROL.c.differences)),
        moment("CheckedAt", CONTROL.c.checked_at),
    ),
)
RUNS = own_table(
    "Runs",
    RUN,
    RUN,
    (
        key("Number", RUN.c.number),
        text("Kind", RUN.c.kind),
        text("State", RUN.c.state),
        text("Outcome", RUN.c.outcome),
        text("AskedBy", RUN.c.asked_by),
        whole("Connector", RUN.c.connector_number),
        moment("AskedAt", RUN.c.asked_at),
        moment("StartedAt", RUN.c.started_at),
        moment("EndedAt", RUN.c.ended_at),
        whole("Calls", RUN.c.calls),
        text("Problem", RUN.c.problem),
    ),
)
LEDGER_LINKS = own_table(
    "LedgerLinks",
    LINK,
    LINK,
    (
        key("Id", LINK.c.id, Edm.INT64),
        text("Kind", LINK.c.kind),
        text("Code", LINK.c.code),
        text("SalesType", LINK.c.sales_type),
        text("Vat", LINK.c.vat),
        text("GlCode", LINK.c.gl_code),
        text("Name", LINK.c.name),
        text("ChangedBy", LINK.c.changed_by),
        moment("ChangedAt", LINK.c.changed_at),
    ),
)
OWN_TABLES = {
    table.entity.name: table
    for table in (
        JOURNALS, JOURNAL_LINES, RECEIPTS, EXPORTS, STORE_DAYS, CONTROL_DAYS, RUNS, LEDGER_LINKS,
    )
}  # fmt: skip
