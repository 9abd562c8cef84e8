"""Journals of Sage: created, voided, reissued, with the idempotency that makes a repeat harmless.

Invariant: a stored journal balances and stands on accounts that journals may use; within its days
an `idempotency_id` brings the answer of the first request and creates nothing.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from retailvista.sandbox.answers import Request
from retailvista.sandbox.judge import Judge
from retailvista.sandbox.sage import records
from retailvista.sandbox.sage.records import Record
from retailvista.sandbox.sage.seed import add
from retailvista.sandbox.sage.words import SageRefusal, amount
from retailvista.sandbox.store import Store

DAY = 86_400
TWICE = "Journal {new} has the content of journal {old}."
Json = dict[str, Any]


class Journals:
    """The journals of every business."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self.store = store
        self.judge = judge

    def create(self, request: Request, business: str, sent: Json) -> tuple[int, Json]:
        """Status and body; the first answer again where the key is known."""
        key = str(sent.get("idempotency_id") or "")
        with self.store.lock:
            known = self._known(business, key)
            if known is not None:
                return known
            body = self._checked(business, sent)
            self._judge(request, business, body)
            with self.store.transaction():
                name = f"{body['reference']} {body['date']}"
                id_ = add(self.store, business, "journals", name, body)
                made = records.one(self.store, business, "journals", id_).full
                self._keep(business, key, 201, made)
        return 201, made

    def void(self, business: str, journal: Record) -> None:
        """DELETE of a journal."""
        if journal.deleted is not None:
            raise SageRefusal(404, "RecordNotFound", "The record was not found.")
        records.delete(self.store, business, journal)

    def reissue(self, business: str, journal: Record) -> Json:
        """Void it and create the same again."""
        with self.store.transaction():
            self.void(business, journal)
            id_ = add(self.store, business, "journals", journal.displayed_as, dict(journal.body))
        return records.one(self.store, business, "journals", id_).full

    def _known(self, business: str, key: str) -> tuple[int, Json] | None:
        if not key or self.store.setting("sage_keys") == "ignored":
            return None
        row = self.store.row(
            "SELECT resource, at, status, body FROM sage_key WHERE business = ? AND key = ?",
            business,
            key,
        )
        if row is None or self.store.now_s() - row[1] > self.store.setting("sage_key_days") * DAY:
            return None
        if row[0] != "journals":
            raise SageRefusal(422, "IdempotencyResourceMismatch", "Entity type mismatch")
        return int(row[2]), json.loads(row[3])

    def _keep(self, business: str, key: str, status: int, body: Json) -> None:
        if key:
            row = (business, key, "journals", self.store.now_s(), status, json.dumps(body))
            with self.store.transaction() as db:
                db.execute("INSERT OR REPLACE INTO sage_key VALUES (?,?,?,?,?,?)", row)

    def _checked(self, business: str, sent: Json) -> Json:
        country, lockdown = self._business(business)
        lines = sent.get("journal_lines")
        if not isinstance(lines, list) or len(lines) < 2:
            raise _invalid("A journal has at least two lines.", "journal_lines")
        reference = str(sent.get("reference") or "")
        if not reference:
            raise _invalid("Reference can't be blank.", "reference")
        on = _date(sent.get("date"))
        if lockdown and on <= lockdown:
            raise _invalid("The date is on or before the year end lockdown date.", "date")
        read = [self._line(business, number, line) for number, line in enumerate(lines)]
        debit = sum((Decimal(line["debit"]) for line in read), Decimal(0))
        credit = sum((Decimal(line["credit"]) for line in read), Decimal(0))
        if debit != credit:
            raise _invalid("Total debits must equal total credits.", "journal_lines")
        return {
            "date": on,
            "reference": reference,
            "description": sent.get("description"),
            "total": amount(debit),
            "journal_code": self._code(business, country, sent),
            "journal_lines": read,
        }

    def _line(self, business: str, number: int, line: Any) -> Json:
        source = f"journal_lines[{number}]"
        if not isinstance(line, dict):
            raise _invalid("A line is an object.", source)
        try:
            account = records.one(
                self.store, business, "ledger_accounts", str(line.get("ledger_account_id"))
            )
        except SageRefusal:
            raise _invalid("Ledger account was not found.", source) from None
        if not account.body["visible_in_journals"]:
            raise _invalid("Ledger account can't be used in journals.", source)
        debit, credit = _money(line, "debit", source), _money(line, "credit", source)
        if (debit == 0) == (credit == 0):
            raise _invalid("A line has a debit or a credit.", source)
        return {
            "ledger_account": account.brief,
            "details": line.get("details"),
            "debit": amount(debit),
            "credit": amount(credit),
            "include_on_tax_return": bool(line.get("include_on_tax_return")),
            "tax_reconciled": False,
        }

    def _code(self, business: str, country: str, sent: Json) -> Json | None:
        """France alone has journal codes."""
        if country != "FR":
            return None
        asked = sent.get("journal_code")
        code = asked.get("code") if isinstance(asked, dict) else None
        for record in records.read(self.store, business, "journal_codes"):
            if record.body["code"] == code:
                return record.brief | {"code": code}
        raise _invalid("Journal code can't be blank.", "journal_code")

    def _business(self, business: str) -> tuple[str, str]:
        row = self.store.row("SELECT country, lockdown FROM sage_business WHERE id = ?", business)
        assert row is not None, "the gate knows the business"
        return str(row[0]), str(row[1] or "")

    def _judge(self, request: Request, business: str, body: Json) -> None:
        """The same journal twice: what nobody wants in his books."""
        for other in records.read(self.store, business, "journals"):
            if other.deleted is None and _content(other.body) == _content(body):
                detail = TWICE.format(new=body["reference"], old=other.body["reference"])
                self.judge.find("duplicate-content", request, detail)
                return


def _content(body: Any) -> str:
    return json.dumps([body["date"], body["journal_lines"]], sort_keys=True)


def _invalid(message: str, source: str) -> SageRefusal:
    return SageRefusal(422, "ValidationError", message, source)


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        raise _invalid("Date can't be blank.", "date") from None


def _money(line: Json, name: str, source: str) -> Decimal:
    try:
        found = Decimal(str(line[name]))
    except (KeyError, InvalidOperation):
        raise _invalid(f"{name.capitalize()} is not a number.", source) from None
    if not found.is_finite() or found < 0 or found != found.quantize(Decimal("0.01")):
        raise _invalid(f"{name.capitalize()} must be 0 or more, in cents.", source)
    return found
