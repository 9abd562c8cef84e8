"""Master data of a business: ledger accounts by nominal code, tax rates, months, journal codes.

Sage has no entry numbers, no periods and, outside France, no journal codes: a journal has its
number in the reference, a period is a month, and the one journal code is JNL.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from retailvista.connectors.port import (
    BooksVatCode,
    GlAccount,
    JournalCode,
    MasterData,
    Period,
    ProviderUser,
    Session,
    Wire,
)
from retailvista.connectors.sage_accounting.client import object_of, rows_of
from retailvista.connectors.sage_accounting.reading import (
    Row,
    basis_points,
    day,
    nested,
    words,
)
from retailvista.errors import Refused

ONLY_JOURNAL = "JNL"
GENERAL_JOURNAL, GENERAL, VAT, REVENUE, COSTS = 90, 90, 24, 110, 121
INCOME_TYPES = frozenset({"SALES", "OTHER_INCOME"})
COST_TYPES = frozenset({"DIRECT_EXPENSES", "OVERHEADS", "DEPRECIATION"})
ACCOUNT_FIELDS = (
    "nominal_code,name,ledger_account_type,visible_in_journals,is_control_account,control_name"
)
YEARS_BACK, YEARS_AHEAD = 10, 1


def read_user(wire: Wire, session: Session) -> ProviderUser:
    """Who is logged in."""
    found, _ = object_of(wire, session, "", "user")
    if not words(found.get("id")):
        raise Refused("Sage does not say who is logged in.")
    name = words(found.get("displayed_as")) or words(found.get("email"))
    return ProviderUser(words(found["id"]), name, words(found.get("locale")))


def read_master(wire: Wire, session: Session, business: str) -> MasterData:
    """Everything the checks before sending need, in about five GETs."""
    settings, answered_at = object_of(wire, session, business, "financial_settings")
    accounts = read_accounts(wire, session, business)
    if not accounts:
        raise Refused(
            f"This login sees no ledger accounts of division {session.division}. Give its user"
            " access to the journals in Sage, then try again.",
            http_status=403,
        )
    codes = _journals(wire, session, business)
    lockdown = day(settings.get("year_end_lockdown_date"))
    return MasterData(
        division=session.division,
        currency=nested(settings, "base_currency"),
        fetched_at=answered_at,
        gl_accounts={account.code: account for account in accounts},
        journals=codes,
        vat_codes=_tax_rates(wire, session, business),
        cost_centres=frozenset(),
        periods=months(answered_at, lockdown, frozenset(codes)),
    )


def read_accounts(wire: Wire, session: Session, business: str) -> list[GlAccount]:
    """The ledger accounts that have a nominal code."""
    rows = rows_of(wire, session, business, "ledger_accounts", attributes=ACCOUNT_FIELDS)
    return [_account(row) for row in rows if words(row.get("nominal_code"))]


def _account(row: Row) -> GlAccount:
    kind = nested(row, "ledger_account_type")
    return GlAccount(
        id=words(row["id"]),
        code=words(row["nominal_code"]),
        name=words(row.get("name")) or words(row.get("displayed_as")),
        type_code=_type(kind, words(row.get("control_name"))),
        blocked=row.get("visible_in_journals") is not True,
        vat_code="",  # a journal never takes the tax rate of an account
        cost_centre_rule=0,
        is_balance=kind not in INCOME_TYPES | COST_TYPES,
    )


def _type(kind: str, control_name: str) -> int:
    """Our type of an account: VAT by its control name, else what kind of account it is."""
    if "VAT" in control_name or "TAX" in control_name:
        return VAT
    if kind in INCOME_TYPES:
        return REVENUE
    return COSTS if kind in COST_TYPES else GENERAL


def _journals(wire: Wire, session: Session, business: str) -> dict[str, JournalCode]:
    """France has journal codes; elsewhere the list is empty or not offered."""
    try:
        rows = rows_of(wire, session, business, "journal_codes", attributes="code,name")
    except Refused as error:
        if error.http_status not in (403, 404):
            raise
        rows = []
    names = {words(row.get("code")): words(row.get("name")) for row in rows}
    names = {code: name for code, name in names.items() if code} or {ONLY_JOURNAL: "Journals"}
    return {
        code: JournalCode(code, name, GENERAL_JOURNAL, allow_vat=False, blocked=False, currency="")
        for code, name in names.items()
    }


def _tax_rates(wire: Wire, session: Session, business: str) -> dict[str, BooksVatCode]:
    found = {}
    for row in rows_of(wire, session, business, "tax_rates", attributes="name,percentage"):
        code = words(row["id"])
        found[code] = BooksVatCode(
            code=code,
            name=words(row.get("name")) or words(row.get("displayed_as")),
            type="E",
            percent_bp=basis_points(row.get("percentage")),
            gl_to_pay="",  # journals of Sage make no VAT lines
            gl_to_claim="",
            blocked=False,
        )
    return found


def months(at: datetime, lockdown: date | None, codes: frozenset[str]) -> tuple[Period, ...]:
    """Calendar months around a moment; up to the lockdown date they are closed."""
    found: list[Period] = []
    for year in range(at.year - YEARS_BACK, at.year + YEARS_AHEAD + 1):
        for month in range(1, 13):
            start = date(year, month, 1)
            end = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            found += _split(Period(year, month, start, end), lockdown, codes)
    return tuple(found)


def _split(period: Period, lockdown: date | None, codes: frozenset[str]) -> list[Period]:
    """The closed part of a month and its open part."""
    if lockdown is None or lockdown < period.start:
        return [period]
    closed = Period(
        period.year, period.period, period.start, min(lockdown, period.end), closed_for=codes
    )
    if lockdown >= period.end:
        return [closed]
    rest = lockdown + timedelta(days=1)
    return [closed, Period(period.year, period.period, rest, period.end)]
