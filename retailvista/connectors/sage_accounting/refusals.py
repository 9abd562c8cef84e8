"""What a user can do about Sage's words, in Dutch and English.

Invariant: a text never decides whether something was booked; it only chooses a hint.
"""

from __future__ import annotations

import re


def _hint(pattern: str, nl: str, en: str) -> tuple[re.Pattern[str], str, str]:
    return re.compile(pattern, re.IGNORECASE), nl, en


HINTS = (
    _hint(
        r"lockdown|locked",
        "De datum valt in een afgesloten periode van Sage. Verzet daar de afsluitdatum.",
        "The date lies in a period that is closed in Sage. Move the lockdown date there.",
    ),
    _hint(
        r"debits? (must|do|don't)|balance",
        "Sage telt de regels anders op. Meld dit met de journaalpost.",
        "Sage adds the lines up differently. Report this with the journal.",
    ),
    _hint(
        r"journal code",
        "In Frankrijk hoort bij elke journaalpost een dagboek. Kies het bij de koppeling.",
        "In France every journal has a journal code. Choose it on the connector.",
    ),
    _hint(
        r"ledger account",
        "De grootboekrekening bestaat niet of mag niet in journaalposten. Wijzig de"
        " grootboekkoppeling, of maak de rekening in Sage zichtbaar voor journaalposten.",
        "The ledger account does not exist or is not for journals. Change the ledger link, or"
        " make the account visible in journals in Sage.",
    ),
    _hint(
        r"subscription",
        "Het abonnement op Sage is afgelopen.",
        "The subscription to Sage has ended.",
    ),
    _hint(
        r"access|role|scope",
        "De gebruiker heeft in Sage het recht 'Journals: Full Access' nodig. Sage biedt"
        " journaalposten via de API in Canada, Groot-Brittannië en Ierland.",
        "The user needs the role 'Journals: Full Access' in Sage. Sage offers journals by API in"
        " Canada, Great Britain and Ireland.",
    ),
)


def hint_for(said: str, language: str) -> str:
    """What a user can do about Sage's text; '' when we do not know."""
    for pattern, nl, en in HINTS:
        if pattern.search(said):
            return nl if language.startswith("nl") else en
    return ""
