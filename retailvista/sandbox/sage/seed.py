"""What a fresh Sage holds: three businesses with their charts, tax rates and contacts.

Journals can be posted by API in Great Britain and Ireland; the French business has journal codes.
The users are those of the sandbox, with the same password.
"""

from __future__ import annotations

import json
from typing import Any

from retailvista.sandbox.store import Store, guid

# Number, name, country, base currency, users.
BUSINESSES = (
    (1, "Groenhof Ireland", "IE", "EUR", "boekhouder@groenhof.example"),
    (2, "Groenhof Garden Centres UK", "GB", "GBP", "boekhouder@groenhof.example"),
    (3, "Jardinerie Groenhof", "FR", "EUR", "boekhouder@groenhof.example"),
    (4, "Teststore Ireland", "IE", "EUR", "regnskap@teststore.example"),
    # Books in kroner, for the till file of a Norwegian store.
    (5, "Teststore in kroner", "GB", "NOK", "regnskap@teststore.example"),
)
# Nominal code, name, type, control name, visible in journals.
CHART = (
    (1001, "Stock", "CURRENT_ASSETS", "", True),
    (1100, "Trade Debtors", "CURRENT_ASSETS", "TRADE_DEBTORS", False),
    (1200, "Current Account", "BANK", "", True),
    (1210, "Card Takings in Transit", "CURRENT_ASSETS", "", True),
    (1230, "Cash in Tills", "CURRENT_ASSETS", "", True),
    (2100, "Trade Creditors", "CURRENT_LIABILITIES", "TRADE_CREDITORS", False),
    (2200, "VAT on Sales", "CURRENT_LIABILITIES", "VAT_ON_SALES", True),
    (2201, "VAT on Purchases", "CURRENT_LIABILITIES", "VAT_ON_PURCHASES", True),
    (2210, "Gift Vouchers", "CURRENT_LIABILITIES", "", True),
    (4000, "Sales Plants", "SALES", "", True),
    (4010, "Sales Hardware", "SALES", "", True),
    (4900, "Other Income", "OTHER_INCOME", "", True),
    (5000, "Cost of Sales", "DIRECT_EXPENSES", "", True),
    (7500, "Cash Differences", "OVERHEADS", "", True),
    (7510, "Rounding", "OVERHEADS", "", True),
)
TAX = {
    "IE": (("IE_STANDARD", "Standard", 23.0), ("IE_LOWER", "Second Reduced", 9.0)),
    "GB": (("GB_STANDARD", "Standard", 20.0), ("GB_ZERO", "Zero Rated", 0.0)),
    "FR": (("FR_STANDARD", "Taux normal", 20.0), ("FR_LOWER", "Taux réduit", 10.0)),
}
CONTACTS = ("Till Customers", "Nursery Van Dijk", "Hardware Wholesale")
CODES = (("OD", "Opérations diverses"), ("VE", "Ventes"))


def business_id(number: int) -> str:
    """The id of a business of the seed."""
    return guid("sage", number).replace("-", "")


def seed(store: Store) -> None:
    """Fill an empty file; what was filled before stays."""
    with store.transaction():
        if store.row("SELECT 1 FROM sage_business LIMIT 1"):
            return
        for number, name, country, currency, users in BUSINESSES:
            store.insert(
                "sage_business",
                {
                    "id": business_id(number),
                    "seq": number,
                    "name": name,
                    "country": country,
                    "currency": currency,
                    "users": users,
                },
            )
            _lists(store, business_id(number), country)


def _lists(store: Store, business: str, country: str) -> None:
    for code, name, type_, control, visible in CHART:
        body = {
            "name": name,
            "nominal_code": code,
            "ledger_account_type": {"id": type_, "displayed_as": type_},
            "visible_in_journals": visible,
            "is_control_account": bool(control),
            "control_name": control or None,
        }
        add(store, business, "ledger_accounts", f"{name} ({code})", body)
    for id_, name, percentage in TAX[country]:
        body = {"name": name, "percentage": percentage, "is_visible": True}
        add(store, business, "tax_rates", name, body, id_=id_)
    for name in CONTACTS:
        add(store, business, "contacts", name, {"name": name})
    for short, name in CODES if country == "FR" else ():
        body = {"name": name, "code": short}
        add(store, business, "journal_codes", f"{name} ({short})", body)


def add(
    store: Store,
    business: str,
    resource: str,
    displayed_as: str,
    body: dict[str, Any],
    *,
    id_: str = "",
) -> str:
    """One record; its id."""
    now = store.now_s()
    row = store.row("SELECT coalesce(max(seq), 0) + 1 FROM sage_record")
    assert row is not None, "an aggregate has a row"
    id_ = id_ or guid("sage", business, resource, row[0]).replace("-", "")
    store.insert(
        "sage_record",
        {
            "seq": row[0],
            "business": business,
            "resource": resource,
            "id": id_,
            "displayed_as": displayed_as,
            "created": now,
            "updated": now,
            "body": json.dumps(body),
        },
    )
    return id_
