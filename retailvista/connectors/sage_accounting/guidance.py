"""What the screens tell about Sage Accounting; the facts and their sources are in docs/sage.md."""

from __future__ import annotations

from retailvista.connectors.guidance import AdvancedKey, Guidance, whole_between

TEXTS = {
    "summary": "Bookkeeping of companies abroad: journals are posted, kept from being booked twice"
    " by a key, and read back.",
    "portal": "Log in at the developer portal of Sage and register an app.",
    "copy": "Save, and copy the client ID and the client secret into the fields below.",
    "countries": "Sage offers journals in Canada, Great Britain and Ireland: with the Plus and"
    " Start plans, in Great Britain and Ireland also with Standard. There is no Sage Accounting"
    " in the Netherlands or Belgium.",
    "role": "The Sage user needs the role Journals: Full Access; reading alone needs Read Only.",
    "scope": "The login asks for the scope full_access. A token lives five minutes and is renewed"
    " by itself; after 31 days without use a login is needed.",
    "site": "One address for all countries.",
    "journal": "Sage has journal codes in France only; elsewhere this is JNL and is not sent.",
    "vat": "Journals make no VAT at Sage: VAT lines are sent on the accounts you chose.",
    "authenticating": "how logging in works at Sage",
    "reference": "reference of the API",
    "minute": "How many calls a minute at most. Sources on Sage's own limit differ (100 or 200),"
    " so the product stays at 60 unless you say otherwise.",
    "day": "How many calls a day at most. Sources name 2,500 as the lowest limit of Sage, so the"
    " product stays at 2,400 unless you say otherwise.",
}

GUIDANCE = Guidance(
    summary=TEXTS["summary"],
    words="sage accounting business cloud sageone boekhouding ireland britain canada",
    steps=(TEXTS["portal"], "", TEXTS["copy"]),
    notes=(TEXTS["countries"], TEXTS["role"], TEXTS["scope"]),
    app_url="https://developerselfservice.sageone.com",
    links=(
        (
            TEXTS["authenticating"],
            "https://developer.sage.com/accounting/guides/authenticating/",
        ),
        (TEXTS["reference"], "https://developer.sage.com/accounting/reference/"),
    ),
    site_hint=TEXTS["site"],
    journal_hint=TEXTS["journal"],
    vat_hint=TEXTS["vat"],
)
ADVANCED = (
    AdvancedKey("calls_per_minute", TEXTS["minute"], whole_between(20, 200)),
    AdvancedKey("calls_per_day", TEXTS["day"], whole_between(500, 10_000)),
)
