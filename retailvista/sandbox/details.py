"""What the judge says of one finding, in Dutch: the English stands in the file.

Invariant: every sentence of ours has its Dutch; the words of Exact's own refusals stay as they are.
"""

from __future__ import annotations

import re

# {} stands for what belongs to the finding.
DETAILS: dict[str, str] = {
    "Exact answers Atom XML without it.": "Zonder die header antwoordt Exact met Atom XML.",
    "Exact answers it with 500.": "Exact antwoordt erop met 500.",
    "Exact queues them in random order.": "Exact zet ze in een willekeurige volgorde.",
    "Answered with 413.": "Beantwoord met 413.",
    "Answered with 429.": "Beantwoord met 429.",
    "Entry {} has the content of entry {}.": "Boeking {} heeft de inhoud van boeking {}.",
    "It is {}.": "Het is {}.",
    "It was ignored.": "Het bedrag is genegeerd.",
    "The last one was {}.": "De laatste was {}.",
    "{} characters.": "{} tekens.",
}


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("(.*)".join(re.escape(part) for part in text.split("{}")), re.DOTALL)


PATTERNS = [(_pattern(english), dutch) for english, dutch in DETAILS.items()]


def told(detail: str, language: str) -> str:
    """The detail in the reader's language; what is no sentence of ours stays."""
    if language != "nl":
        return detail
    for pattern, dutch in PATTERNS:
        found = pattern.fullmatch(detail)
        if found:
            return dutch.format(*found.groups())
    return detail
