"""What the screens tell about OData services."""

from __future__ import annotations

import re

from retailvista.connectors.guidance import AdvancedKey, Guidance, whole_between

TEXTS = {
    "summary": "Any service that speaks OData version 4: its tables are read and written by flows;"
    " also the feed of another company of yours.",
    "address": "The root of the service, without $metadata and without a question mark. For a feed"
    " of RetailVista: the address that stands on the feed's screen.",
    "metadata": "Press Test: what the service has is then read from its $metadata and offered to"
    " flows. Press it again when the service changed.",
    "basic": "For a feed of RetailVista choose User and password: the user name that stands at the"
    " top right of its screens, and an access token as the password.",
    "about": "about OData",
    "page": "How many rows are asked for at a time.",
    "minute": "How many calls a minute at most.",
    "day": "How many calls a day at most.",
    "accept": "The language that the service is asked to answer in, such as nl.",
}

GUIDANCE = Guidance(
    summary=TEXTS["summary"],
    words="odata v4 open data protocol feed rest sap dynamics sharepoint business central",
    notes=(TEXTS["metadata"], TEXTS["basic"]),
    links=((TEXTS["about"], "https://www.odata.org/"),),
    site_hint=TEXTS["address"],
)
ADVANCED = (
    AdvancedKey("page_size", TEXTS["page"], whole_between(1, 5_000)),
    AdvancedKey("calls_per_minute", TEXTS["minute"], whole_between(4, 600)),
    AdvancedKey("calls_per_day", TEXTS["day"], whole_between(100, 100_000)),
    AdvancedKey(
        "accept_language",
        TEXTS["accept"],
        lambda text: re.fullmatch(r"[A-Za-z]{2}(-[A-Za-z]{2})?", text) is not None,
    ),
)
