"""What Exact's books say when they refuse, in the language of the user.

Invariant: every text is one that people have seen, or built by the same pattern ("Verplicht: X",
"Ongeldige referentie: X"); a business refusal is HTTP 500 with an empty code.
"""

from __future__ import annotations

from retailvista.sandbox.answers import Refusal

TEXTS: dict[str, tuple[str, str]] = {
    # Dutch first, then English.
    "journal-missing": ("Verplicht: Dagboek", "Mandatory: Journal"),
    # English texts are not consistent (picqer/exact-php-client#325).
    "diary-missing": ("Verplicht: Dagboek", "Mandatory: Diary"),
    "relation-missing": ("Verplicht: Relatie", "Mandatory: Relationship"),
    "journal-unknown": ("Ongeldige referentie: Journals", "Invalid reference: Journals"),
    "journal-wrong": (
        "Ongeldig: Dagboek",
        "Invalid journal. The journal must be a general journal.",
    ),
    "lines-missing": ("Verplicht: Regels", "Mandatory: Lines"),
    "account-missing": ("Verplicht: Grootboekrekening", "Mandatory: G/L account"),
    "account-unknown": (
        "Ongeldige referentie: Grootboekrekening",
        "Invalid reference: G/L account",
    ),
    "account-type": ("Ongeldig: Grootboekrekeningtype", "Invalid: G/L account type"),
    "vat-unknown": ("Ongeldige referentie: Btw-code", "Invalid reference: VAT code"),
    "vat-forbidden": ("Niet toegestaan: Btw-code", "Not allowed: VAT code"),
    "vat-missing": ("Verplicht: Btw-code", "Mandatory: VAT code"),
    "vat-rate": ("Ongeldig: Btw-percentage []", "Invalid: VAT percentage []"),
    "cost-center-missing": ("Verplicht: Kostenplaats", "Mandatory: Cost center"),
    "cost-center-unknown": ("Ongeldige referentie: Kostenplaats", "Invalid reference: Cost center"),
    "cost-center-forbidden": ("Niet toegestaan: Kostenplaats", "Not allowed: Cost center"),
    "currency-unknown": ("Ongeldige referentie: Valuta", "Invalid reference: Currency"),
    "currency-forbidden": ("Niet toegestaan: Valuta", "Not allowed: Currency"),
    "year-missing": ("Verplicht: Boekjaar", "Unknown: Financial year (Period - date table)"),
    "period-closed": ("Periode is afgesloten: {year} - {period}", "Period is closed"),
    "number-used": ("In gebruik: Boekstuknummer", "In use: Document number"),
    "unbalanced": (
        "De boeking is niet in evenwicht op: {year} / {period} (Type: {type}) - Verschil: {amount}",
        "This entry is not balanced on: {year} / {period} (Type: {type}) - Difference: {amount}",
    ),
    "processed": ("Reeds verwerkt", "Already processed"),
    "exists": ("Gegeven bestaat reeds.", "Data already exists"),
    "missing": ("Verplicht: {label}", "Mandatory: {label}"),
    "unknown-reference": ("Ongeldige referentie: {label}", "Invalid reference: {label}"),
    "invalid": ("Ongeldig: {label}", "Invalid: {label}"),
    "forbidden": ("Niet toegestaan: {label}", "Not allowed: {label}"),
    "in-use": (
        "Kan niet verwijderen: {label} - Gebruikt in: {users}",
        "Cannot delete: {label} - Used in: {users}",
    ),
    "customer-type": ("Ongeldig: Klant (Type)", "Invalid: Customer (Type)"),
    "supplier-type": ("Ongeldig: Leverancier (Type)", "Invalid: Supplier (Type)"),
    "cash-journal": ("Ongeldig: Dagboek", "Invalid journal. The journal must be a cash journal."),
    "bank-journal": ("Ongeldig: Dagboek", "Invalid journal. The journal must be a bank journal."),
    "sales-journal": ("Ongeldig: Dagboek", "Invalid journal. The journal must be a sales journal."),
    "purchase-journal": (
        "Ongeldig: Dagboek",
        "Invalid journal. The journal must be a purchase journal.",
    ),
    # Stands in no list of known refusals, on purpose: profile unknown-refusal.
    "unknown": (
        "De bewerking kon niet worden voltooid wegens controle 7Q.",
        "The operation could not be completed because of check 7Q.",
    ),
}
# What people call a property, Dutch first; any other goes by its own name.
LABELS: dict[str, tuple[str, str]] = {
    "Account": ("Relatie", "Account"),
    "Attachment": ("Bijlage", "Attachment"),
    "Costcenter": ("Kostenplaats", "Cost center"),
    "CostCenter": ("Kostenplaats", "Cost center"),
    "Costunit": ("Kostendrager", "Cost unit"),
    "CostUnit": ("Kostendrager", "Cost unit"),
    "Currency": ("Valuta", "Currency"),
    "Customer": ("Klant", "Customer"),
    "Description": ("Omschrijving", "Description"),
    "Document": ("Document", "Document"),
    "FileName": ("Bestandsnaam", "File name"),
    "GLAccount": ("Grootboekrekening", "G/L account"),
    "InvoiceTo": ("Factuur voor", "Invoice to"),
    "Item": ("Artikel", "Item"),
    "Name": ("Naam", "Name"),
    "OrderedBy": ("Besteld door", "Ordered by"),
    "PaymentCondition": ("Betalingsconditie", "Payment condition"),
    "PaymentConditionPurchase": ("Betalingsconditie", "Payment condition"),
    "PaymentConditionSales": ("Betalingsconditie", "Payment condition"),
    "Project": ("Project", "Project"),
    "PurchaseVATCode": ("Btw-code", "VAT code"),
    "Rate": ("Wisselkoers", "Exchange rate"),
    "SalesVATCode": ("Btw-code", "VAT code"),
    "Subject": ("Onderwerp", "Subject"),
    "Supplier": ("Leverancier", "Supplier"),
    "VATCode": ("Btw-code", "VAT code"),
    "Warehouse": ("Magazijn", "Warehouse"),
}
# A fault with the raw text of the runtime below (support.bookzo.nl).
RAW_FAULT = "Object reference not set to an instance of an object."
SERVER_FAULT = (
    "A problem has occurred. The cause of this issue will be investigated as soon as possible."
)


def said(key: str, language: str, **parts: object) -> str:
    """The text of a refusal."""
    dutch, english = TEXTS[key]
    return (dutch if language == "nl" else english).format(**parts)


def label(name: str, language: str) -> str:
    """What people call a property."""
    dutch, english = LABELS.get(name, (name, name))
    return dutch if language == "nl" else english


def money(currency: str, cents: int) -> str:
    """EUR 1.000,00 as Exact writes it, also in English texts."""
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{currency} {sign}{whole:,}".replace(",", ".") + f",{rest:02d}"


def refused(texts: list[str], language: str, *, known: bool) -> Refusal:
    """Several messages are joined by a line break."""
    if not known:
        texts = [said("unknown", language)]
    return Refusal(500, "\r\n".join(dict.fromkeys(texts)))
