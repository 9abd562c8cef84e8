"""What a fresh sandbox holds: three administrations, their charts, VAT codes, journals and users.

Invariant: the same seed gives the same Guids, so that a run can be repeated bit for bit.
Chart and VAT codes come from `data/` (see its NOTICE.md).
"""

from __future__ import annotations

from datetime import date, timedelta

from retailvista.sandbox import times
from retailvista.sandbox.chart import add_chart, add_retail_accounts, add_vat
from retailvista.sandbox.store import Store, guid, hashed

GROENHOF = 1000001
ZONNEDAUW = 1000002
TESTSTORE = 2000001
FIRST_YEAR = 2017
PASSWORD = "sandbox"
DIVISIONS = (
    (GROENHOF, "Tuincentrum Groenhof B.V.", "EUR", "NL"),
    (ZONNEDAUW, "Tuincentrum Zonnedauw B.V.", "EUR", "NL"),
    (TESTSTORE, "Teststore Norge AS", "NOK", "NO"),
)
USERS = (
    ("boekhouder@groenhof.example", "Bo Khouder", "nl", (GROENHOF, ZONNEDAUW)),
    ("regnskap@teststore.example", "Regine Skaperud", "en", (TESTSTORE,)),
)
JOURNALS = (
    ("10", "Kas", 10, True, "1000"),
    ("20", "Bank", 12, True, "1100"),
    ("60", "Inkoopboek", 22, True, "1600"),
    ("70", "Verkoopboek", 20, True, "1300"),
    ("90", "Memoriaal", 90, True, None),
    ("91", "RetailVista", 90, True, None),
    ("92", "RetailVista zonder btw", 90, False, None),
)
CURRENCIES = (("EUR", "Euro"), ("NOK", "Norwegian krone"), ("USD", "US dollar"), ("GBP", "Pound"))


def seed(store: Store, *, retail_accounts: bool = True) -> None:
    """Fill an empty file; a file that was filled before only gets the periods it lacks."""
    with store.transaction():
        if not store.row("SELECT 1 FROM division LIMIT 1"):
            for division, name, currency, country in DIVISIONS:
                _division(store, division, name, currency, country)
                accounts = add_chart(store, division)
                if retail_accounts:
                    accounts |= add_retail_accounts(store, division)
                add_vat(store, division, country, accounts)
                _journals(store, division, currency, accounts)
                _small_lists(store, division)
            for name, full_name, language, divisions in USERS:
                add_user(store, name, full_name, language, divisions)
        add_periods(store)
        store.version += 1


def empty_books(store: Store) -> None:
    """Forget every entry, call and finding; keep master data, apps and logins."""
    with store.transaction() as db:
        for table in ("entry", "line", "deleted", "call", "finding", "closed"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the list above
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
    made = store.wall_ms()
    for division, last in store.rows(
        "SELECT Code, (SELECT max(FinYear) FROM period WHERE Division = Code) FROM division"
    ):
        first = FIRST_YEAR if last is None else last + 1
        for year in range(first, store.now().year + 2):
            for month in range(1, 13):
                _period(store, division, year, month, made)
                store.version += 1


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


def _journals(store: Store, division: int, currency: str, accounts: dict[str, str]) -> None:
    made = store.wall_ms()
    kinds = {"1000": 10, "1100": 12, "1600": 22, "1300": 20}
    for code, description, kind, vat, account in JOURNALS:
        store.insert(
            "journal",
            {
                "ID": guid(division, "journal", code),
                "Division": division,
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
                "GLAccountType": kinds.get(account or ""),
                "IsBlocked": 0,
                "Created": made,
                "Modified": made,
            },
        )


def _small_lists(store: Store, division: int) -> None:
    made = store.wall_ms()
    stamps = {"Division": division, "Created": made, "Modified": made}
    for code, name in (("W01", "Winkel 1"), ("W02", "Winkel 2")):
        store.insert(
            "cost_center",
            {"ID": guid(division, "cc", code), "Code": code, "Description": name, "Active": 1}
            | stamps,
        )
    for code, name in CURRENCIES:
        store.insert(
            "currency",
            {"Code": code, "Description": name, "AmountPrecision": 0.01, "PricePrecision": 0.0001}
            | stamps,
        )


def _period(store: Store, division: int, year: int, month: int, made: int) -> None:
    first = date(year, month, 1)
    last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
    store.insert(
        "period",
        {
            "ID": guid(division, "period", year, month),
            "Division": division,
            "FinYear": year,
            "FinPeriod": month,
            "StartDate": times.date_ms(first),
            "EndDate": times.date_ms(last),
            "Created": made,
            "Modified": made,
        },
    )
