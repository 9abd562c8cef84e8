"""What a fresh sandbox holds: four administrations, their charts, VAT codes, journals and users.

Invariant: the same seed gives the same Guids, so that a run can be repeated bit for bit.
Chart and VAT codes come from `data/` (see its NOTICE.md).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from retailvista.sandbox import records, times
from retailvista.sandbox.chart import add_chart, add_retail_accounts, money_accounts
from retailvista.sandbox.rates import add_vat
from retailvista.sandbox.records import FIRST_TIMESTAMP, Record
from retailvista.sandbox.samples import add_samples
from retailvista.sandbox.store import Store, guid, hashed

GROENHOF = 1000001
ZONNEDAUW = 1000002
TESTSTORE = 2000001
VELDHOF = 3000001
FIRST_YEAR = 2017
PASSWORD = "sandbox"
DIVISIONS = (
    (GROENHOF, "Tuincentrum Groenhof B.V.", "EUR", "NL"),
    (ZONNEDAUW, "Tuincentrum Zonnedauw B.V.", "EUR", "NL"),
    (TESTSTORE, "Teststore Norge AS", "NOK", "NO"),
    (VELDHOF, "Plantencentrum Veldhof BV", "EUR", "BE"),
)
USERS = (
    ("boekhouder@groenhof.example", "Bo Khouder", "nl", (GROENHOF, ZONNEDAUW)),
    ("regnskap@teststore.example", "Regine Skaperud", "en", (TESTSTORE,)),
    ("boekhouding@veldhof.example", "Lieve Boeckx", "nl", (VELDHOF,)),
)
# Code, name, type, VAT allowed, and the place of its own account in `money_accounts`.
JOURNALS = (
    ("10", "Kas", 10, True, 0),
    ("20", "Bank", 12, True, 1),
    ("60", "Inkoopboek", 22, True, 2),
    ("70", "Verkoopboek", 20, True, 3),
    ("90", "Memoriaal", 90, True, None),
    ("91", "RetailVista", 90, True, None),
    ("92", "RetailVista zonder btw", 90, False, None),
)
JOURNAL_TYPES = {10: "Cash", 12: "Bank", 20: "Sales", 22: "Purchase", 90: "General journal"}
CURRENCIES = (("EUR", "Euro"), ("NOK", "Norwegian krone"), ("USD", "US dollar"), ("GBP", "Pound"))
# What one unit costs in euros; a division in kroner divides.
EURO_RATES = {"EUR": 1.0, "NOK": 0.0875, "USD": 0.92, "GBP": 1.17}
CONDITIONS = (
    ("00", "Contant", "K", 0),
    ("14", "14 dagen", "B", 14),
    ("30", "30 dagen", "B", 30),
    ("60", "60 dagen", "B", 60),
    ("IN", "Incasso", "I", 14),
)


def seed(store: Store, *, retail_accounts: bool = True) -> None:
    """Fill an empty file; a file that was filled before only gets the periods it lacks."""
    with store.transaction() as db:
        if not store.row("SELECT 1 FROM division LIMIT 1"):
            for division, name, currency, country in DIVISIONS:
                _division(store, division, name, currency, country)
                accounts = add_chart(store, division, country)
                if retail_accounts and country != "BE":
                    accounts |= add_retail_accounts(store, division)
                add_vat(store, division, country, accounts)
                _journals(store, division, (currency, country), accounts)
                _small_lists(store, division, currency)
                add_samples(store, division)
            known = {name for (name,) in store.rows("SELECT name FROM user")}
            for name, full_name, language, divisions in USERS:
                if name not in known:
                    add_user(store, name, full_name, language, divisions)
        add_periods(store)
        db.execute(
            "UPDATE counter SET next = max(next, ?) WHERE name = 'timestamp'", (FIRST_TIMESTAMP,)
        )
        store.version += 1


def empty_books(store: Store) -> None:
    """Forget every entry, call and finding; keep master data, apps and logins."""
    with store.transaction() as db:
        tables = ("entry", "line", "balance", "aging", "profit_loss", "deleted", "closed")
        for table in (*tables, "call", "finding"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the list above
        db.execute("DELETE FROM record WHERE entity LIKE '%EntryLines'")
        db.execute("DELETE FROM record WHERE body ->> 'FinancialTransactionEntryID' IS NOT NULL")
        store.version += 1


def add_user(
    store: Store, name: str, full_name: str, language: str, divisions: tuple[int, ...]
) -> None:
    """A person who can log in with the password `sandbox`."""
    store.insert(
        "user",
        {
            "name": name,
            "id": guid("user", name),
            "password_hash": hashed(PASSWORD),
            "full_name": full_name,
            "language": language,
            "divisions": " ".join(map(str, divisions)),
        },
    )


def add_periods(store: Store) -> None:
    """Monthly periods up to the year after the present one."""
    for division, last in store.rows(
        "SELECT Code, (SELECT max(FinYear) FROM period WHERE Division = Code) FROM division"
    ):
        first = FIRST_YEAR if last is None else last + 1
        made = [
            _period(division, year, month)
            for year in range(first, store.now().year + 2)
            for month in range(1, 13)
        ]
        if made:
            records.add(store, *made)


def _division(store: Store, code: int, name: str, currency: str, country: str) -> None:
    made = store.wall_ms()
    store.insert(
        "division",
        {
            "Code": code,
            "Hid": code % 1000 + 1,
            "Description": name,
            "Currency": currency,
            "Country": country,
            "Legislation": country,
            "Status": 1,
            "BlockingStatus": 0,
            "CustomerCode": f"{code:>18}",
            "CustomerName": name,
            "Main": int(code != ZONNEDAUW),
            "Created": made,
            "Modified": made,
            "StartDate": times.date_ms(date(FIRST_YEAR, 1, 1)),
        },
    )


def _journals(
    store: Store, division: int, place: tuple[str, str], accounts: dict[str, str]
) -> None:
    currency, country = place
    money, made = money_accounts(country), []
    for code, description, kind, vat, own in JOURNALS:
        account = None if own is None else money[own]
        body = {
            "Code": code,
            "Description": description,
            "Type": kind,
            "AllowVAT": int(vat),
            "AllowVariableCurrency": 0,
            "AllowVariableExchangeRate": 0,
            "AutoSave": 0,
            "Currency": currency,
            "GLAccount": accounts.get(account or ""),
            "GLAccountCode": account,
            "GLAccountType": None if account is None else kind,
            "IsBlocked": 0,
        }
        made.append(Record("financial/Journals", division, guid(division, "journal", code), body))
    records.add(store, *made)


def _small_lists(store: Store, division: int, currency: str) -> None:
    made: list[Record] = []

    def add(entity: str, key: str, **body: Any) -> None:
        made.append(Record(entity, division, key, body))

    for code, name in (("W01", "Winkel 1"), ("W02", "Winkel 2")):
        add("hrm/Costcenters", guid(division, "cc", code), Code=code, Description=name, Active=1)
    for code, name in (("BINNEN", "Binnen"), ("BUITEN", "Buiten")):
        add("hrm/Costunits", guid(division, "cu", code), Code=code, Description=name)
    for code, name in CURRENCIES:
        add("general/Currencies", code, Code=code, Description=name)
        made[-1].body |= {"AmountPrecision": 0.01, "PricePrecision": 0.0001}
        if code != currency:
            add("financial/ExchangeRates", guid(division, "fx", code), SourceCurrency=code)
            made[-1].body |= {
                "SourceCurrencyDescription": name,
                "TargetCurrency": currency,
                "Rate": round(EURO_RATES[code] / EURO_RATES[currency], 4),
                "StartDate": times.date_ms(date(FIRST_YEAR, 1, 1)),
            }
    for code, name, method, days in CONDITIONS:
        add("cashflow/PaymentConditions", guid(division, "pc", code), Code=code, Description=name)
        made[-1].body |= {"PaymentMethod": method, "PaymentDays": days, "PaymentEndOfMonths": 0}
    records.add(store, *made)


def _period(division: int, year: int, month: int) -> Record:
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    body = {
        "FinYear": year,
        "FinPeriod": month,
        "StartDate": times.date_ms(first),
        "EndDate": times.date_ms(last),
    }
    key = guid(division, "period", year, month)
    return Record("financial/FinancialPeriods", division, key, body)
