"""EntryToBook to the bytes that are sent: the one place where Exact's sign convention stands.

Invariants: same entry and same master data, same bytes; amounts are written from integers with
two decimals, no binary double on the way; `AmountFC`, never `AmountDC` (Exact ignores that one
silently and stores zero). The header of a general journal entry has no text field of its own.
"""

from __future__ import annotations

import json

from retailvista.connectors.port import EntryToBook, LineToBook, MasterData
from retailvista.errors import Refused

DESCRIPTION_MAX = 60
ENTRY_NUMBER_MAX = 2**31 - 1


def render(entry: EntryToBook, master: MasterData) -> bytes:
    """Canonical JSON: fixed order, no blanks, ASCII."""
    assert entry.division == master.division, "master data of another division"
    assert 0 < entry.entry_number <= ENTRY_NUMBER_MAX, "Exact's entry numbers are int32"
    assert entry.lines, "an entry without lines is not sent"
    head = _object(
        ("JournalCode", _text(entry.journal_code)),
        ("FinancialYear", str(entry.year)),
        ("FinancialPeriod", str(entry.period)),
        ("Currency", _text(entry.currency)),
        ("EntryNumber", str(entry.entry_number)),
        (
            "GeneralJournalEntryLines",
            "[" + ",".join(_line(line, entry, master) for line in entry.lines) + "]",
        ),
    )
    return head.encode("ascii")


def _line(line: LineToBook, entry: EntryToBook, master: MasterData) -> str:
    account = master.gl_accounts.get(line.gl_code)
    if account is None:
        raise Refused(f"G/L account {line.gl_code} does not exist in division {entry.division}.")
    fields = [
        ("Date", _text(f"{entry.on.isoformat()}T00:00:00")),
        ("GLAccount", _text(account.id)),
        ("Description", _text(line.description[:DESCRIPTION_MAX])),
        ("AmountFC", amount(line.amount)),
    ]
    if line.vat_code:
        fields += [("VATCode", _text(line.vat_code)), ("AmountVATFC", amount(line.vat_amount))]
    else:
        assert line.vat_amount == 0, "an amount of VAT needs its code"
    if line.cost_centre:
        fields.append(("CostCenter", _text(line.cost_centre)))
    return _object(*fields)


def amount(minor: int) -> str:
    """Debit +, credit -, as Exact has it; minor units as a JSON number with two decimals.

    >>> amount(-5), amount(123456), amount(0)
    ('-0.05', '1234.56', '0.00')
    """
    units, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{units}.{cents:02d}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=True)


def _object(*fields: tuple[str, str]) -> str:
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields) + "}"
