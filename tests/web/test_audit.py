"""The audit page: who did what, said to people."""

from __future__ import annotations

import re

from tests.web.filling import fill
from tests.web.test_screens import COMPANY


def test_the_audit_is_in_the_readers_words(site, admin):
    """Codes, lists and English names are what the rows keep, not what a person reads."""
    fill(site)
    admin.post("/companies/1", **COMPANY | {"name": "Groenhof Zuid"})
    admin.post("/connectors")
    admin.post("/ledger-links/initialise")
    page = re.sub(r"<[^>]+>", "\n", admin.get("/audit").text)
    for words in ("koppeling", "connector 1", "bedrijf 1", "naam", "bonnen", "al bekend: 0"):
        assert words in page, words
    for raw in ("True", "False", "None", "[[", "{'", "journal ", "store ", "links added", "user "):
        assert raw not in page, raw
