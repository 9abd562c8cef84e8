"""What the screens tell about Exact Online."""

from __future__ import annotations

from retailvista.connectors.guidance import AdvancedKey, Guidance, whole_between

TEXTS = {
    "summary": "Bookkeeping in the Netherlands, Belgium and other countries: journals are posted"
    " and read back, records are read and written.",
    "store": "Log in at Exact and choose the App Store.",
    "register": "Register a test or production app with the name: RetailVista ERP",
    "accept": "Accept the terms, save, and copy the client ID and the client secret into the"
    " fields below.",
    "site": "The country where the administration lives at Exact.",
    "journal": "Of type general journal, only for RetailVista. The list appears after the login.",
    "vat": "The VAT return of Exact counts only lines with a VAT code.",
    "obtain": "how to obtain client ID and secret",
    "reference": "reference of the API",
    "minute": "How many calls a minute at most; Exact itself allows 60.",
    "day": "How many calls a day at most; Exact itself allows 5,000.",
}

OBTAIN = (
    "https://support.exactonline.com/community/s/knowledge-base#All-All-DNO-Content-gettingstarted"
)

GUIDANCE = Guidance(
    summary=TEXTS["summary"],
    words="exact online erp boekhouding accounting nederland belgie",
    steps=(TEXTS["store"], TEXTS["register"], "", TEXTS["accept"]),
    app_url="https://www.exact.com/nl/login",
    links=(
        (
            TEXTS["obtain"],
            OBTAIN,
        ),
        (TEXTS["reference"], "https://start.exactonline.nl/docs/HlpRestAPIResources.aspx"),
    ),
    site_hint=TEXTS["site"],
    journal_hint=TEXTS["journal"],
    vat_hint=TEXTS["vat"],
)
ADVANCED = (
    AdvancedKey("calls_per_minute", TEXTS["minute"], whole_between(20, 55)),
    AdvancedKey("calls_per_day", TEXTS["day"], whole_between(100, 4_800)),
)
