"""What the switches on the page are called, Dutch first, English second.

Invariant: every switch on the page has its words; the setting's own name stands beside them.
"""

from __future__ import annotations

# In the order of the page.
GROUPS: dict[str, tuple[str, str]] = {
    "books": ("Boeken", "Books"),
    "login": ("Inloggen", "Login"),
    "limits": ("Limieten", "Limits"),
    "reading": ("Lezen", "Reading"),
    "webhooks": ("Webhooks", "Webhooks"),
    "sage": ("Sage Accounting", "Sage Accounting"),
}
SHOWN: dict[str, tuple[str, str, str]] = {
    "numbers": ("books", "Gebruikt boekstuknummer", "Entry number in use"),
    "numbers_unique": ("books", "Nummer uniek per", "Number unique per"),
    "entry_ids": ("books", "Eigen EntryID", "EntryID of the client"),
    "vat": ("books", "Btw op memoriaalregels", "VAT on general lines"),
    "statement_sign": ("books", "Teken van bank en kas", "Sign of bank and cash"),
    "account_types": ("books", "Soorten rekeningen", "Types of accounts"),
    "foreign_guid": ("books", "Guid van elders", "Guid of elsewhere"),
    "refusals": ("books", "Teksten van weigeringen", "Texts of refusals"),
    "refresh_rule": ("login", "Oude refresh token", "Previous refresh token"),
    "early_refresh": ("login", "Te vroeg vernieuwd", "Refreshed too early"),
    "old_refresh_token": ("login", "Status bij oud token", "Status for an old token"),
    "gap_on_code": ("login", "570 s ook voor codes", "570 s for codes too"),
    "token_transient_400": ("login", "Tijdelijke 400", "Transient 400"),
    "token_night_400": ("login", "400 in de nacht", "400 at night"),
    "token_calls_day": ("login", "Tokenaanroepen per dag", "Token calls a day"),
    "limits": ("limits", "Limieten", "Limits"),
    "calls_minute": ("limits", "Aanroepen per minuut", "Calls a minute"),
    "calls_day": ("limits", "Aanroepen per dag", "Calls a day"),
    "errors_hour": ("limits", "Fouten per uur", "Errors an hour"),
    "error_block_s": ("limits", "Blokkade in seconden", "Block in seconds"),
    "error_block_text": ("limits", "Tekst van de blokkade", "Text of the block"),
    "access": ("reading", "Toegang", "Access"),
    "rights": ("reading", "Rechten", "Rights"),
    "rights_lost_after_posts": ("reading", "Rechten weg na boekingen", "Rights gone after entries"),
    "mandatory_filter": ("reading", "Verplicht $filter", "Mandatory $filter"),
    "mandatory_select": ("reading", "Verplicht $select", "Mandatory $select"),
    "skip_option": ("reading", "Optie $skip", "Option $skip"),
    "bulk_next": ("reading", "__next van bulk", "__next of bulk"),
    "parallel_order": ("reading", "Volgorde tegelijk", "Order in parallel"),
    "broad_rows": ("reading", "Te breed vanaf rijen", "Too broad from rows"),
    "webhook_create": ("webhooks", "Action bij nieuw", "Action when new"),
    "webhook_time": ("webhooks", "Vorm van de tijd", "Form of the time"),
    "webhook_order": ("webhooks", "Volgorde", "Order"),
    "webhook_copies": ("webhooks", "Exemplaren", "Copies"),
    "webhook_retries": ("webhooks", "Nieuwe pogingen", "Retries"),
    "sage_keys": ("sage", "Herhaald idempotency_id", "Repeated idempotency_id"),
    "sage_voided": ("sage", "Vervallen journalen", "Voided journals"),
    "sage_token_life_s": ("sage", "Token leeft seconden", "Token lives seconds"),
    "sage_calls_minute": ("sage", "Aanroepen per minuut", "Calls a minute"),
}


def named(name: str, language: str) -> str:
    """What a switch is called."""
    return SHOWN[name][1 if language == "nl" else 2]


def group_names(language: str) -> dict[str, str]:
    """The groups in order."""
    place = 0 if language == "nl" else 1
    return {group: words[place] for group, words in GROUPS.items()}
