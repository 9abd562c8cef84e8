"""What a bookkeeper reads on a journal line, in the language of the company.

Invariant: every word exists in both languages; names of groups and payments come from the till.
"""

from __future__ import annotations

from collections.abc import Mapping

from retailvista.ledger.journal import LineKey
from retailvista.ledger.receipt import CASH_DIFFERENCE, PAY_IN, PAY_OUT, RECEIVED_PAYMENT

# Roles of a line key, as posting gives them.
PAYMENT = "P"
ROUNDING = "R"
VAT = "V"

DRAWER = frozenset((CASH_DIFFERENCE, PAY_OUT, PAY_IN))
WORDS: Mapping[str, Mapping[str, str]] = {
    "nl": {
        CASH_DIFFERENCE: "Kasverschil",
        PAY_OUT: "Uit kas",
        PAY_IN: "In kas",
        RECEIVED_PAYMENT: "Ontvangst",
        "paid": "Ontvangen",
        "rounding": "Afronding contant",
        "vat": "Btw",
        "vat of sales": "omzet",
        "vat of refunds": "retouren",
        "sold": "Verkocht",
        "turnover": "Omzet",
        "refund": "Retour",
        "reversal": "Tegenboeking",
    },
    "en": {
        CASH_DIFFERENCE: "Cash difference",
        PAY_OUT: "Paid out of the till",
        PAY_IN: "Paid into the till",
        RECEIVED_PAYMENT: "Payment received",
        "paid": "Received",
        "rounding": "Cash rounding",
        "vat": "VAT",
        "vat of sales": "turnover",
        "vat of refunds": "refunds",
        "sold": "Sold",
        "turnover": "Turnover",
        "refund": "Refund",
        "reversal": "Reversal",
    },
}


def describe(key: LineKey, names: Mapping[str, str], language: str = "nl") -> str:
    """What a bookkeeper reads in the books.

    >>> describe(LineKey("S", "8220", "HARDWARE", "", "2", 2100, "-"), {})
    'Retour HARDWARE 21%'
    >>> describe(LineKey("S", "8220", "HARDWARE", "", "2", 2100, "-"), {}, "en")
    'Refund HARDWARE 21%'
    """
    words, percent, back = WORDS[language], f"{key.vat_bp / 100:g}%", key.sign == "-"
    if key.role == VAT:
        return f"{words['vat']} {percent} {words['vat of refunds' if back else 'vat of sales']}"
    if key.role == ROUNDING:
        return words["rounding"]
    if key.role == PAYMENT:
        payment, _, group = key.code.partition("/")
        word = words[key.sales_type if key.sales_type in DRAWER else "paid"]
        named = names.get(f"payment:{payment}", payment)
        return _said_once(word, names.get(f"group:{group}", group), named)
    named = names.get(f"group:{key.code}", key.code)
    if key.sales_type in DRAWER:
        return _said_once(words[key.sales_type], named)
    if key.sales_type == RECEIVED_PAYMENT:
        return f"{words[RECEIVED_PAYMENT]} {named}".strip()
    if key.vat_bp < 0:
        return f"{words['refund' if back else 'sold']} {named}".strip()
    return f"{words['refund' if back else 'turnover']} {named} {percent}".replace("  ", " ")


def reversal_of_line(description: str, language: str = "nl") -> str:
    """
    >>> reversal_of_line("Turnover Plants 9%", "en")
    'Reversal Turnover Plants 9%'
    """
    return f"{WORDS[language]['reversal']} {description}"


def _said_once(word: str, *names: str) -> str:
    """
    >>> _said_once("Kasverschil", "KASVERSCHIL", "Contant")
    'Kasverschil Contant'
    """
    return " ".join([word, *(name for name in names if name and name.lower() != word.lower())])
