"""Exact's refusal texts, Dutch and English: which we know, and what a user can do about each.

Invariant: a text never decides whether something was booked. It only tells a known refusal from
an unknown one, recognises "entry number in use" (which makes us look), and chooses a hint.
Texts are those seen by other integrators and in Exact's help pages (docs/exact.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

IN_USE = "number in use"


@dataclass(frozen=True, slots=True)
class Hint:
    """A pattern of Exact's text with the remedy in both languages."""

    pattern: re.Pattern[str]
    kind: str
    nl: str
    en: str


def _hint(pattern: str, kind: str, nl: str, en: str) -> Hint:
    return Hint(re.compile(pattern, re.IGNORECASE), kind, nl, en)


HINTS: tuple[Hint, ...] = (
    _hint(
        r"(in use|in gebruik): ?(document number|entry number|boekstuknummer)"
        r"|boekstuknummer in gebruik|(already exists|bestaat al).*(entry number|boekstuk)"
        r"|data already exists|gegeven bestaat reeds",
        IN_USE,
        "Het boekstuknummer is al gebruikt; RetailVista zoekt de boeking op in Exact.",
        "The entry number is taken; RetailVista looks the entry up in Exact.",
    ),
    _hint(
        r"entry is not balanced|boeking is niet in evenwicht",
        "not balanced",
        "Exact telt de regels anders op. Controleer het type van de btw-codes (inclusief of"
        " exclusief) en de btw-instelling van de koppeling.",
        "Exact adds the lines up differently. Check the type of the VAT codes (inclusive or"
        " exclusive) and the VAT mode of the connector.",
    ),
    _hint(
        r"period( \S+)? is closed|periode( \S+)? is afgesloten",
        "period closed",
        "De periode is afgesloten in Exact. Heropen de periode en bied de journaalpost weer aan.",
        "The period is closed in Exact. Reopen it and send the journal again.",
    ),
    _hint(
        r"financial year|boekjaar",
        "no financial year",
        "Exact heeft geen boekjaar of periode voor deze datum. Maak het boekjaar aan in Exact.",
        "Exact has no financial year or period for this date. Create the year in Exact.",
    ),
    _hint(
        r"(not allowed|niet toegestaan): ?(vat code|btw-code)",
        "journal without VAT",
        "Het dagboek in Exact staat geen btw toe. Vink in Exact bij het dagboek 'Btw' aan.",
        "The journal code in Exact does not allow VAT. Tick 'VAT' at the journal in Exact.",
    ),
    _hint(
        r"(invalid reference|ongeldige referentie|missing|ontbrekend|mandatory|verplicht)"
        r": ?(vat code|btw[- ]code)",
        "VAT code",
        "De btw-code bestaat niet in deze administratie. Controleer de exportcodes van de btw.",
        "The VAT code does not exist in this division. Check the export codes of the VAT rates.",
    ),
    _hint(
        r"vat percentage|btw-percentage|rekening af te dragen btw|btw regel .* komt niet overeen",
        "VAT set-up",
        "De btw-code is in Exact anders ingericht (percentage, type of rekening) dan verwacht.",
        "The VAT code is set up differently in Exact (percentage, type or account).",
    ),
    _hint(
        r"grootboekrekeningtype|wrong type \d+|is nu type|g/l account type",
        "G/L type",
        "Een grootboekrekening heeft het verkeerde type of is geblokkeerd. Boek op rekeningen"
        " van het type Algemeen.",
        "A G/L account has the wrong type or is blocked. Use accounts of type General.",
    ),
    _hint(
        r"journal|dagboek|diary",
        "journal code",
        "Het dagboek ontbreekt in Exact, is geblokkeerd of heeft een ander type. Kies een"
        " memoriaal op de koppeling.",
        "The journal code is missing in Exact, blocked or of another type. Choose a general"
        " journal on the connector.",
    ),
    _hint(
        r"cost ?(centre|center|unit)|kostenplaats|kostendrager",
        "cost centre",
        "De kostenplaats bestaat niet in Exact. Maak hem daar aan of pas de winkel aan.",
        "The cost centre does not exist in Exact. Create it there or change the store.",
    ),
    _hint(
        r"payment condition|betalingsconditie|relationship|relatie|klant|leverancier",
        "relation",
        "Exact verwacht een relatie of betalingsconditie. Controleer de inrichting in Exact.",
        "Exact expects a relation or payment condition. Check the set-up in Exact.",
    ),
    _hint(
        r"grootboek .* niet gevonden|grootboekrekening|g/l account|gl account",
        "G/L account",
        "Een grootboekrekening bestaat niet of is geblokkeerd in Exact.",
        "A G/L account does not exist or is blocked in Exact.",
    ),
)

# The ways in which Exact opens a refusal by a business rule.
REFUSAL = re.compile(
    r"^(mandatory|verplicht|missing|ontbrekend|invalid reference|ongeldige referentie|not allowed"
    r"|niet toegestaan|invalid|ongeldig|in use|in gebruik|unknown|onbekend|exceeds|te lang)\s*:"
    r"|^this entry is not balanced|^de boeking is niet in evenwicht|^period is closed"
    r"|^periode is afgesloten|^invalid journal|^data already exists|^gegeven bestaat reeds"
    r"|^grootboek .* niet gevonden|boekstuknummer in gebruik",
    re.IGNORECASE,
)


def parts_of(said: str) -> list[str]:
    """Exact joins several messages by line ends."""
    return [part.strip() for part in re.split(r"[\r\n]+", said) if part.strip()]


def says_in_use(said: str) -> bool:
    """Whether one of the messages says that the entry number is taken."""
    return any(HINTS[0].pattern.search(part) for part in parts_of(said))


def is_known(said: str) -> bool:
    """Whether every message is a refusal by a business rule we have seen described."""
    parts = parts_of(said)
    return bool(parts) and all(REFUSAL.search(part) for part in parts)


def hint_for(said: str, language: str) -> str:
    """What a user can do about Exact's text; '' when we do not know."""
    found = [hint for part in parts_of(said) for hint in HINTS if hint.pattern.search(part)]
    return (found[0].nl if language.startswith("nl") else found[0].en) if found else ""
