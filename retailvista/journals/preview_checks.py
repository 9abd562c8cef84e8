"""The checks of a journal as the preview and the journal page show them.

Invariant: every check is always listed, with its result: passed, failed, or unknown when the data
to decide it are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retailvista.connectors.port import MasterData
from retailvista.journals.drilling import signed
from retailvista.journals.models import JournalLine, JournalRow
from retailvista.ledger.journal import Journal, Side
from retailvista.ledger.posting import PAYMENT
from retailvista.ledger.problem import Problem

PASSED, FAILED, UNKNOWN = "passed", "failed", "unknown"
RESULT_WORDS = {
    PASSED: ("klopt", "passed"),
    FAILED: ("wijkt af", "failed"),
    UNKNOWN: ("niet vast te stellen", "cannot be established"),
}
CHECK_WORDS = {
    "balanced": ("debet is gelijk aan credit", "debit equals credit"),
    "vat_is_sum": ("btw-regels zijn de som van de bonnen", "VAT lines are the sum of receipts"),
    "paid": (
        "betalingen zijn verkopen, overige ontvangsten en uitgaven, en afronding",
        "payments are sales, other money in and out, and rounding",
    ),
    "cash_sales": ("verkopen in het Z-rapport", "sales in the Z report"),
    "closing_is_opening": (
        "beginsaldo van de lade is het vorige eindsaldo",
        "the drawer opens with what it closed with before",
    ),
    "counted_is_expected": (
        "geteld in de lade is wat er hoort te liggen",
        "what was counted in the drawer is what should be in it",
    ),
    "gl_account": ("rekeningen bestaan en zijn van type Algemeen", "accounts exist, type General"),
    "vat_code": ("btw-codes bestaan en dragen btw", "VAT codes exist and carry VAT"),
    "period": ("periode is open", "period is open"),
    "journal_code": ("dagboek is een memoriaal", "journal code is a general journal"),
    "currency": ("valuta van de administratie", "currency of the division"),
    "cost_centre": ("kostenplaatsen bestaan", "cost centres exist"),
}
# What the precheck calls its findings, per check shown here.
_OF_BOOKS = {
    "gl_account": {"gl_account"},
    "vat_code": {"vat_code", "vat_code_unfit", "allow_vat"},
    "period": {"period"},
    "journal_code": {"journal_code"},
    "currency": {"currency"},
    "cost_centre": {"cost_centre"},
}
_OF_Z = ("cash_sales", "closing_is_opening", "counted_is_expected")


@dataclass(frozen=True, slots=True)
class PreviewCheck:
    """One check. Amounts in minor units; `place` names the register and Z report, if any."""

    what: str
    result: str
    expected: int | None = None
    found: int | None = None
    place: str = ""

    def word(self, language: str) -> str:
        dutch, english = CHECK_WORDS.get(self.what, (self.what, self.what))
        return dutch if language.startswith("nl") else english

    def result_word(self, language: str) -> str:
        dutch, english = RESULT_WORDS[self.result]
        return dutch if language.startswith("nl") else english


def all_checks(
    row: JournalRow, journal: Journal, problems: Sequence[Problem], master: MasterData | None
) -> tuple[PreviewCheck, ...]:
    """Own sums, Z reports, and what the division allows."""
    return (*_of_sums(row, journal), *_of_z(row), *_of_books(problems, master))


def _of_sums(row: JournalRow, journal: Journal) -> list[PreviewCheck]:
    debit = sum(line.amount.minor for line in journal.lines if line.side is Side.DEBIT)
    credit = sum(line.amount.minor for line in journal.lines if line.side is Side.CREDIT)
    made = sum(line.signed_minor for line in journal.lines if line.is_vat)
    named = sum(line.signed_vat_minor for line in journal.lines)
    paid = sum(signed(line) for line in row.lines if _is_payment(line))
    other = -sum(signed(line) for line in row.lines if not _is_payment(line))
    return [
        _equal("balanced", debit, credit),
        _equal("vat_is_sum", named, made),
        _equal("paid", paid, other),
    ]


def _is_payment(line: JournalLine) -> bool:
    return line.key.startswith(f"{PAYMENT}:")


def _equal(what: str, expected: int, found: int) -> PreviewCheck:
    return PreviewCheck(what, PASSED if expected == found else FAILED, expected, found)


def _of_z(row: JournalRow) -> list[PreviewCheck]:
    found = [
        PreviewCheck(
            kept["what"],
            kept["result"],
            kept["expected"],
            kept["found"],
            f"{kept['register']} Z {kept['z']} {kept['at'][:16]}",
        )
        for kept in row.checks
        if kept["what"] in _OF_Z
    ]
    seen = {check.what for check in found}
    return found + [PreviewCheck(what, UNKNOWN) for what in _OF_Z if what not in seen]


def _of_books(problems: Sequence[Problem], master: MasterData | None) -> list[PreviewCheck]:
    if master is None:
        return [PreviewCheck(what, UNKNOWN) for what in _OF_BOOKS]
    codes = {problem.code for problem in problems}
    return [
        PreviewCheck(what, FAILED if codes & own else PASSED) for what, own in _OF_BOOKS.items()
    ]
