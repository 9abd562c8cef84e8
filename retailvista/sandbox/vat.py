"""The VAT lines Exact adds to a general journal entry, under each way it might behave.

Nobody has recorded a general journal with VAT on a real account, so each possibility is a profile:
net-added          code type E: AmountFC is net; type I: AmountFC is gross (default)
gross-split        AmountFC is gross under every code
amount-ignored     the VAT is computed from the rate, AmountVATFC is not looked at
debit-as-purchase  a debit line is a purchase: its VAT is claimed (1520)
netted             like net-added, the VAT lines of one account merged into one
Invariant: base + VAT of a line equals what its code type says was sent, to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass

from retailvista.sandbox.master import VatCode

CLAIMED, TO_PAY = "O", "A"
PURCHASE_BASIS, SALES_BASIS, NO_VAT = "I", "V", "S"


@dataclass(frozen=True, slots=True)
class Split:
    """What becomes of one sent line: its base, its VAT and the account of that VAT."""

    base: int
    vat: int
    account: str | None
    basis_type: str
    vat_type: str


def rounded(amount: int, numerator: int, denominator: int) -> int:
    """amount x numerator / denominator in cents, half away from zero."""
    sign = -1 if amount * numerator < 0 else 1
    return sign * ((abs(amount * numerator) * 2 + denominator) // (2 * denominator))


def split(code: VatCode, amount: int, given: int | None, at_ms: int, profile: str) -> Split:
    """Base and VAT of one line in cents."""
    if code.type not in ("E", "I"):
        basis = NO_VAT if code.type == "N" else SALES_BASIS
        return Split(amount, 0, None, basis, TO_PAY)
    rate = code.rate_at(at_ms)
    is_gross = code.type == "I" or profile == "gross-split"
    computed = rounded(amount, rate, 10_000 + rate) if is_gross else rounded(amount, rate, 10_000)
    vat = computed if given is None or profile == "amount-ignored" else given
    base = amount - vat if is_gross else amount
    is_claimed = code.transaction == "P" or (profile == "debit-as-purchase" and amount > 0)
    if is_claimed:
        return Split(base, vat, code.to_claim, PURCHASE_BASIS, CLAIMED)
    return Split(base, vat, code.to_pay, SALES_BASIS, TO_PAY)
