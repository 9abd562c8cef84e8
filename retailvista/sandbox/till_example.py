"""The worked example of a Dutch garden centre's day, as tickets that add up to it exactly.

Targets: turnover plants 5,000.00 + 450.00 VAT, hardware 3,000.00 + 630.00 and returned 100.00 +
21.00, café 200.00 + 18.00 and 50.00 + 10.50; gift cards sold 250.00, statiegeld charged 24.00 and
returned 9.50, deposits received 200.00, invoices paid 342.10. Paid: cash 1,905.35, PIN 7,291.28,
credit cards 512.50, gift cards 175.00, garden vouchers 60.00, deposits applied 100.00. Petty cash
60.50, drop 1,800.00, counted 2.50 short. The drawer moves +42.35; rounding is +0.03.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

from retailvista.sandbox.till_days import CLOSING_AT, OPENING_FLOAT, Tenders, rounded
from retailvista.sandbox.till_lines import (
    DELETED,
    Register,
    TillLine,
    TillReceipt,
    TillReport,
    priced,
)

EXAMPLE_ON = date(2026, 3, 10)
FIRST_NR = 26_000
CASH, PIN = 190_535, 729_128
ROUNDING = 3
OTHER_TENDERS = (
    *(("CREDITCARD", 20_000), ("CREDITCARD", 15_000), ("CREDITCARD", 16_250)),
    *(("CADEAUKAART", 5_000), ("CADEAUKAART", 10_000), ("CADEAUKAART", 2_500)),
    *(("TUINBON", 2_500), ("TUINBON", 3_500), ("AANBETALING", 10_000)),
)


def example_register(register: str) -> Register:
    """The one register of the example: its Z report and its tickets."""
    receipts = example_receipts()
    on = EXAMPLE_ON.isoformat()
    report = TillReport(311, "Z", on, CLOSING_AT, OPENING_FLOAT, 84_512_075, tuple(receipts))
    return Register(register, [report], receipts)


def example_receipts() -> list[TillReceipt]:
    """Every ticket of the day in order."""
    dice = random.Random(20_260_310)
    baskets = _baskets(dice)
    payments = _payments(dice, [sum(line.gross for line in basket) for basket in baskets])
    sold = list(zip(baskets, payments, strict=True))
    day = EXAMPLE_ON.isoformat()
    receipts = [TillReceipt(0, "VERKOOP", day, "", tuple(basket), paid) for basket, paid in sold]
    receipts += [_invoice(21_560), _invoice(12_650)]
    dice.shuffle(receipts)
    receipts[7:7] = _awkward(receipts[6])
    receipts += _drawer()
    step = 30_000 // len(receipts)
    return [
        replace(receipt, nr=FIRST_NR + index, at=_clock(32_400 + index * step))
        for index, receipt in enumerate(receipts)
    ]


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _spread(
    dice: random.Random, words: tuple[str, str, str], code: str, net: int, vat: int, count: int
) -> list[TillLine]:
    """`count` lines that are together exactly net + VAT, each with its own VAT half up."""
    group, article, text = words
    gross = net + vat
    cuts = sorted(dice.sample(range(1, gross // 150), count - 1))
    prices = [150 * (b - a) for a, b in zip([0, *cuts], [*cuts, gross // 150], strict=True)]
    prices[-1] += gross % 150
    lines = [priced(group, article, text, price, code) for price in prices]
    while sum(line.vat for line in lines) != vat:
        # Move some cents between two lines until the rounded VAT adds up.
        i, j = dice.sample(range(count), 2)
        shift = dice.randint(1, 40)
        if lines[i].gross > shift + 20:
            lines[i] = priced(group, article, text, lines[i].gross - shift, code)
            lines[j] = priced(group, article, text, lines[j].gross + shift, code)
    return lines


def _baskets(dice: random.Random) -> list[list[TillLine]]:
    """The lines of the day over a hundred baskets; the awkward lines in the first ones."""
    lines = [
        *_spread(dice, ("PLANT", "1001", "Planten"), "L", 500_000, 45_000, 160),
        *_spread(dice, ("HARDWARE", "2001", "Hardware"), "H", 300_000, 63_000, 70),
        *_spread(dice, ("CAFE", "3001", "Koffie en gebak"), "L", 20_000, 1_800, 40),
        *_spread(dice, ("CAFE", "3003", "Bier en wijn"), "H", 5_000, 1_050, 12),
    ]
    dice.shuffle(lines)
    baskets = [lines[index::100] for index in range(100)]
    extras = [priced("CADEAU", "9001", "Cadeaukaart", 5_000, "G") for _ in range(5)]
    extras += [priced("STATIEGELD", "9002", "Statiegeld krat", 300, "G") for _ in range(8)]
    extras += [priced("STATIEGELD", "9002", "Statiegeld terug", -950, "G", -1)]
    extras += [priced("AANBETALING", "9003", "Aanbetaling", 10_000, "G") for _ in range(2)]
    extras += [priced("HARDWARE", "2002", "Retour", -6_050, "H", -1) for _ in range(2)]
    for basket, extra in zip(sorted(baskets, key=_total, reverse=True), extras, strict=False):
        basket.append(extra)
    return baskets


def _total(basket: list[TillLine]) -> int:
    return sum(line.gross for line in basket)


def _payments(dice: random.Random, totals: list[int]) -> list[Tenders]:
    """Tenders per basket: the fixed ones first, cash up to its target, PIN for the rest."""
    order = sorted(range(len(totals)), key=lambda index: -totals[index])
    paid: list[Tenders] = [() for _ in totals]
    for index, tender in zip(order, OTHER_TENDERS, strict=False):
        kind, amount = tender
        part = min(amount, totals[index])
        if part != amount:
            raise AssertionError("a basket is too small for its tender")
        paid[index] = ((kind, part), ("PIN", totals[index] - part))
    free = order[len(OTHER_TENDERS) :]
    in_cash = _in_cash(dice, [(index, totals[index]) for index in free])
    for index in in_cash:
        paid[index] = (("CASH", rounded(totals[index])),)
    missing = CASH - sum(rounded(totals[index]) for index in in_cash)
    mixed = next(i for i in free if i not in in_cash and totals[i] > missing)
    paid[mixed] = (("CASH", missing), ("PIN", totals[mixed] - missing))
    return [own or (("PIN", total),) for own, total in zip(paid, totals, strict=True)]


def _in_cash(dice: random.Random, free: list[tuple[int, int]]) -> set[int]:
    """Baskets paid wholly in cash: below the target, rounded by exactly three cents together."""
    while True:
        dice.shuffle(free)
        chosen: set[int] = set()
        cash = odd = 0
        for index, total in free:
            if cash + rounded(total) > CASH - 2_000:
                break
            chosen.add(index)
            cash += rounded(total)
            odd += rounded(total) - total
        if odd == ROUNDING and CASH - cash < 12_000:
            return chosen


def _invoice(amount: int) -> TillReceipt:
    line = priced("DEBITEUR", "9004", "Factuur", amount, "G")
    return TillReceipt(0, "DEBITEUR", EXAMPLE_ON.isoformat(), "", (line,), (("PIN", amount),))


def _awkward(like: TillReceipt) -> list[TillReceipt]:
    """Tickets that must not count: voided, training, and one with only a deleted line."""
    deleted = tuple(line._replace(kind=DELETED) for line in like.lines)
    return [
        replace(like, payments=(), void=True),
        replace(like, training=True),
        replace(like, lines=deleted, payments=()),
    ]


def _drawer() -> list[TillReceipt]:
    day = EXAMPLE_ON.isoformat()
    rows = (
        ("UITKAS", "KASUIT", "Schoonmaak", -6_050),
        ("UITKAS", "AFSTORTING", "Afstorting bank", -180_000),
        ("KASVERSCHIL", "KASVERSCHIL", "Kasverschil", -250),
    )
    return [
        TillReceipt(
            0, kind, day, "", (priced(group, "9900", text, cents, "G"),), (("CASH", cents),)
        )
        for kind, group, text, cents in rows
    ]
