"""Entries as a whole: posted, changed, processed and deleted, with the rows of their sent lines.

Invariant: header, sent lines, ledger lines, sums and document are one transaction. A change builds
the entry anew from what was sent, so a changed entry is what a new one would be.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from retailvista.sandbox import balances, records
from retailvista.sandbox.answers import Refusal
from retailvista.sandbox.askers import Asker
from retailvista.sandbox.books import Body, Posting
from retailvista.sandbox.drafts import Draft, Line, forget_lines, rewrite_draft
from retailvista.sandbox.general import post_general
from retailvista.sandbox.kinds import GENERAL, KINDS, PROCESSED, Kind
from retailvista.sandbox.master import Masters
from retailvista.sandbox.records import Record
from retailvista.sandbox.statements import build_statement
from retailvista.sandbox.store import Store, guid
from retailvista.sandbox.trade import build_trade, document_of

BUILDERS: dict[str, Callable[[Posting, Body], Draft]] = {
    "sales": build_trade,
    "purchase": build_trade,
    "bank": build_statement,
    "cash": build_statement,
}
TRANSACTION_LINES = 1


def post_entry(posting: Posting, body: Body, number: str | None = None) -> Draft:
    """A new entry of any kind; Refusal 500 when the books refuse."""
    kind, store = posting.kind, posting.store
    if kind is GENERAL:
        return post_general(posting, body, number)
    sent = json.loads(json.dumps(body))
    with store.transaction():
        lines: list[Body] = sent.pop(kind.collection, None) or []
        for line in lines:
            line["ID"] = _line_key(posting, line)
        draft = BUILDERS[kind.name](posting, _again(sent, lines, kind))
        document_of(posting, draft)
        draft.body["sent"] = sent
        posting.store_new(draft, body.get("EntryNumber"), number)
        records.add(store, *_line_records(draft, lines))
        _link_document(store, draft)
    return draft


def _again(sent: Body, lines: list[Body], kind: Kind) -> Body:
    """A body as it would come in with all its lines."""
    return {**sent, kind.collection: [dict(line) for line in lines]}


def _line_key(posting: Posting, line: Body) -> str:
    given = line.get("ID")
    honours = posting.store.setting("entry_ids", posting.division) == "honoured"
    if given and honours:
        return str(given)
    return guid("line", posting.division, posting.store.next_number("line", 1))


def _line_records(draft: Draft, sent: list[Body]) -> list[Record]:
    """The rows of the sent lines: what was sent, and what Exact shows beside it."""
    by_key = {line.key: line for line in draft.lines if line.key}
    return [
        Record(
            draft.kind.lines,
            draft.division,
            line["ID"],
            _shown(draft, by_key[line["ID"]], line) | {"sent": line},
            draft.entry_id,
        )
        for line in sent
    ]


def _shown(draft: Draft, line: Line, sent: Body) -> Body:
    code, account, values = line.vat_code, line.account, line.values
    shown = {name: value for name, value in values.items() if name != "ID"}
    amount = sent.get("AmountFC", 0.0)
    vat, base = abs(line.vat_amount) / 100, abs(line.vat_base) / 100
    sign = -1 if amount < 0 else 1
    shown |= {
        "EntryID": draft.entry_id,
        "EntryNumber": draft.number,
        "Date": line.date,
        "Type": draft.type,
        "GLAccount": line.account_id,
        "GLAccountCode": account.code if account else None,
        "GLAccountDescription": account.description if account else None,
        "AmountFC": amount,
        "AmountDC": round(amount * draft.rate, 2),
        "CostCenter": line.cost_center,
        "CostCenterDescription": line.cost_center_name,
        "CostUnit": line.cost_unit,
        "CostUnitDescription": line.cost_unit_name,
        "VATCode": code.code if code else None,
        "VATCodeDescription": code.description if code else None,
        "VATPercentage": line.vat_rate / 10_000,
        "VATType": line.vat_type,
    }
    for name in ("VATAmountFC", "AmountVATFC"):
        shown[name] = sign * vat
    shown |= {"VATAmountDC": round(sign * vat * draft.rate, 2), "VATBaseAmountFC": sign * base}
    shown |= {"AmountVATDC": shown["VATAmountDC"]}
    shown["VATBaseAmountDC"] = round(sign * base * draft.rate, 2)
    return shown


def _link_document(store: Store, draft: Draft) -> None:
    key = draft.body.get("Document")
    document = records.find(store, "documents/Documents", draft.division, key) if key else None
    if document is not None:
        document.body["FinancialTransactionEntryID"] = draft.entry_id
        records.change(store, document)


# Changes


def change_entry(posting: Posting, entry_id: str, changes: Body) -> bool:
    """PUT of a header; False when there is none."""
    found = _open_entry(posting, entry_id)
    if found is None:
        return False
    sent, lines = found
    _rebuild(posting, entry_id, sent | changes, lines)
    return True


def add_line(posting: Posting, line: Body) -> str:
    """POST of one line to an entry that is there; its key."""
    entry_id = str(line.pop("EntryID", "") or "")
    found = _open_entry(posting, entry_id)
    if found is None:
        posting.problem("missing", name="EntryID")
        posting.stop_if_refused()
        raise Refusal(404)
    sent, lines = found
    line["ID"] = _line_key(posting, line)
    _rebuild(posting, entry_id, sent, [*lines, line])
    return str(line["ID"])


def change_line(posting: Posting, key: str, changes: Body | None) -> bool:
    """PUT of one line, or DELETE when there are no changes; the last line takes its entry along."""
    line = records.find(posting.store, posting.kind.lines, posting.division, key)
    if line is None:
        return False
    entry_id = str(line.parent)
    found = _open_entry(posting, entry_id)
    assert found is not None, "a line has its entry"
    sent, lines = found
    if changes is None:
        lines = [other for other in lines if other["ID"] != key]
        if not lines:
            return delete_entry(posting.masters, posting.asker, posting.division, entry_id)
    else:
        lines = [other | changes if other["ID"] == key else other for other in lines]
    _rebuild(posting, entry_id, sent, lines)
    return True


def _open_entry(posting: Posting, entry_id: str) -> tuple[Body, list[Body]] | None:
    """What was sent of an entry that may still be changed; Refusal when it may not."""
    store, kind = posting.store, posting.kind
    row = store.row(
        "SELECT body FROM entry WHERE Division = ? AND EntryID = ? AND kind = ?",
        *(posting.division, entry_id, kind.name),
    )
    if row is None:
        return None
    _check_untouched(posting, entry_id)
    posting.stop_if_refused()
    sent: Body = json.loads(row[0])["sent"]
    return sent, [line.body["sent"] for line in records.below(store, kind.lines, entry_id)]


def _rebuild(posting: Posting, entry_id: str, sent: Body, lines: list[Body]) -> None:
    store, kind = posting.store, posting.kind
    sent = {name: value for name, value in sent.items() if value is not None}
    with store.transaction():
        row = store.row("SELECT EntryNumber, body FROM entry WHERE EntryID = ?", entry_id)
        assert row, "the entry is there"
        before: dict[str, Any] = json.loads(row[1])
        again = _again(sent, lines, kind)
        if before.get("made_document"):
            again.setdefault("Document", before["made_document"])
        draft = BUILDERS[kind.name](posting, again)
        draft.entry_id, draft.number = entry_id, row[0]
        draft.body |= {"sent": sent, "made_document": before.get("made_document")}
        draft.body["InvoiceNumber"] = draft.body.get("InvoiceNumber") or row[0]
        rewrite_draft(store, draft, posting.asker)
        kept = {line.key: line for line in records.below(store, kind.lines, entry_id)}
        for line in _line_records(draft, lines):
            known = kept.pop(line.key, None)
            if known is None:
                records.add(store, line)
            else:
                line.body["Created"] = known.body.get("Created")
                records.change(store, line)
        for gone in kept.values():
            records.remove(store, gone, posting.asker.id)


def _check_untouched(posting: Posting, entry_id: str) -> None:
    """Not processed, not matched, and in open periods."""
    store = posting.store
    entry = store.row("SELECT Status, JournalCode FROM entry WHERE EntryID = ?", entry_id)
    assert entry is not None
    if entry[0] == PROCESSED and posting.kind.status != PROCESSED:
        posting.problem("processed")
    matched = store.row(
        "SELECT 1 FROM line WHERE EntryID = ? AND OffsetID IS NOT NULL UNION ALL "
        "SELECT 1 FROM line other JOIN line own ON own.Division = other.Division "
        "AND own.ID = other.OffsetID "
        "WHERE own.EntryID = ? AND other.OffsetID IS NOT NULL LIMIT 1",
        *(entry_id, entry_id),
    )
    if matched:
        dutch = posting.asker.language == "nl"
        label, users = ("Boeking", "Afletteren") if dutch else ("Entry", "Matching")
        posting.problem("in-use", label=label, users=users)
    for year, period in store.rows(
        "SELECT DISTINCT FinancialYear, FinancialPeriod FROM line WHERE EntryID = ?", entry_id
    ):
        if posting.master.is_closed(entry[1], year, period):
            posting.problem("period-closed", year=year, period=period)


def delete_entry(masters: Masters, asker: Asker, division: int, entry_id: str) -> bool:
    """Remove an entry with all that belongs to it; False when there is none."""
    store = masters.store
    found = store.row(
        "SELECT kind, body ->> 'Document' FROM entry WHERE Division = ? AND EntryID = ?",
        *(division, entry_id),
    )
    if found is None:
        return False
    posting = Posting(masters, asker, division, KINDS[found[0]])
    _check_untouched(posting, entry_id)
    posting.stop_if_refused()
    with store.transaction() as db:
        keys = forget_lines(store, entry_id)
        records.note_deleted(store, division, TRANSACTION_LINES, sorted(keys), asker.id)
        for line in records.below(store, posting.kind.lines, entry_id):
            records.remove(store, line, asker.id)
        db.execute("DELETE FROM entry WHERE EntryID = ?", (entry_id,))
    return True


def process_entries(store: Store, division: int, journal: str, number: int) -> int:
    """Somebody in Exact processes an entry: Status 50, which ends changes and deletes."""
    with store.transaction() as db:
        found = store.rows(
            "SELECT EntryID FROM entry WHERE Division = ? AND JournalCode = ? AND EntryNumber = ?",
            *(division, journal, number),
        )
        for (entry_id,) in found:
            balances.subtract(store, entry_id)
            db.execute(
                "UPDATE entry SET Status = 50, StatusDescription = 'Processed', Modified = ? "
                "WHERE EntryID = ?",
                (store.wall_ms(), entry_id),
            )
            db.execute("UPDATE line SET Status = 50 WHERE EntryID = ?", (entry_id,))
            rows = store.rows(
                "SELECT Timestamp FROM line WHERE EntryID = ? ORDER BY LineNumber", entry_id
            )
            first = records.stamps(store, len(rows))
            db.executemany(
                "UPDATE line SET Timestamp = ? WHERE Timestamp = ?",
                [(stamp, row[0]) for stamp, row in enumerate(rows, start=first)],
            )
            balances.readd(store, entry_id)
    return len(found)
