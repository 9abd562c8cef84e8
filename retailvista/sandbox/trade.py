"""Sales and purchase entries: the total against the relation, VAT added from the code.

A positive line is revenue (sales) or cost (purchase) and excludes VAT under a code of type E; a
credit note has negative amounts. Exact makes the document of a purchase entry by itself (recorded).
Invariant: the header's AmountFC is the total including VAT, and the ledger lines add up to zero.
"""

from __future__ import annotations

from typing import Any

from retailvista.sandbox import records
from retailvista.sandbox.books import Body, Posting, cents, fingerprint
from retailvista.sandbox.drafts import Draft, Line
from retailvista.sandbox.master import VatCode
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import guid
from retailvista.sandbox.vat import Split, split

DAY_MS = 86_400_000
STANDARD_CONDITION = "30"
PURCHASE_INVOICE = 20
TO_CLAIM, REVERSE_TO_PAY = "O", "P"
# What a line shows of its VAT; recomputed with every change.
FROM_HEADER = ("Description", "YourRef", "InvoiceNumber", "PaymentReference", "DueDate")


def build_trade(posting: Posting, body: Body) -> Draft:
    """The complete draft of a header with its lines; Refusal 500 when the books refuse."""
    date = body.get("EntryDate") or posting.today()
    _check_without_journal(posting, body)
    draft = posting.draft(body, date)
    relation = _relation(posting, body)
    _terms(posting, body, relation, date)
    if body.get("Document"):
        found = posting.own("documents/Documents", body["Document"], "Document")
        _show_document(body, found)
    sent: list[Body] = body[posting.kind.collection]
    draft.content = fingerprint(draft, sent)
    draft.shared = {name: body.get(name) for name in FROM_HEADER}
    draft.shared |= {name: body.get(name) for name in ("Document", "DocumentNumber")}
    draft.shared["DocumentSubject"] = body.get("DocumentSubject")
    if relation is not None:
        draft.shared |= {"Account": relation.key, "AccountCode": relation.body.get("Code")}
        draft.shared["AccountName"] = relation.body.get("Name")
    period = posting.period(draft, date)
    _add_lines(posting, draft, sent, (date, period))
    _add_total(posting, draft, body, relation)
    posting.check(draft)
    return draft


def _check_without_journal(posting: Posting, body: Body) -> None:
    """Everything that is missing beside the journal, in one answer (picqer #325)."""
    if (body.get(posting.kind.journal) or "").strip():
        return
    if not body.get(posting.kind.relation):
        posting.problem("relation-missing")
    for line in body.get(posting.kind.collection) or []:
        code = str(line.get("CostUnit") or "").strip()
        if code and code not in posting.master.cost_units:
            posting.problem("unknown-reference", name="CostUnit")
    posting.problem("diary-missing")
    posting.stop_if_refused()


def _relation(posting: Posting, body: Body) -> Record | None:
    """The customer with status C, or the supplier."""
    name = posting.kind.relation
    key = body.get(name)
    found = posting.own("crm/Accounts", key, name) if key else None
    if found is None:
        body[name] = None
        if not posting.problems:
            posting.problem("missing", name=name)
        return None
    is_right = found.body.get("Status") == "C" if name == "Customer" else found.body["IsSupplier"]
    if not is_right:
        posting.problem("customer-type" if name == "Customer" else "supplier-type")
    body[f"{name}Name"] = found.body.get("Name")
    return found


def _terms(posting: Posting, body: Body, relation: Record | None, date: int) -> None:
    """Payment condition and due date: sent, else the relation's, else 30 days (recorded)."""
    usual = f"PaymentCondition{'Sales' if posting.kind.relation == 'Customer' else 'Purchase'}"
    code = str(body.get("PaymentCondition") or "").strip()
    if not code:
        code = str((relation.body.get(usual) if relation else None) or STANDARD_CONDITION)
    condition = posting.master.conditions.get(code)
    if condition is None:
        posting.problem("unknown-reference", name="PaymentCondition")
        return
    body["PaymentCondition"] = code
    body["PaymentConditionDescription"], body["PaymentConditionPaymentMethod"], days = condition
    body.setdefault("EntryDate", date)
    body["DueDate"] = body.get("DueDate") or date + days * DAY_MS


def _add_lines(
    posting: Posting, draft: Draft, sent: list[Body], when: tuple[int, tuple[int, int]]
) -> None:
    date, period = when
    vat_lines: list[Line] = []
    for number, values in enumerate(sent, start=1):
        line = posting.line(draft, {**values, "Description": values.get("Description")}, date)
        line.period, line.key = period, str(values.get("ID") or "")
        draft.lines.append(line)
        given: Any = values.get("VATAmountFC")
        code = posting.vat_code(draft, line, given)
        if code is None:
            line.amount *= posting.kind.sign
        else:
            vat_lines += _split(posting, line, code, given)
        line.values["LineNumber"] = number
    draft.lines += vat_lines


def _split(posting: Posting, line: Line, code: VatCode, given: float | None) -> list[Line]:
    """The VAT lines of a line; a reverse charge gives two that cancel out on a purchase."""
    amount, sign = line.amount, posting.kind.sign
    is_purchase = sign > 0
    is_gross = code.type == "I" and not code.is_charged
    known = None if given is None else cents(given)
    part = split(code, amount, known, line.date, posting.profile if not code.is_charged else "")
    if code.is_charged and not is_purchase:
        part = Split(amount, 0, None, "V", "A")
    account = code.to_claim if is_purchase else code.to_pay
    basis, letter = ("I", TO_CLAIM) if is_purchase else ("V", "A")
    if part.vat == 0 and not is_gross and part.account is None:
        account = None
    part = Split(part.base, part.vat, account, basis if part.basis_type != "S" else "S", letter)
    line.take(code, part, sign)
    if account is None:
        return []
    found = [line.vat_line(code, part, posting.master.accounts.get(account), sign)]
    if code.is_charged:
        back = Split(part.base, -part.vat, code.to_pay, basis, REVERSE_TO_PAY)
        found.append(
            line.vat_line(code, back, posting.master.accounts.get(code.to_pay or ""), sign)
        )
    return found


def _add_total(posting: Posting, draft: Draft, body: Body, relation: Record | None) -> None:
    """The line against the relation, and the totals of the header."""
    sign, kind = posting.kind.sign, posting.kind
    total = sign * sum(line.amount for line in draft.lines)
    own = relation.body.get("GLAR" if sign < 0 else "GLAP") if relation else None
    account = posting.master.accounts.get(own or draft.journal.account or "")
    if account is None:
        posting.problem("account-missing")
        return
    vat = sign * sum(line.amount for line in draft.lines if line.vat_type in ("A", "O", "P"))
    first = draft.lines[0]
    given = body.get("VATAmountFC")
    if given is not None and cents(given) != vat:
        posting.unbalanced(draft, first.period, cents(given) - vat)
    draft.lines.append(
        Line(
            values={"Description": body.get("Description")},
            date=first.date,
            amount=-sign * total,
            period=first.period,
            account=account,
            account_id=account.id,
            due=body.get("DueDate"),
            ledger="R" if sign < 0 else "P",
        )
    )
    draft.type = kind.credit_type if total < 0 else kind.type
    draft.convert()
    dc = sum(line.amount_dc for line in draft.lines[:-1])
    vat_dc = sum(line.amount_dc for line in draft.lines if line.vat_type in ("A", "O", "P"))
    draft.body = {name: value for name, value in body.items() if name != kind.collection}
    draft.body |= {"AmountFC": total / 100, "AmountDC": sign * dc / 100}
    draft.body |= {"VATAmountFC": vat / 100, "VATAmountDC": sign * vat_dc / 100}


def document_of(posting: Posting, draft: Draft) -> None:
    """Exact makes a document for a purchase entry that came without one."""
    body = draft.body
    if posting.kind.sign < 0 or body.get("Document"):
        return
    found = posting.store.row(
        "SELECT max(body ->> 'HID') FROM record "
        "WHERE entity = 'documents/Documents' AND Division = ?",
        posting.division,
    )
    made = Record(
        "documents/Documents",
        posting.division,
        guid("document", posting.division, posting.store.next_number("document", 1)),
        {
            "Subject": body.get("Description") or body.get("SupplierName"),
            "Type": PURCHASE_INVOICE,
            "TypeDescription": "Purchase invoice",
            "Account": body.get("Supplier"),
            "AccountName": body.get("SupplierName"),
            "DocumentDate": body.get("EntryDate"),
            "AmountFC": body.get("AmountFC"),
            "Currency": draft.currency,
            "HID": 1 + (found[0] or 0 if found else 0),
            "HasEmptyBody": 1,
            "Creator": posting.asker.id,
            "CreatorFullName": posting.asker.full_name,
        },
    )
    records.add(posting.store, made)
    body["Document"] = made.key
    body["made_document"] = made.key
    _show_document(body, made)
    draft.shared |= {name: body[name] for name in ("Document", "DocumentNumber", "DocumentSubject")}


def _show_document(body: Body, found: Record | None) -> None:
    body["Document"] = found.key if found else None
    body["DocumentNumber"] = found.body.get("HID") if found else None
    body["DocumentSubject"] = found.body.get("Subject") if found else None
