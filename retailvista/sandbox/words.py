"""The words of the pages for people, Dutch and English.

Invariant: every key has both.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "banner": ("Sandbox, niet Exact Online", "Sandbox, not Exact Online"),
    "banner-explains": (
        "Een oefenomgeving: alles hier is verzonnen. Gebruik nooit een echt wachtwoord.",
        "A practice area: everything here is made up. Never use a real password.",
    ),
    "log-in": ("Inloggen", "Log in"),
    "user-name": ("Gebruikersnaam", "User name"),
    "password": ("Wachtwoord", "Password"),
    "who-can": ("Wie kan inloggen; het wachtwoord is", "Who can log in; the password is"),
    "wrong-password": (
        "Gebruikersnaam of wachtwoord klopt niet.",
        "User name or password is wrong.",
    ),
    "blocked": ("Deze gebruiker is geblokkeerd", "This user is blocked"),
    "consent": ("Toegang geven", "Give access"),
    "asks": ("Deze app vraagt toegang:", "This app asks for access:"),
    "logged-in-as": ("Ingelogd als", "Logged in as"),
    "which-divisions": ("Tot welke administraties", "To which administrations"),
    "allow": ("Toestaan", "Allow"),
    "deny": ("Weigeren", "Deny"),
    "unknown-app": (
        "Deze app is hier niet geregistreerd",
        "This app is not registered here",
    ),
    "redirect-mismatch": (
        "Het antwoordadres klopt niet met de registratie",
        "The redirect address differs from the registration",
    ),
    "redirect-asked": ("Gevraagd (redirect_uri):", "Asked for (redirect_uri):"),
    "redirect-known": ("Geregistreerd bij deze app:", "Registered for this app:"),
    "books": ("Administraties", "Administrations"),
    "calls": ("Aanroepen", "Calls"),
    "judge": ("Scheidsrechter", "Judge"),
    "switches": ("Schakelaars", "Switches"),
    "other-language": ("English", "Nederlands"),
    "time": ("Tijd", "Time"),
    "division": ("Administratie", "Division"),
    "name": ("Naam", "Name"),
    "currency": ("Valuta", "Currency"),
    "entries": ("Boekingen", "Entries"),
    "nothing": ("Niet gevonden", "Not found"),
    "account": ("Grootboekrekening", "G/L account"),
    "debit": ("Debet", "Debit"),
    "credit": ("Credit", "Credit"),
    "total": ("Totaal", "Total"),
    "trial-balance": ("Proef- en saldibalans", "Trial balance"),
    "entry-number": ("Boekstuknummer", "Entry number"),
    "journal": ("Dagboek", "Journal"),
    "period": ("Periode", "Period"),
    "status": ("Status", "Status"),
    "older": ("Oudere", "Older"),
    "line": ("Regel", "Line"),
    "text": ("Omschrijving", "Description"),
    "vat-code": ("Btw-code", "VAT code"),
    "vat-type": ("Btw-soort", "VAT type"),
    "method": ("Methode", "Method"),
    "path": ("Pad", "Path"),
    "app": ("App", "App"),
    "ms": ("ms", "ms"),
    "fault": ("Storing", "Fault"),
    "rule": ("Regel", "Rule"),
    "judge-explains": (
        "Welke regels van Exact een koppeling heeft overtreden.",
        "Which of Exact's rules a client broke.",
    ),
    "judge-clean": ("Niets overtreden.", "No rule was broken."),
    "profiles": ("Profielen en limieten", "Profiles and limits"),
    "clock": ("Klok vooruitzetten", "Move the clock"),
    "seconds": ("Seconden", "Seconds"),
    "value": ("Waarde", "Value"),
    "times": ("Aantal keer", "Times"),
    "set": ("Instellen", "Set"),
    "clear": ("Wissen", "Clear"),
    "reset": ("Leegmaken", "Empty"),
    "reset-explains": (
        "Wist alle boekingen, aanroepen en storingen; apps en logins blijven.",
        "Forgets all entries, calls and faults; apps and logins stay.",
    ),
    "only-code": (
        "Alleen response_type=code wordt ondersteund",
        "Only response_type=code is supported",
    ),
}


def say(key: str, language: str) -> str:
    """The word in the reader's language."""
    dutch, english = WORDS[key]
    return dutch if language == "nl" else english
