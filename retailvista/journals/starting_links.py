"""The links that Initialise and the demo propose, as pure data.

Invariant: a proposal is only a proposal. It never overwrites, and what it does not recognise it
leaves out, so that the day is held with a problem instead of booked on a guess.
Accounts: Exact's default Dutch chart (1290, 1500, 1510, 2000) plus accounts of type General for
everything a till moves, because a memorandum entry is not allowed on cash, bank or debtors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from retailvista.ledger.link_rows import (
    GROUP,
    GROUP_LEDGER,
    NON_SALES,
    PAYMENT,
    ROUNDING,
    VAT,
    LinkRow,
    rate_text,
)
from retailvista.ledger.receipt import PAY_IN, PAY_OUT, RECEIVED_PAYMENT


class Account(NamedTuple):
    """A G/L account that Initialise proposes to have. side: B balance, W profit and loss."""

    code: str
    name: str
    side: str


ACCOUNTS: tuple[Account, ...] = (
    Account("1205", "Tussenrekening kas", "B"),
    Account("1210", "PIN onderweg", "B"),
    Account("1215", "Creditcards onderweg", "B"),
    Account("1225", "Te ontvangen tuinbonnen", "B"),
    Account("1290", "Kruisposten", "B"),
    Account("1309", "Debiteurenontvangsten kassa", "B"),
    Account("1645", "Cadeaukaarten uitstaand", "B"),
    Account("1650", "Statiegeld", "B"),
    Account("1655", "Aanbetalingen", "B"),
    Account("2000", "Vraagposten", "B"),
    Account("8210", "Omzet planten (laag)", "W"),
    Account("8220", "Omzet hardware (hoog)", "W"),
    Account("8230", "Omzet horeca laag", "W"),
    Account("8231", "Omzet horeca hoog", "W"),
    Account("9411", "Afrondingsverschillen", "W"),
    Account("9420", "Kasverschillen", "W"),
)
ACCOUNT_NAMES = {account.code: account.name for account in ACCOUNTS}
LOW_BP, HIGH_BP = 900, 2100

# Words that occur in the codes and names of register groups, and where such a group belongs.
# An account with a rate is for that rate only; None = no turnover, so no VAT.
GROUP_WORDS: tuple[tuple[tuple[str, ...], Mapping[int | None, str]], ...] = (
    (("cadeau", "gift", "kadokaart"), {None: "1645"}),
    (("statiegeld", "emballage"), {None: "1650"}),
    (("aanbetaling", "deposit"), {None: "1655"}),
    (("kasverschil",), {None: "9420"}),
    (("plant", "bloem", "boom", "zaad", "bol"), {LOW_BP: "8210", HIGH_BP: "8220"}),
    (("cafe", "café", "horeca", "restaurant"), {LOW_BP: "8230", HIGH_BP: "8231"}),
    (("hardware", "gereedschap", "pot", "tuinmeubel", "grond"), {HIGH_BP: "8220"}),
)
# Movements that need a decision: proposed only for groups that say what they are.
DECISIONS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (("kasuit", "kleine kas"), PAY_OUT, "2000"),
    (("kasin",), PAY_IN, "2000"),
    (("afstorting", "bankdrop"), PAY_OUT, "1290"),
    (("debiteur",), RECEIVED_PAYMENT, "1309"),
)
PAYMENT_WORDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("tuinbon", "voucher"), "1225"),
    (("cadeau", "gift"), "1645"),
    (("aanbetaling", "deposit"), "1655"),
    (("credit",), "1215"),
    (("pin", "debit", "maestro", "betaalautomaat", "bankkort"), "1210"),
    (("cash", "contant", "kas", "kontant"), "1205"),
)
STANDARD_PAYMENTS = {"12001": "1205", "12002": "1210", "12003": "1215", "12005": "1645"}
# Exact's default Dutch codes: 1 low exclusive, 2 high exclusive.
VAT_LINKS = {"NL": {900: ("1510", "1"), 2100: ("1500", "2")}}


def proposed_links(
    country: str,
    groups: Mapping[str, str],
    payments: Mapping[str, tuple[str, str]],
    vat_rates: Iterable[int],
) -> list[LinkRow]:
    """Proposals for register groups {code: name} and payments {code: (name, standard code)}."""
    rows: list[LinkRow] = []
    for code, name in sorted(groups.items()):
        rows += _for_group(code, name)
    for code, (name, standard) in sorted(payments.items()):
        gl_code = _first(PAYMENT_WORDS, f"{code} {name}") or STANDARD_PAYMENTS.get(standard)
        if gl_code:
            rows.append(LinkRow(PAYMENT, code, gl_code, name=name))
    for bp in sorted(vat_rates):
        if bp in VAT_LINKS.get(country, {}):
            gl_code, vat_code = VAT_LINKS[country][bp]
            rows.append(LinkRow(VAT, rate_text(bp), gl_code, vat=vat_code))
    rows.append(LinkRow(ROUNDING, "", "9411"))
    return rows


def _for_group(code: str, name: str) -> list[LinkRow]:
    text = f"{code} {name}".lower()
    for words, sales_type, gl_code in DECISIONS:
        if any(word in text for word in words):
            return [LinkRow(GROUP, code, gl_code, sales_type, name=name)]
    for words, accounts in GROUP_WORDS:
        if any(word in text for word in words):
            return [
                LinkRow(GROUP_LEDGER, code, gl_code, NON_SALES, name=name)
                if bp is None
                else LinkRow(GROUP, code, gl_code, "", rate_text(bp), name)
                for bp, gl_code in accounts.items()
            ]
    return []


def _first(table: tuple[tuple[tuple[str, ...], str], ...], text: str) -> str | None:
    lowered = text.lower()
    for words, gl_code in table:
        if any(word in lowered for word in words):
            return gl_code
    return None
