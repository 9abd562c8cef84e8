"""The texts of every Problem the ledger knows, in Dutch and English.

Invariant: one function per finding; each says what is wrong, where, and what to do.
"""

from __future__ import annotations

from retailvista.ledger.problem import Place, Problem

TYPE_WORDS = {
    "11002": ("verkoop op rekening", "credit sale"),
    "11005": ("betaling van een factuur", "payment of an invoice"),
    "11010": ("uit kas", "pay-out"),
    "11011": ("in kas", "pay-in"),
}


def _comma(amount: str) -> str:
    """An amount as a Dutch reader writes it."""
    return amount.replace(".", ",")


def wrong_currency(place: Place, found: str, expected: str) -> Problem:
    return Problem(
        "wrong_currency",
        f"Valuta {found} terwijl de winkel in {expected} boekt.",
        f"Currency {found} while the store books in {expected}.",
        place,
        "Corrigeer de valuta van de winkel of lever het bestand in de juiste valuta aan.",
        "Correct the currency of the store, or deliver the file in the right currency.",
    )


def type_undeclared(place: Place, own_type: str) -> Problem:
    return Problem(
        "type_undeclared",
        f"Het kassabestand verklaart transactiesoort {own_type!r} niet.",
        f"The till file does not declare transaction type {own_type!r}.",
        place,
        "Laat de kassaleverancier de soort in 'basics' verklaren en lever het bestand opnieuw aan.",
        "Have the till supplier declare the type in 'basics' and deliver the file again.",
    )


def type_undecided(place: Place, kind: str, group: str) -> Problem:
    word_nl, word_en = TYPE_WORDS.get(kind, ("transactiesoort", "transaction type"))
    return Problem(
        "type_undecided",
        f"Voor {word_nl} ({kind}) met kassagroep {group!r} is nog geen regel.",
        f"There is no rule yet for {word_en} ({kind}) with register group {group!r}.",
        place,
        f"Maak een grootboekkoppeling voor kassagroep {group!r} met omzetsoort {kind}.",
        f"Make a ledger link for register group {group!r} with sales type {kind}.",
    )


def payment_unlinked(place: Place, kind: str, *, declared: bool) -> Problem:
    nl, en = ("", "") if declared else (" (niet verklaard in het bestand)", " (not declared)")
    return Problem(
        "payment_unlinked",
        f"Betaalwijze {kind!r}{nl} heeft geen grootboekrekening.",
        f"Payment type {kind!r}{en} has no G/L account.",
        place,
        f"Koppel betaalwijze {kind!r} aan een grootboekrekening.",
        f"Link payment type {kind!r} to a G/L account.",
    )


def group_unlinked(place: Place, group: str, sales_type: str, vat_bp: int) -> Problem:
    rate = f"{vat_bp / 100:g} %"
    nl = f" met omzetsoort {sales_type}" if sales_type else f" met btw {rate}"
    en = f" with sales type {sales_type}" if sales_type else f" with VAT {rate}"
    return Problem(
        "group_unlinked",
        f"Kassagroep {group!r}{nl} heeft geen grootboekrekening.",
        f"Register group {group!r}{en} has no G/L account.",
        place,
        f"Maak een grootboekkoppeling voor kassagroep {group!r}{nl}, of laat Initialiseren er een"
        " voorstellen.",
        f"Make a ledger link for register group {group!r}{en}, or let Initialise propose one.",
    )


def vat_unlinked(place: Place, vat_bp: int, till_code: str) -> Problem:
    rate = f"{vat_bp / 100:g} %"
    # Three different answers for the VAT return, which nobody but the bookkeeper can give.
    zero_nl = (
        " (0 %-tarief, vrijgesteld en geen btw hebben elk een eigen code)" if not vat_bp else ""
    )
    zero_en = " (rate 0 %, exempt and no VAT each have a code of their own)" if not vat_bp else ""
    return Problem(
        "vat_unlinked",
        f"Btw {rate} (kassacode {till_code!r}) heeft geen btw-code en rekening in de boeken.",
        f"VAT {rate} (till code {till_code!r}) has no VAT code and account in the books.",
        place,
        f"Koppel btw {rate} aan de btw-code die erbij hoort{zero_nl}, of geef de kassagroep alleen"
        " een rekening buiten de omzet.",
        f"Link VAT {rate} to its VAT code{zero_en}, or give the register group only a non-sales"
        " ledger.",
    )


def rate_unknown(place: Place, vat_bp: int, country: str) -> Problem:
    rate = f"{vat_bp / 100:g} %"
    return Problem(
        "rate_unknown",
        f"Btw-tarief {rate} geldt op deze dag niet in {country}.",
        f"VAT rate {rate} does not hold in {country} on this day.",
        place,
        "Controleer de btw-code van het artikel in de kassa en het land van de winkel.",
        "Check the VAT code of the article in the till and the country of the store.",
    )


def vat_side(place: Place) -> Problem:
    return Problem(
        "vat_side",
        "De btw van deze regel past niet bij het bedrag (teken, of btw zonder grondslag).",
        "The VAT of this line does not fit its amount (sign, or VAT without a base).",
        place,
        "Laat de kassaleverancier het bestand herstellen en lever het opnieuw aan.",
        "Have the till supplier repair the file and deliver it again.",
    )


def vat_implausible(place: Place, vat_bp: int, odd: int, allowed: int) -> Problem:
    rate = f"{vat_bp / 100:g} %"
    cents, most = f"{abs(odd) / 1_000_000:.4f}", f"{allowed / 2_000_000:.4f}"
    return Problem(
        "vat_implausible",
        f"De btw van {rate} wijkt {_comma(cents)} af van grondslag x tarief; afronding verklaart"
        f" {_comma(most)}.",
        f"VAT at {rate} differs {cents} from base x rate; rounding explains {most}.",
        place,
        "Controleer dit bonnetje: het wijkt het meest af.",
        "Check this receipt: it differs most.",
    )


def paid_is_not_total(place: Place, total: int, paid: int) -> Problem:
    en_total, en_paid = f"{total / 100:.2f}", f"{paid / 100:.2f}"
    nl_total, nl_paid = _comma(en_total), _comma(en_paid)
    return Problem(
        "paid_is_not_total",
        f"Betaald {nl_paid} is niet gelijk aan het totaal {nl_total}.",
        f"Paid {en_paid} is not the total {en_total}.",
        place,
        "Zoek de bon op in de kassa; een betaling of een regel ontbreekt in het bestand.",
        "Look the receipt up in the till; a payment or a line is missing from the file.",
    )


def total_differs(place: Place, total: int, stated: int) -> Problem:
    ours, theirs = f"{total / 100:.2f}", f"{stated / 100:.2f}"
    return Problem(
        "total_differs",
        f"De regels van de bon zijn samen {_comma(ours)}, de bon zegt {_comma(theirs)}.",
        f"The lines of the receipt are {ours} together, the receipt says {theirs}.",
        place,
        "Laat de kassaleverancier het bestand herstellen en lever het opnieuw aan.",
        "Have the till supplier repair the file and deliver it again.",
    )


def rounding_too_large(place: Place, odd: int, step: int) -> Problem:
    cents, half = f"{odd / 100:.2f}", f"{step / 200:.3f}"
    return Problem(
        "rounding_too_large",
        f"Verschil {_comma(cents)} is groter dan de helft van de afronding ({_comma(half)}).",
        f"The difference {cents} is more than half the rounding step ({half}).",
        place,
        "Zoek de bon op in de kassa, of corrigeer de afrondingsstap van de winkel.",
        "Look the receipt up in the till, or correct the rounding step of the store.",
    )


def rounding_unlinked(place: Place) -> Problem:
    return Problem(
        "rounding_unlinked",
        "Er is geen grootboekrekening voor afrondingsverschillen.",
        "There is no G/L account for cash rounding.",
        place,
        "Koppel de afronding aan een grootboekrekening.",
        "Link the rounding to a G/L account.",
    )


def numbers_missing(place: Place, missing: int, first: int, last: int) -> Problem:
    return Problem(
        "numbers_missing",
        f"Er ontbreken {missing} nummers tussen {first} en {last}.",
        f"{missing} numbers are missing between {first} and {last}.",
        place,
        "Ga na of de kassa nummers overslaat (geparkeerde bonnen, rapporten).",
        "See whether the till skips numbers (parked receipts, reports).",
        holds=False,
    )


def vat_code_unfit(place: Place, vat_code: str, why: tuple[str, str]) -> Problem:
    return Problem(
        "vat_code_unfit",
        f"Btw-code {vat_code} {why[0]}.",
        f"VAT code {vat_code} {why[1]}.",
        place,
        "Kies in de grootboekkoppelingen een btw-code van de administratie die btw draagt.",
        "Choose a VAT code of the division that carries VAT in the ledger links.",
    )
