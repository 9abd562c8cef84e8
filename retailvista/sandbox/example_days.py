"""Store days to look at: one general entry a day, backwards from the sandbox's today.

Invariant: they go through the books like any other entry, so they are numbered, balance to the
cent, and meet closed periods; the same day has the same amounts each time.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from retailvista.sandbox.askers import Asker
from retailvista.sandbox.books import Posting
from retailvista.sandbox.entries import post_entry
from retailvista.sandbox.kinds import GENERAL
from retailvista.sandbox.master import Master, Masters
from retailvista.sandbox.settings import WrongSetting
from retailvista.sandbox.times import ZONE, date_ms

JOURNAL = "92"
MOST = 366
REVENUE, OTHER = 110, 90


def add_days(masters: Masters, division: int, days: int) -> int:
    """Book the days; how many."""
    if not 1 <= days <= MOST:
        raise WrongSetting(f"'days' is 1 to {MOST}.")
    asker = _person(masters, division)
    today = masters.store.now().astimezone(ZONE).date()
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        posting = Posting(masters, asker, division, GENERAL)
        lines = _lines(masters.of(division), day.toordinal())
        for line in lines:
            line["Date"] = date_ms(day)
        post_entry(posting, {"JournalCode": JOURNAL, "GeneralJournalEntryLines": lines})
    return days


def _person(masters: Masters, division: int) -> Asker:
    for name, key, full_name, language, own in masters.store.rows(
        "SELECT name, id, full_name, language, divisions FROM user ORDER BY name"
    ):
        if str(division) in own.split():
            return Asker(name, key, full_name, language, "", (division,))
    raise WrongSetting(f"No division {division}.")


def _lines(master: Master, seed: int) -> list[dict[str, Any]]:
    """Takings against revenue on accounts that take them without more ado."""
    dice = random.Random(seed)
    usable = sorted(
        (a for a in master.accounts.values() if not a.is_blocked and not a.cost_center_rule),
        key=lambda account: account.code,
    )
    revenue = [a for a in usable if a.type == REVENUE][:3]
    against = next(a for a in usable if a.type == OTHER)
    cents = [dice.randrange(5_000, 500_000) for _ in revenue]
    lines = [
        {"GLAccount": account.id, "AmountFC": -amount / 100, "Description": account.description}
        for account, amount in zip(revenue, cents, strict=True)
    ]
    text = "Dagontvangsten"
    return [{"GLAccount": against.id, "AmountFC": sum(cents) / 100, "Description": text}, *lines]
