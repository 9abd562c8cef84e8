"""Dutch and English: the language of the person, else of the company, else Dutch.

Amounts come as integer minor units and leave as text of the language; instants are UTC and shown
in the time of the shop.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context
from flask_babel import Babel, get_locale

TRANSLATIONS = Path(__file__).resolve().parent / "translations"
LANGUAGES = {"nl": "Nederlands", "en": "English"}
ZONE = ZoneInfo("Europe/Amsterdam")


def install(app: Flask) -> None:
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(TRANSLATIONS)
    app.config["BABEL_DEFAULT_LOCALE"] = "nl"
    Babel(app, locale_selector=language)
    app.jinja_env.filters.update(money=money, when=when, day=day, clock=clock_time)
    app.jinja_env.globals.update(language=language, LANGUAGES=LANGUAGES)


def language() -> str:
    """'nl' or 'en'."""
    if has_request_context():
        login = g.get("login")
        company = g.get("company")
        chosen = (login.language if login else "") or (company.language if company else "")
        if chosen in LANGUAGES:
            return chosen
    return "nl"


def money(minor: int | None) -> str:
    """Minor units with two decimals and separators; empty for none."""
    if minor is None:
        return ""
    amount = Decimal(minor).scaleb(-2)
    return str(format_decimal(amount, format="#,##0.00", locale=_locale()))


def when(instant: datetime | None) -> str:
    """An instant as day and time of the shop."""
    if instant is None:
        return ""
    pattern = "d MMM yyyy HH:mm"
    return str(format_datetime(instant, pattern, tzinfo=ZONE, locale=_locale()))


def clock_time(instant: datetime | None) -> str:
    if instant is None:
        return ""
    return str(format_datetime(instant, "HH:mm:ss", tzinfo=ZONE, locale=_locale()))


def day(on: date | datetime | None, pattern: str = "EEE d MMM yyyy") -> str:
    """A business day with its weekday."""
    if on is None:
        return ""
    if isinstance(on, datetime):
        on = on.astimezone(ZONE).date()
    return str(format_date(on, pattern, locale=_locale()))


def _locale() -> str:
    return str(get_locale() or "nl")
