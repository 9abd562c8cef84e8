"""What the books would refuse, or take and store wrongly, found before anything is sent.

Invariant: every finding names the thing, the reason and the remedy, in Dutch and in English;
nothing found = the entry may be sent. Checked against master data of the administration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retailvista.connectors.port import GlAccount, JournalCode, MasterData
from retailvista.journals.entries import vat_facts
from retailvista.ledger import stored
from retailvista.ledger.journal import Journal, Line
from retailvista.ledger.problem import Place, Problem

GENERAL_JOURNAL = 90
VAT_ACCOUNT = 24
# Cash, bank, payment service, receivable, payable, VAT: not on a general journal (safe default).
REFUSED_TYPES = {
    10: ("kas", "cash"),
    12: ("bank", "bank"),
    16: ("betalingsdienst", "payment service"),
    20: ("debiteuren", "receivable"),
    22: ("crediteuren", "payable"),
    24: ("btw", "VAT"),
}
MANDATORY, NONE = 1, 2


@dataclass(frozen=True, slots=True)
class Target:
    """Where the journal would go."""

    journal_code: str
    vat_mode: str


def findings(journal: Journal, target: Target, master: MasterData) -> list[Problem]:
    """Everything that is wrong, so that a user can correct it in one go."""
    found = [*_of_journal_code(journal, target, master), *_of_date(journal, target, master)]
    if journal.is_empty:
        found.append(_finding("empty", "De journaalpost is leeg.", "The journal is empty.", "", ""))
    for line in _sent(journal, target):
        found += _of_line(line, target, master)
    if target.vat_mode == stored.EXACT:
        found += stored.check_vat_codes(journal, vat_facts(master))
        found += _blocked_vat(journal, master)
        found += _rate_of_code(journal, master)
    return _once(found)


def _sent(journal: Journal, target: Target) -> tuple[Line, ...]:
    return journal.lines if target.vat_mode == stored.OWN else tuple(journal.own_lines())


def _of_journal_code(journal: Journal, target: Target, master: MasterData) -> Iterator[Problem]:
    code = target.journal_code
    found = master.journals.get(code)
    if found is None:
        yield _finding(
            "journal_code",
            f"Dagboek {code} bestaat niet in administratie {master.division}.",
            f"Journal {code} does not exist in division {master.division}.",
            "Kies een bestaand memoriaal bij de koppeling.",
            "Choose an existing general journal on the connector.",
        )
        return
    if found.type_code != GENERAL_JOURNAL or found.blocked:
        yield _finding(
            "journal_code",
            f"Dagboek {code} is geen memoriaal of is geblokkeerd.",
            f"Journal {code} is not a general journal, or it is blocked.",
            "Kies een eigen memoriaal dat alleen RetailVista gebruikt.",
            "Choose a general journal that only RetailVista uses.",
        )
    yield from _of_allow_vat(journal, target, found)
    currencies = {master.currency, found.currency or master.currency}
    if currencies != {journal.currency}:
        yield _finding(
            "currency",
            f"De journaalpost is in {journal.currency}, de administratie in {master.currency}.",
            f"The journal is in {journal.currency}, the division in {master.currency}.",
            "Boek naar een administratie in dezelfde valuta; er wordt niets omgerekend.",
            "Post to a division in the same currency; nothing is converted.",
        )


def _of_allow_vat(journal: Journal, target: Target, found: JournalCode) -> Iterator[Problem]:
    coded = any(line.vat_code for line in journal.own_lines())
    if target.vat_mode == stored.EXACT and coded and not found.allow_vat:
        yield _finding(
            "allow_vat",
            f"Dagboek {found.code} staat geen btw toe.",
            f"Journal {found.code} does not allow VAT.",
            "Zet 'Btw toestaan' aan bij het dagboek, of kies 'eigen btw-regels'.",
            "Switch on 'Allow VAT' on the journal, or choose own VAT lines.",
        )
    if target.vat_mode == stored.OWN and found.allow_vat:
        yield _finding(
            "allow_vat",
            f"Dagboek {found.code} staat btw toe, terwijl de btw-regels van ons komen.",
            f"Journal {found.code} allows VAT while the VAT lines come from us.",
            "Zet 'Btw toestaan' uit bij het dagboek, of laat de btw-regels uit btw-codes maken.",
            "Switch off 'Allow VAT' on the journal, or have the VAT lines made from VAT codes.",
        )


def _of_date(journal: Journal, target: Target, master: MasterData) -> Iterator[Problem]:
    on = journal.business_date
    period = master.period_of(on)
    if period is None:
        yield _finding(
            "period",
            f"De administratie heeft geen boekjaar of periode voor {on}.",
            f"The division has no financial year or period for {on}.",
            "Maak het boekjaar aan in de administratie.",
            "Create the financial year in the division.",
        )
    elif target.journal_code in period.closed_for:
        yield _finding(
            "period",
            f"Periode {period.year}/{period.period} is afgesloten voor dagboek"
            f" {target.journal_code}.",
            f"Period {period.year}/{period.period} is closed for journal {target.journal_code}.",
            "Heropen de periode in de administratie.",
            "Reopen the period in the division.",
        )


def _of_line(line: Line, target: Target, master: MasterData) -> Iterator[Problem]:
    account = master.gl_accounts.get(line.gl_code)
    if account is None:
        yield _gl(line, "bestaat niet in de administratie", "does not exist in the division")
        return
    if account.blocked:
        yield _gl(line, "is geblokkeerd", "is blocked")
    own_vat = line.is_vat and target.vat_mode == stored.OWN
    if account.type_code in REFUSED_TYPES and not (own_vat and account.type_code == VAT_ACCOUNT):
        nl, en = REFUSED_TYPES[account.type_code]
        yield _gl(
            line,
            f"heeft type {nl} en kan niet op een memoriaal",
            f"has type {en}, which a general journal does not take",
        )
    yield from _of_default_vat(line, account, target)
    yield from _of_cost_centre(line, account, master)


def _of_default_vat(line: Line, account: GlAccount, target: Target) -> Iterator[Problem]:
    """Without a code of ours the books take the account's own, and would add VAT to the line."""
    inherits = target.vat_mode == stored.EXACT or account.is_balance
    if account.vat_code and not line.vat_code and inherits:
        yield _gl(
            line,
            f"heeft zelf btw-code {account.vat_code}, terwijl de regel geen btw heeft",
            f"has VAT code {account.vat_code} of its own while the line has no VAT",
        )


def _of_cost_centre(line: Line, account: GlAccount, master: MasterData) -> Iterator[Problem]:
    if line.cost_centre and line.cost_centre not in master.cost_centres:
        yield _finding(
            "cost_centre",
            f"Kostenplaats {line.cost_centre} bestaat niet in de administratie.",
            f"Cost centre {line.cost_centre} does not exist in the division.",
            "Maak de kostenplaats aan, of wijzig die van de winkel.",
            "Create the cost centre, or change the one of the store.",
            Place(line=str(line.nr)),
        )
    if account.cost_centre_rule == MANDATORY and not line.cost_centre:
        yield _gl(line, "vereist een kostenplaats", "requires a cost centre")
    if account.cost_centre_rule == NONE and line.cost_centre:
        yield _gl(line, "staat geen kostenplaats toe", "does not allow a cost centre")


def _blocked_vat(journal: Journal, master: MasterData) -> Iterator[Problem]:
    for line in journal.own_lines():
        code = master.vat_codes.get(line.vat_code)
        if code is not None and code.blocked:
            yield _finding(
                "vat_code",
                f"Btw-code {code.code} is geblokkeerd in de administratie.",
                f"VAT code {code.code} is blocked in the division.",
                "Koppel het tarief aan een andere btw-code.",
                "Link the rate to another VAT code.",
                Place(line=str(line.nr)),
            )


def _rate_of_code(journal: Journal, master: MasterData) -> Iterator[Problem]:
    """A line under a code of another rate lands in the wrong box of the VAT return.

    A rate the code had before is right: refunds may carry a rate that has ended.
    """
    for line in journal.own_lines():
        code = master.vat_codes.get(line.vat_code)
        if code is None or line.vat_bp is None:
            continue
        rates = {bp for start, _until, bp in code.dated if start <= journal.business_date}
        if line.vat_bp not in (rates or {code.percent_bp}):
            ours, theirs = f"{line.vat_bp / 100:g} %", f"{code.percent_bp / 100:g} %"
            yield _finding(
                "vat_code",
                f"Btw-code {code.code} is {theirs} in de administratie, de regel is {ours}.",
                f"VAT code {code.code} is {theirs} in the division, the line is {ours}.",
                f"Koppel btw-tarief {ours} aan de btw-code van dat tarief.",
                f"Link VAT rate {ours} to the VAT code of that rate.",
                Place(line=str(line.nr)),
            )


def _gl(line: Line, nl: str, en: str) -> Problem:
    return _finding(
        "gl_account",
        f"Grootboekrekening {line.gl_code} {nl}.",
        f"G/L account {line.gl_code} {en}.",
        "Wijzig de grootboekkoppeling, of de rekening in de administratie.",
        "Change the ledger link, or the account in the division.",
        Place(line=str(line.nr)),
    )


def _finding(
    code: str, nl: str, en: str, remedy_nl: str, remedy_en: str, place: Place | None = None
) -> Problem:
    return Problem(code, nl, en, place or Place(), remedy_nl or nl, remedy_en or en)


def _once(found: list[Problem]) -> list[Problem]:
    """The same sentence for ten lines is one finding."""
    return list({problem.message_en: problem for problem in found}.values())
