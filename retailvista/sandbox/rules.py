"""The rules the judge knows, with what Exact says of them, Dutch and English.

Invariant: every finding carries one of these names; the Dutch text comes first.
"""

from __future__ import annotations

RULES: dict[str, tuple[str, str]] = {
    # Login.
    "refresh-too-early": (
        "Token vernieuwd binnen 570 s na het vorige.",
        "A refresh within 570 s of the previous token.",
    ),
    "refresh-token-used-twice": (
        "Een oud refresh token aangeboden: elk werkt één keer.",
        "An old refresh token was presented: each works once.",
    ),
    "refresh-token-expired": (
        "Een refresh token van meer dan 30 dagen aangeboden.",
        "A refresh token of more than 30 days was presented.",
    ),
    "broken-chain": (
        "Een onbekend of ingetrokken refresh token, of een van een oudere login.",
        "An unknown or withdrawn refresh token, or one of an older login.",
    ),
    "code-refused": (
        "De code is al gebruikt, te oud, niet gedecodeerd of hoort bij een ander adres.",
        "The code was used, is too old, is not decoded or belongs to another address.",
    ),
    "wrong-secret": ("Onbekende app of verkeerd geheim.", "Unknown app or wrong secret."),
    "secret-in-url": (
        "Een token of geheim staat in het adres; het hoort in een header of formulier.",
        "A token or secret stands in the address; it belongs in a header or form.",
    ),
    "too-many-token-calls": (
        "Meer dan 200 tokenaanroepen op een dag voor een app en gebruiker.",
        "More than 200 token calls a day for one app and user.",
    ),
    # Limits.
    "too-many-calls": (
        "Meer aanroepen dan de limiet van app en administratie.",
        "More calls than the limit of app and division allows.",
    ),
    "called-while-blocked": (
        "Aangeroepen tijdens de blokkade na te veel fouten.",
        "Called during the block after too many errors.",
    ),
    "too-many-errors": (
        "Tien fouten (400, 401, 403, 404) in een uur op een endpoint.",
        "Ten errors (400, 401, 403, 404) in an hour on one endpoint.",
    ),
    "parallel-calls": (
        "Twee aanroepen tegelijk van een app in een administratie.",
        "Two calls of one app to one division at the same time.",
    ),
    "url-too-long": (
        "Het adres is langer dan 6.000 tekens.",
        "The address is longer than 6,000 characters.",
    ),
    "body-too-large": ("De inhoud is groter dan 10 MB.", "The body is larger than 10 MB."),
    "expect-continue": (
        "Expect: 100-continue geeft bij Exact altijd 500.",
        "Expect: 100-continue is always answered with 500.",
    ),
    # Reading.
    "no-accept": (
        "Geen 'Accept: application/json': het antwoord is Atom XML.",
        "No 'Accept: application/json': the answer is Atom XML.",
    ),
    "select-star": (
        "$select=* leest alles; Exact raadt het af en weigert het soms.",
        "$select=* reads everything; Exact discourages and sometimes refuses it.",
    ),
    "skip-used": (
        "$skip bestaat niet op nieuwere endpoints; volg __next.",
        "$skip is gone on newer endpoints; follow __next.",
    ),
    "next-not-followed": (
        "__next is een heel adres: vraag het op zoals het gegeven is.",
        "__next is a whole address: ask for it as it was given.",
    ),
    "no-question-mark": (
        "De opties staan in het pad: er ontbreekt een vraagteken.",
        "The options stand in the path: a question mark is missing.",
    ),
    "batch-used": ("$batch wordt niet ondersteund.", "$batch is not supported."),
    "wrong-case": (
        "Het pad bestaat, maar met andere hoofdletters.",
        "The path exists, in another case.",
    ),
    # Writing.
    "amount-dc-sent": (
        "AmountDC is alleen-lezen: het bedrag is genegeerd. Stuur AmountFC.",
        "AmountDC is read-only: the amount was ignored. Send AmountFC.",
    ),
    "duplicate-content": (
        "Dezelfde boeking is twee keer opgeslagen.",
        "The same entry was stored twice.",
    ),
    "date-with-zone": (
        "Een datum met Z of een tijdzone kan een dag verschuiven.",
        "A date with Z or an offset can move to another day.",
    ),
    "no-content-type": (
        "Geen 'Content-Type: application/json' bij een inhoud.",
        "No 'Content-Type: application/json' with a body.",
    ),
    # Sage Accounting.
    "no-business": (
        "Geen X-Business: Sage neemt dan het hoofdbedrijf, en dat kan wijzigen.",
        "No X-Business: Sage takes the lead business then, and that can change.",
    ),
}


def explained(rule: str, language: str) -> str:
    """What the rule says, in the reader's language."""
    dutch, english = RULES[rule]
    return dutch if language == "nl" else english
