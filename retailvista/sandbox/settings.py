"""What can be switched in the sandbox, with its default; nothing else is accepted.

Invariant: a value has the type of its default, and one of the choices where there are any.
A setting holds for the whole server (division 0) or for one division, which wins.
"""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, str | int | bool] = {
    # Profiles: what nobody knows about the real Exact.
    "numbers": "refuses-used",
    "numbers_unique": "per-journal",
    "entry_ids": "ignored",
    "statement_sign": "receipt-positive",
    "vat": "net-added",
    "rights": "kept",
    "rights_lost_after_posts": 0,
    "refusals": "known",
    "foreign_guid": "nulled",
    "lines_refused": "nothing-stored",
    "account_types": "strict",
    "created_lines": "deferred",
    # OAuth.
    "refresh_rule": "strict",
    "early_refresh": "reason",
    "old_refresh_token": "401",
    "gap_on_code": False,
    "token_transient_400": False,
    "token_night_400": False,
    "token_gap_s": 570,
    "token_life_s": 600,
    "token_calls_day": 200,
    "code_life_s": 180,
    "refresh_life_days": 30,
    # Limits.
    "limits": True,
    "calls_minute": 60,
    "calls_day": 5000,
    "errors_hour": 10,
    "error_block_s": 3600,
    "error_block_text": "plain",
    "url_length": 6000,
    "body_bytes": 10 * 1024 * 1024,
    # Dialect.
    "mandatory_filter": True,
    "mandatory_select": False,
    "bulk_select": True,
    "deleted_days": 61,
    "skip_option": "works",
    "page_rows": 60,
    "page_rows_sync": 1000,
    "bulk_next": "inside",
    "parallel_order": "random",
    # What a division answers apart from its books.
    "access": "open",
    "broad_rows": 0,
    # Webhooks.
    "webhook_hosts": "",
    "webhook_create": "Update",
    "webhook_time": "iso",
    "webhook_copies": 1,
    "webhook_order": "in-order",
    "webhook_retries": 10,
    # Sage Accounting.
    "sage_token_life_s": 300,
    "sage_code_life_s": 60,
    "sage_refresh_life_days": 31,
    "sage_calls_minute": 100,
    "sage_keys": "kept",
    "sage_key_days": 7,
    "sage_voided": "hidden",
    # Machinery.
    "clock_offset_s": 0,
    "keep_calls": 100000,
}

CHOICES: dict[str, tuple[str, ...]] = {
    "numbers": ("refuses-used", "accepts-used", "ignores-ours"),
    "numbers_unique": ("per-journal", "per-year", "overall"),
    "entry_ids": ("ignored", "honoured"),
    "statement_sign": ("receipt-positive", "debit-positive"),
    "vat": ("net-added", "gross-split", "amount-ignored", "debit-as-purchase", "netted"),
    "rights": ("kept", "lost"),
    "refusals": ("known", "unknown"),
    "foreign_guid": ("nulled", "refused"),
    "lines_refused": ("nothing-stored", "header-kept"),
    "account_types": ("strict", "lax"),
    "created_lines": ("deferred", "shown"),
    "refresh_rule": ("strict", "lenient"),
    "skip_option": ("works", "refused"),
    "bulk_next": ("inside", "outside"),
    "parallel_order": ("random", "as-they-come"),
    "early_refresh": ("reason", "text"),
    "old_refresh_token": ("401", "400"),
    "error_block_text": ("plain", "json"),
    "access": ("open", "NoDivisionAccess", "DivisionBlocked", "LicenseExpired", "BlockedCustomer"),
    "webhook_create": ("Update", "Create"),
    "webhook_time": ("iso", "epoch"),
    "webhook_order": ("in-order", "reversed"),
    "sage_keys": ("kept", "ignored"),
    "sage_voided": ("hidden", "listed"),
}

# Texts that are free: a list of host names, separated by blanks.
FREE = ("webhook_hosts",)
# What can be set for one app alone; it wins over the division and the server.
OF_APPS = (
    *("limits", "calls_minute", "calls_day", "errors_hour", "error_block_s"),
    *("token_calls_day", "token_gap_s", "token_life_s", "url_length", "mandatory_filter"),
)

# A profile is a short name for one switch, as the guide speaks of it.
PROFILES: dict[str, tuple[str, str]] = {
    **{value: ("numbers", value) for value in CHOICES["numbers"]},
    **{value: ("vat", value) for value in CHOICES["vat"]},
    "number-per-journal": ("numbers_unique", "per-journal"),
    "number-per-year": ("numbers_unique", "per-year"),
    "number-overall": ("numbers_unique", "overall"),
    "entry-id-ignored": ("entry_ids", "ignored"),
    "entry-id-honoured": ("entry_ids", "honoured"),
    "rights-kept": ("rights", "kept"),
    "rights-lost": ("rights", "lost"),
    "known-refusal": ("refusals", "known"),
    "unknown-refusal": ("refusals", "unknown"),
}


class WrongSetting(ValueError):
    """The name is not known or the value does not fit; the text says which and what would."""


def checked(name: str, value: Any) -> str | int | bool:
    """The value as the setting's own type, or WrongSetting."""
    if name not in DEFAULTS:
        raise WrongSetting(f"No setting '{name}'. Known: {', '.join(sorted(DEFAULTS))}.")
    default = DEFAULTS[name]
    if isinstance(default, bool):
        return _as_bool(name, value)
    if isinstance(default, int):
        return _as_int(name, value)
    if name in FREE:
        return str(value)
    choices = CHOICES[name]
    if value not in choices:
        raise WrongSetting(f"'{name}' is one of {', '.join(choices)}, not {value!r}.")
    return str(value)


def _as_bool(name: str, value: Any) -> bool:
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() in words:
        return words[str(value).lower()]
    raise WrongSetting(f"'{name}' is on or off, not {value!r}.")


def _as_int(name: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise WrongSetting(f"'{name}' is a whole number, not {value!r}.") from None
