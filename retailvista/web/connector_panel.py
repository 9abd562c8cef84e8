"""Extra > Connectors > add: everything there is a connector for, found while somebody types."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, render_template, request
from flask_babel import gettext
from sqlalchemy.orm import Session

from retailvista.companies import registering as companies
from retailvista.connectors import warehouses
from retailvista.connectors.registry import PROVIDERS
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow

screen = Blueprint("connector_panel", __name__)
WAREHOUSE_SUMMARY = (
    "A database that flows load: a file of this installation, PostgreSQL or Snowflake."
)
WAREHOUSE_WORDS = "warehouse datawarehouse database duckdb postgresql snowflake sql"


@dataclass(frozen=True, slots=True)
class Card:
    """One kind of connector; `missing` is the licence the company does not have."""

    key: str
    name: str
    summary: str
    words: str
    icon: str
    missing: str = ""


@screen.get("/connectors/new")
@allow(ADMINISTRATOR)
def page() -> str:
    text = request.args.get("q", "").strip()
    with wiring.reading() as session:
        cards = [card for card in _cards(session) if found_by(card, text)]
    return render_template("connector_add.html", cards=cards, text=text, alias=g.company.alias)


def found_by(card: Card, text: str) -> bool:
    """Whether a card has everything that was typed, in its name, summary or search words."""
    where = f"{card.name} {gettext(card.summary)} {card.words}".casefold()
    return all(part in where for part in text.casefold().split())


def _cards(session: Session) -> list[Card]:
    cards = [
        Card(
            provider.key, provider.name, provider.guidance.summary, provider.guidance.words,
            "plug", _missing(session, provider.licence),
        )
        for provider in PROVIDERS.values()
    ]  # fmt: skip
    named = gettext("Warehouse")
    return [
        *cards,
        Card(warehouses.PROVIDER, named, WAREHOUSE_SUMMARY, WAREHOUSE_WORDS, "database"),
    ]


def _missing(session: Session, licence: str) -> str:
    return "" if not licence or companies.has_licence(session, licence) else licence
