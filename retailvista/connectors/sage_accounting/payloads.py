"""EntryToBook to the bytes that are sent: debit and credit apart, our number as the reference.

Invariants: same entry and same master data, same bytes; amounts are written from integers. The
idempotency_id follows from the posting key and the number: the same journal under the same number
has one for ever, and an attempt under another number has another.
"""

from __future__ import annotations

import hashlib
import json

from retailvista.connectors.port import EntryToBook, GlAccount, LineToBook, MasterData
from retailvista.connectors.sage_accounting.master import ONLY_JOURNAL, REVENUE, VAT
from retailvista.connectors.sage_accounting.reading import reference_of
from retailvista.errors import Refused

KEY_DIGITS = 32


def render(entry: EntryToBook, master: MasterData) -> bytes:
    """Canonical JSON: fixed order, no blanks, ASCII."""
    assert entry.division == master.division, "master data of another division"
    assert entry.lines, "an entry without lines is not sent"
    assert sum(line.amount for line in entry.lines) == 0, "an entry balances"
    key = posting_key(entry)
    fields = [
        ("idempotency_id", _text(idempotency_id(key, entry.entry_number))),
        ("date", _text(entry.on.isoformat())),
        ("reference", _text(reference_of(entry.entry_number))),
        ("description", _text(key)),
        ("total", amount(sum(max(line.amount, 0) for line in entry.lines))),
    ]
    if entry.journal_code != ONLY_JOURNAL:
        fields.append(("journal_code", _object(("code", _text(entry.journal_code)))))
    lines = ",".join(_line(line, entry, master) for line in entry.lines)
    fields.append(("journal_lines", f"[{lines}]"))
    return _object(("journal", _object(*fields))).encode("ascii")


def posting_key(entry: EntryToBook) -> str:
    """The first word of every line."""
    keys = {line.description.partition(" ")[0] for line in entry.lines}
    assert len(keys) == 1, "every line carries the posting key"
    return keys.pop()


def idempotency_id(posting_key: str, entry_number: int) -> str:
    """32 hex digits without hyphens, as Sage wants them.

    >>> idempotency_id("RV:1a2b3c-1-17", 26000017)
    '2ebf802eeba4d137da584cf8afccb4ba'
    """
    text = f"{posting_key}|{entry_number}"
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]


def _line(line: LineToBook, entry: EntryToBook, master: MasterData) -> str:
    account = master.gl_accounts.get(line.gl_code)
    if account is None:
        raise Refused(f"G/L account {line.gl_code} does not exist in division {entry.division}.")
    assert not line.vat_code, "Sage's journals take VAT as lines of their own"
    return _object(
        ("ledger_account_id", _text(account.id)),
        ("debit", amount(max(line.amount, 0))),
        ("credit", amount(max(-line.amount, 0))),
        ("details", _text(line.description)),
        ("include_on_tax_return", "true" if _is_on_return(account) else "false"),
    )


def _is_on_return(account: GlAccount) -> bool:
    """VAT and turnover belong in the boxes of the return; takings do not."""
    return account.type_code in (VAT, REVENUE)


def amount(minor: int) -> str:
    """Minor units that are not negative, as a JSON number with two decimals.

    >>> amount(5), amount(123456)
    ('0.05', '1234.56')
    """
    assert minor >= 0, "debit and credit stand apart"
    return f"{minor // 100}.{minor % 100:02d}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _object(*fields: tuple[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields) + "}"
