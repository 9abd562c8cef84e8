"""Years of store days in one go: a division with a million transaction lines.

Every entry is a store's day as a retailer posts it: payments, revenue per group, its VAT, rounding.
Invariant: each entry adds up to zero, and the same arguments write the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from retailvista.sandbox import balances, records, times
from retailvista.sandbox.master import Master, Masters
from retailvista.sandbox.records import Record
from retailvista.sandbox.store import Store, guid

STORES = 40
FIRST_DAY = date(2019, 1, 1)
JOURNAL, JOURNAL_NAME = "90", "Memoriaal"
LINES_A_DAY = 10
BATCH = 2_000
# The indexes that are quicker to build afterwards than to keep up.
INDEXES = (
    *("line_key", "line_division", "line_entry", "line_number", "line_offset", "line_ledger"),
    *("entry_number", "entry_any_number", "entry_key", "entry_content"),
)
# Account, VAT code, account of the VAT; revenue of a day in cents is drawn below `most`.
GROUPS = (
    ("8210", "1", "1510", 900_000),
    ("8220", "2", "1500", 1_500_000),
    ("8230", "1", "1510", 80_000),
    ("8231", "2", "1500", 20_000),
)
PAYMENTS = ("1210", "1205", "1215")
ENTRY_COLUMNS = (
    *("seq", "kind", "EntryID", "Division", "JournalCode", "JournalDescription", "EntryNumber"),
    *("FinancialYear", "FinancialPeriod", "Currency", "ExchangeRate", "Reversal", "Status"),
    *("StatusDescription", "Type", "TypeDescription", "Created", "Modified", "content"),
    "body",
)
NO_AMOUNTS = (
    *("AmountFC", "AmountDC", "AmountVATFC", "AmountVATDC", "VATBaseAmountFC", "VATBaseAmountDC"),
    "VATPercentage",
)
# The columns of a line that are not null here: the rest is not even mentioned.
USED = (
    *("Timestamp", "ID", "LineNumber", "Division", "EntryID", "EntryNumber", "LineType", "Type"),
    *("Status", "Date", "FinancialYear", "FinancialPeriod", "JournalCode", "JournalDescription"),
    *("ExchangeRate", "Currency", "Created", "Modified", "kind", "Reversal", "CostCenter"),
    *("CostCenterDescription", *NO_AMOUNTS, "GLAccount", "GLAccountCode", "GLAccountDescription"),
    *("Description", "VATCode", "VATCodeDescription"),
)
# Names and number of columns are ours; every value is bound.
INSERT_LINE = f"INSERT INTO line ({','.join(USED)}) VALUES ({','.join('?' * len(USED))})"  # noqa: S608
PLACE = {name: place for place, name in enumerate(USED)}


class Day(NamedTuple):
    """One store's day."""

    seq: int
    entry_id: str
    number: int
    day: date
    store: str


class Writer:
    """Rows of one division."""

    def __init__(self, store: Store, division: int, seed: int) -> None:
        self.store = store
        self.division = division
        self.dice = random.Random(f"{division}/{seed}")
        self.master: Master = Masters(store).of(division)
        self.by_code = {account.code: account for account in self.master.accounts.values()}
        self.made = store.wall_ms()

    def key(self) -> str:
        """A Guid of the dice."""
        text = f"{self.dice.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def entry(self, day: Day) -> tuple[Any, ...]:
        """The row of the header."""
        return (
            *(day.seq, "general", day.entry_id, self.division, JOURNAL, JOURNAL_NAME),
            *(day.number, day.day.year, day.day.month, self.master.currency, 1.0, 0, 20),
            *("Open", 90, "Overige", self.made, self.made, day.entry_id, "{}"),
        )

    def lines(self, day: Day, stamp: int) -> list[tuple[Any, ...]]:
        """The header row and the lines of a day."""
        base, rows = self._shared(day), []
        for number, changes in enumerate([{}, *self._amounts(day)]):
            row = base.copy()
            row[:3] = stamp + number, self.key(), number
            for name, value in changes.items():
                row[PLACE[name]] = value
            rows.append(tuple(row))
        return rows

    def _shared(self, day: Day) -> list[Any]:
        """What every line of a day has, in the order of the columns."""
        known: dict[str, Any] = dict.fromkeys(NO_AMOUNTS, 0.0)
        known |= {
            "Division": self.division,
            "EntryID": day.entry_id,
            "EntryNumber": day.number,
            "LineType": 0,
            "Type": 90,
            "Status": 20,
            "Date": times.date_ms(day.day),
            "FinancialYear": day.day.year,
            "FinancialPeriod": day.day.month,
            "JournalCode": JOURNAL,
            "JournalDescription": JOURNAL_NAME,
            "ExchangeRate": 1.0,
            "Currency": self.master.currency,
            "Created": self.made,
            "Modified": self.made,
            "kind": "general",
            "Reversal": 0,
            "CostCenter": day.store,
            "CostCenterDescription": day.store,
        }
        return [known.get(name) for name in USED]

    def _amounts(self, day: Day) -> Iterator[dict[str, Any]]:
        """Revenue and VAT as drawn, the rest of the takings by card."""
        total, text = 0, f"Dagomzet {day.store} {day.day:%d-%m-%Y}"
        at = times.date_ms(day.day)
        vat: dict[str, int] = {}
        for account, code, to_pay, most in GROUPS:
            net = self.dice.randrange(100, most)
            known = self.master.vat[code]
            part = (net * known.rate_at(at) + 5_000) // 10_000
            vat[to_pay] = vat.get(to_pay, 0) + part
            total += net + part
            found = self._on(account, -net, text)
            yield found | {"VATCode": code, "VATCodeDescription": known.description}
        for account, part in vat.items():
            yield self._on(account, -part, text)
        rounding = self.dice.randrange(-12, 13)
        cash = self.dice.randrange(0, total // 3)
        credit = self.dice.randrange(0, total // 10)
        shares = (total - cash - credit - rounding, cash, credit)
        for account, share in zip(PAYMENTS, shares, strict=True):
            yield self._on(account, share, text)
        yield self._on("9411", rounding, text)

    def _on(self, code: str, cents: int, text: str) -> dict[str, Any]:
        account = self.by_code[code]
        return {
            "GLAccount": account.id,
            "GLAccountCode": code,
            "Description": text,
            "GLAccountDescription": account.description,
            "AmountFC": cents / 100,
            "AmountDC": cents / 100,
        }


def seed_lines(store: Store, division: int, count: int, seed: int = 1) -> int:
    """At least so many transaction lines in entries of ten; how many were written.

    Only for a file that nobody serves: for speed it writes without a journal on the disk."""
    days = -(-count // LINES_A_DAY)
    _add_stores(store, division)
    writer = Writer(store, division, seed)
    store.db.execute("PRAGMA synchronous = OFF")
    store.db.execute("PRAGMA journal_mode = MEMORY")
    for name in INDEXES:
        store.db.execute(f"DROP INDEX IF EXISTS {name}")
    with store.transaction() as db:
        first = store.next_number("entry", days)
        stamp = records.stamps(store, days * (LINES_A_DAY + 1))
        marks = ",".join("?" * len(ENTRY_COLUMNS))
        # Names and number of columns are ours; every value is bound.
        insert = f"INSERT INTO entry ({','.join(ENTRY_COLUMNS)}) VALUES ({marks})"  # noqa: S608
        for batch in _batches(division, first, days):
            db.executemany(insert, [writer.entry(day) for day in batch])
            rows = []
            for day in batch:
                rows += writer.lines(day, stamp)
                stamp += LINES_A_DAY + 1
            db.executemany(INSERT_LINE, rows)
    store.make_tables()
    balances.rebuild(store, division)
    store.analyze()
    store.db.execute("PRAGMA journal_mode = WAL")
    store.db.execute("PRAGMA synchronous = NORMAL")
    return days * LINES_A_DAY


def _batches(division: int, first: int, days: int) -> Iterator[list[Day]]:
    batch: list[Day] = []
    for place in range(days):
        day = FIRST_DAY + timedelta(days=place // STORES)
        seq = first + place
        number = day.year % 100 * 1_000_000 + seq % 1_000_000
        shop = f"W{place % STORES + 1:02d}"
        batch.append(Day(seq, guid("bulk", division, seq), number, day, shop))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _add_stores(store: Store, division: int) -> None:
    """A cost centre for each store."""
    known = {row.body["Code"] for row in records.every(store, "hrm/Costcenters", division)}
    names = [f"W{number:02d}" for number in range(1, STORES + 1)]
    made = [
        Record(
            *("hrm/Costcenters", division, guid(division, "cc", name)),
            {"Code": name, "Description": name, "Active": 1},
        )
        for name in names
        if name not in known
    ]
    if made:
        records.add(store, *made)
