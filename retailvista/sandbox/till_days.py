"""Seeded store days: the mix of tickets that a garden centre's tills really write.

Invariant: the same seed, register and day give the same receipts, on every machine, so that a
report can be computed in one pass and the receipts be written in the next without holding them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import date, timedelta

from retailvista.sandbox.till_lines import (
    DELETED,
    Register,
    TillLine,
    TillReceipt,
    TillReport,
    priced,
)

CLOSING_AT = "18:05:00"
OPENING_FLOAT = 40_000
# article, words, price range in cents, group, VAT code, share
GOODS = (
    ("1001", "Geranium in pot", 250, 895, "PLANT", "L", 24),
    ("1002", "Boeket seizoensbloemen", 795, 2495, "PLANT", "L", 14),
    ("1003", "Fruitboom", 1495, 5995, "PLANT", "L", 5),
    ("2001", "Potgrond 40 l", 499, 899, "HARDWARE", "H", 18),
    ("2002", "Snoeischaar", 1295, 4995, "HARDWARE", "H", 8),
    ("2003", "Terracotta pot", 395, 3495, "HARDWARE", "H", 10),
    ("3001", "Koffie", 275, 395, "CAFE", "L", 12),
    ("3002", "Appelgebak", 395, 495, "CAFE", "L", 6),
    ("3003", "Biologisch bier", 395, 495, "CAFE", "H", 3),
)
SHARES = [row[6] for row in GOODS]
Tenders = tuple[tuple[str, int], ...]


def rounded(cents: int) -> int:
    """Cash to five cents, as shops in the Netherlands and Belgium do."""
    sign = -1 if cents < 0 else 1
    return sign * ((abs(cents) + 2) // 5 * 5)


def receipts_of_day(
    seed: int, register: str, on: date, first_nr: int, lines_wanted: int
) -> Iterator[TillReceipt]:
    """The tickets of one register on one day, in order, closed by drop and cash count."""
    digest = hashlib.sha256(f"{seed}|{register}|{on}".encode()).digest()
    dice = random.Random(int.from_bytes(digest[:8], "big"))
    nr, lines, cash, second = first_nr, 0, 0, 9 * 3600
    per_receipt = max(1, 30_000 // max(1, lines_wanted // 4))
    while lines < lines_wanted:
        second = min(second + dice.randint(1, per_receipt), 64_800)
        receipt = _receipt(dice, nr, on, _clock(second))
        yield receipt
        nr += 1
        lines += len(receipt.lines)
        if not receipt.void and not receipt.training:
            cash += sum(amount for code, amount in receipt.payments if code == "CASH")
    at = _clock(min(second + 60, 64_860))
    yield _drawer(nr, "UITKAS", on, at, "KASUIT", -dice.randint(5, 60) * 105)
    drop = -max(0, cash // 5000 * 5000)
    if drop:
        nr += 1
        yield _drawer(nr, "UITKAS", on, at, "AFSTORTING", drop)
    counted_odd = dice.choice((0, 0, -5, 10, -250))
    if counted_odd:
        yield _drawer(nr + 1, "KASVERSCHIL", on, at, "KASVERSCHIL", counted_odd)


def register_of(
    seed: int, register: str, days: list[date], lines_a_day: int, first_nr: int | None = None
) -> Register:
    """A register over many days; reports first, receipts generated again for the second pass.

    It counts its receipts on from day to day, as tills do; the first number is that of the first
    day unless it is given.
    """
    starts_at = day_number(days[0]) * 10_000 if first_nr is None else first_nr

    def days_of() -> Iterator[tuple[date, tuple[TillReceipt, ...]]]:
        nr = starts_at
        for on in days:
            own = tuple(receipts_of_day(seed, register, on, nr, lines_a_day))
            yield on, own
            nr = own[-1].nr + 1

    def reports() -> Iterator[TillReport]:
        grand_total = 0
        for on, receipts in days_of():
            report = TillReport(
                day_number(on), "Z", on.isoformat(), CLOSING_AT, OPENING_FLOAT, grand_total,
                receipts,
            )  # fmt: skip
            yield report
            grand_total += report.sales

    def receipts() -> Iterator[TillReceipt]:
        for _, own in days_of():
            yield from own

    return Register(register, reports(), receipts())


def days_from(first_on: date, count: int) -> list[date]:
    return [first_on + timedelta(days=index) for index in range(count)]


def day_number(on: date) -> int:
    """Numbers start at those of the day, so that two files never use one twice."""
    return (on - date(2020, 1, 1)).days


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _goods(dice: random.Random) -> TillLine:
    article, words, low, high, group, code, _ = dice.choices(GOODS, SHARES)[0]
    quantity = dice.choice((1, 1, 1, 1, 2, 2, 3, 6))
    price = quantity * dice.randint(low, high)
    discount = price // 10 if dice.random() < 0.04 else 0
    line = priced(group, article, words, price - discount, code, quantity)
    return line._replace(discount=discount)


def _receipt(dice: random.Random, nr: int, on: date, at: str) -> TillReceipt:
    day, chance = on.isoformat(), dice.random()
    if chance < 0.012:
        amount = dice.randint(1000, 25_000)
        line = priced("DEBITEUR", "9004", "Factuur", amount, "G")
        return TillReceipt(nr, "DEBITEUR", day, at, (line,), (("PIN", amount),))
    if chance < 0.025:
        line = _goods(dice)
        back = priced(line.group, line.article, line.text, -line.gross, line.vat_code, -1)
        return TillReceipt(nr, "RETOUR", day, at, (back,), _pay(dice, back.gross))
    lines = [_goods(dice) for _ in range(dice.choice((1, 2, 2, 3, 3, 4, 5, 8)))]
    lines += _extras(dice, lines[0])
    total = sum(line.gross for line in lines if line.kind != DELETED)
    if chance > 0.985:
        return TillReceipt(nr, "VERKOOP", day, at, tuple(lines), (), void=True)
    training = chance > 0.98
    paid = _pay(dice, total)
    return TillReceipt(nr, "VERKOOP", day, at, tuple(lines), paid, training=training)


def _extras(dice: random.Random, first: TillLine) -> Iterator[TillLine]:
    """What makes tickets awkward: exchanges, deleted lines, vouchers, deposits."""
    chance = dice.random()
    if chance < 0.02:
        yield priced(first.group, first.article, "Omruilen", -first.gross, first.vat_code, -1)
    elif chance < 0.05:
        yield first._replace(kind=DELETED)
    elif chance < 0.08:
        yield priced("CADEAU", "9001", "Cadeaukaart", dice.choice((1000, 2500, 5000)), "G")
    elif chance < 0.12:
        yield priced("STATIEGELD", "9002", "Statiegeld krat", dice.choice((250, 450, -250)), "G")
    elif chance < 0.13:
        yield priced("AANBETALING", "9003", "Aanbetaling", dice.choice((5000, 10_000)), "G")


def _pay(dice: random.Random, total: int) -> Tenders:
    chance = dice.random()
    if total == 0:
        return ()
    if chance < 0.18:
        given = rounded(total)
        if total > 0 and dice.random() < 0.4:
            note = -(-given // 1000) * 1000
            return (("CASH", note), ("CASH", given - note)) if note > given else (("CASH", given),)
        return (("CASH", given),)
    if chance < 0.24:
        return (("CREDITCARD", total),)
    if chance < 0.30 and total > 2000:
        kind = dice.choice(("CADEAUKAART", "TUINBON", "AANBETALING"))
        part = dice.choice((500, 1000, 2000))
        return ((kind, part), ("PIN", total - part))
    return (("PIN", total),)


def _drawer(nr: int, kind: str, on: date, at: str, group: str, amount: int) -> TillReceipt:
    """Cash in or out of the drawer; two decimals that cash can be paid in."""
    line = priced(group, "9900", group.capitalize(), amount, "G")
    return TillReceipt(nr, kind, on.isoformat(), at, (line,), (("CASH", amount),))
