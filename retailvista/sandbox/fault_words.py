"""What each fault does, for people who read Dutch; English stands with the faults themselves.

Invariant: every kind of fault has its text.
"""

from __future__ import annotations

from retailvista.sandbox.faults import KINDS

DUTCH: dict[str, str] = {
    "drop_before": "de vraag gaat verloren: niets gedaan, de verbinding sterft",
    "drop_after_commit": "gedaan, maar het antwoord gaat verloren",
    "late_commit": "de verbinding sterft meteen, het werk wordt WAARDE seconden later gedaan",
    "error_after_commit": "gedaan, beantwoord met status WAARDE (502) en een HTML-pagina",
    "slow": "gedaan, WAARDE seconden later beantwoord",
    "slow_before": "WAARDE seconden later gedaan, dan beantwoord",
    "trickle": "het antwoord komt byte voor byte, steeds WAARDE seconden later",
    "cut_at_byte": "gedaan, de verbinding sterft na WAARDE bytes van het antwoord",
    "429": "niet gedaan: 429 met de headers van WAARDE (minute, day of bare)",
    "401": "niet gedaan: 401",
    "408": "niet gedaan: 408, als bij een te brede vraag",
    "transient_400": "niet gedaan: een 400 die niets zegt; dezelfde vraag lukt daarna",
    "down": "alles wat past is WAARDE seconden (3600) van de klok van de sandbox 503",
    "dying_swan": "gedaan, maar de JSON breekt halverwege af met een foutmelding",
    "html_200": "een onderhoudspagina met status 200; bij 'after' eerst gedaan",
    "html_503": "een pagina met status 503 (bij 'after' eerst gedaan; een getal is Retry-After)",
    "empty_200": "status 200 zonder inhoud; bij 'after' eerst gedaan",
    "problem_500": "'A problem has occurred' van Exact, niet gedaan (wel bij 'after')",
    "refuse": "niet gedaan: een zakelijke weigering met tekst WAARDE",
    "ignore_entry_number": "gedaan, maar de boeking krijgt een nummer van Exact",
    "allow_duplicate_number": "gedaan, ook als het nummer in gebruik is",
}


def fault_text(name: str, language: str) -> str:
    """What the fault does, in the reader's language."""
    return DUTCH[name] if language == "nl" else KINDS[name]
