"""Master data of a division: what may be posted where, in about fifteen GETs."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from retailvista.connectors.exact_online import urls
from retailvista.connectors.exact_online.client import Rows, rows_of, whole_list
from retailvista.connectors.exact_online.reading import (
    Row,
    basis_points,
    day,
    truth,
    whole,
    words,
)
from retailvista.connectors.port import (
    BooksVatCode,
    Division,
    GlAccount,
    JournalCode,
    MasterData,
    Period,
    ProviderUser,
    Session,
    Wire,
)
from retailvista.errors import Refused

DIVISION_FIELDS = "Code,Description,Currency,Country"
GL_FIELDS = "ID,Code,Description,Type,IsBlocked,VATCode,UseCostcenter,BalanceType"
VAT_FIELDS = "ID,Code,Description,Type,Percentage,GLToPayCode,GLToClaimCode,IsBlocked"
CLOSED = "Status eq 1"


def read_me(wire: Wire, session: Session) -> tuple[ProviderUser, int]:
    """Who is logged in, and the division the user looks at now."""
    rows = rows_of(wire, session, urls.me(session.site))
    if not rows or not words(rows[0].get("UserID")):
        raise Refused("Exact does not say who is logged in.")
    row = rows[0]
    user = ProviderUser(
        user_id=words(row["UserID"]).lower(),
        name=words(row.get("FullName")),
        language=words(row.get("LanguageCode")),
    )
    return user, whole(row.get("CurrentDivision"))


def read_divisions(wire: Wire, session: Session) -> list[Division]:
    """Every division this login may see; not each licence may call each list."""
    _, current = read_me(wire, session)
    asked = session.division or current
    for path in ("system/Divisions", "hrm/Divisions"):
        try:
            rows = rows_of(
                wire, session, urls.of(session.site, asked, path, select=DIVISION_FIELDS)
            )
        except Refused as error:
            if error.http_status != 403:
                raise
            continue
        if rows:
            return sorted((_division(row) for row in rows), key=lambda found: found.code)
    return [Division(code=current, name="", currency="")]


def _division(row: Row) -> Division:
    return Division(
        code=whole(row.get("Code")),
        name=words(row.get("Description")),
        currency=words(row.get("Currency")),
        country=words(row.get("Country")),
    )


def read_master(wire: Wire, session: Session) -> MasterData:
    """Everything the checks before sending need."""
    divisions = {found.code: found for found in read_divisions(wire, session)}
    if session.division not in divisions:
        raise Refused(f"This login has no access to division {session.division}.", http_status=403)
    accounts = _gl_rows(wire, session)
    assert accounts.answered_at is not None, "a wire says when it answered"
    if not accounts.rows:
        # A right that was lost empties a list without an error; no administration lacks a chart.
        raise Refused(
            f"This login sees no G/L accounts of division {session.division}. Give its user the"
            " right to read them in Exact, then try again.",
            http_status=403,
        )
    return MasterData(
        division=session.division,
        currency=divisions[session.division].currency,
        fetched_at=accounts.answered_at,
        gl_accounts=_gl_accounts(accounts.rows),
        journals=_journals(wire, session),
        vat_codes=_vat_codes(wire, session),
        cost_centres=_cost_centres(wire, session),
        periods=_periods(wire, session),
    )


def _list(wire: Wire, session: Session, path: str, select: str, **options: str) -> list[Row]:
    url = urls.of(session.site, session.division, path, select=select, **options)
    return rows_of(wire, session, url)


def _gl_rows(wire: Wire, session: Session) -> Rows:
    path = "financial/GLAccounts"
    return whole_list(
        wire, session, urls.of(session.site, session.division, path, select=GL_FIELDS)
    )


def _gl_accounts(rows: list[Row]) -> dict[str, GlAccount]:
    found = {}
    for row in rows:
        code = words(row.get("Code"))
        found[code] = GlAccount(
            id=words(row.get("ID")),
            code=code,
            name=words(row.get("Description")),
            type_code=whole(row.get("Type")),
            blocked=truth(row.get("IsBlocked")),
            vat_code=words(row.get("VATCode")),
            cost_centre_rule=whole(row.get("UseCostcenter")),
            is_balance=words(row.get("BalanceType")) == "B",
        )
    return found


def _journals(wire: Wire, session: Session) -> dict[str, JournalCode]:
    fields = "Code,Description,Type,AllowVAT,IsBlocked,Currency"
    found = {}
    for row in _list(wire, session, "financial/Journals", fields):
        code = words(row.get("Code"))
        found[code] = JournalCode(
            code=code,
            name=words(row.get("Description")),
            type_code=whole(row.get("Type")),
            allow_vat=truth(row.get("AllowVAT")),
            blocked=truth(row.get("IsBlocked")),
            currency=words(row.get("Currency")),
        )
    return found


def _vat_codes(wire: Wire, session: Session) -> dict[str, BooksVatCode]:
    rates: dict[str, list[tuple[date, date | None, int]]] = defaultdict(list)
    fields = "VATCodeID,Percentage,StartDate,EndDate,Type"
    for row in _list(wire, session, "vat/VatPercentages", fields):
        start = day(row.get("StartDate"))
        if start is not None and whole(row.get("Type")) == 0:
            until = day(row.get("EndDate"))
            rates[words(row.get("VATCodeID"))].append(
                (start, until, basis_points(row.get("Percentage")))
            )
    found = {}
    for row in _list(wire, session, "vat/VATCodes", VAT_FIELDS):
        code = words(row.get("Code"))
        found[code] = BooksVatCode(
            code=code,
            name=words(row.get("Description")),
            type=words(row.get("Type")),
            percent_bp=basis_points(row.get("Percentage")),
            gl_to_pay=words(row.get("GLToPayCode")),
            gl_to_claim=words(row.get("GLToClaimCode")),
            blocked=truth(row.get("IsBlocked")),
            dated=tuple(sorted(rates[words(row.get("ID"))], key=lambda rate: rate[0])),
        )
    return found


def _cost_centres(wire: Wire, session: Session) -> frozenset[str]:
    rows = _list(wire, session, "hrm/Costcenters", "Code,Active")
    return frozenset(words(row.get("Code")) for row in rows if row.get("Active") is not False)


def _periods(wire: Wire, session: Session) -> tuple[Period, ...]:
    closed = _closed(wire, session)
    found = []
    fields = "FinYear,FinPeriod,StartDate,EndDate"
    for row in _list(wire, session, "financial/FinancialPeriods", fields):
        start, end = day(row.get("StartDate")), day(row.get("EndDate"))
        if start is None or end is None:
            continue
        year, period = whole(row.get("FinYear")), whole(row.get("FinPeriod"))
        shut = frozenset(closed.get((year, period), ()))
        found.append(Period(year=year, period=period, start=start, end=end, closed_for=shut))
    return tuple(sorted(found, key=lambda period: (period.start, period.period)))


def _closed(wire: Wire, session: Session) -> dict[tuple[int, int], set[str]]:
    """Journal codes closed per year and period, for lists that may be kept from this login."""
    path, fields = "read/financial/JournalStatusList", "Journal,Year,Period,Status"
    try:
        rows = _list(wire, session, path, fields, filter=CLOSED)
    except Refused as error:
        if error.http_status != 403:
            raise
        return {}
    found: dict[tuple[int, int], set[str]] = defaultdict(set)
    for row in rows:
        if whole(row.get("Status")) == 1:
            key = whole(row.get("Year")), whole(row.get("Period"))
            found[key].add(words(row.get("Journal")))
    return found
