"""Extra > Usage: refreshes and rows of a period, what they cost by the tariff, and the tariff."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import StringField, validators

from retailvista.errors import Refused
from retailvista.flows import usage
from retailvista.flows.keeping import list_flows
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, BOOKKEEPER, allow
from retailvista.web.flow_words import tariff
from retailvista.web.forms import PageForm

screen = Blueprint("usage", __name__)
PERIOD = timedelta(days=27)


class TariffForm(PageForm):
    """Prices as people write them, with a comma or a point."""

    currency = StringField(_l("Currency"), [validators.InputRequired(), validators.Length(max=3)])
    per_refresh = StringField(_l("Per refresh"), [validators.InputRequired()])
    per_million_rows = StringField(_l("Per million rows"), [validators.InputRequired()])


@screen.get("/usage")
@allow(BOOKKEEPER)
def page() -> str:
    return _page()


@screen.post("/usage")
@allow(ADMINISTRATOR)
def save() -> Response | tuple[str, int]:
    filled = TariffForm(request.form)
    if not filled.validate():
        return _page(filled), 400
    try:
        usage.set_prices(
            wiring.session(), g.login.email, filled.currency.data or "",
            _price(filled.per_refresh.data), _price(filled.per_million_rows.data),
        )  # fmt: skip
    except Refused as refused:
        return _page(filled, str(refused)), 400
    return redirect(url_for(".page", done="saved"), 303)


def _price(text: str | None) -> Decimal:
    """A price as it was typed. Refused for what is none."""
    try:
        return Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation as error:
        raise Refused("A price is a number, such as 0.10.") from error


def _page(filled: TariffForm | None = None, message: str = "") -> str:
    today = wiring.clock().now().date()
    last = _day("to") or today
    first = _day("from") or last - PERIOD
    if last < first:
        first, last = last, first
    with wiring.reading() as session:
        found = usage.usage(session, first, last)
        flows = {row.number: row for row in list_flows(session)}
    prices = found.prices
    form = filled or TariffForm(
        data={
            "currency": prices.currency,
            "per_refresh": tariff(prices.per_refresh),
            "per_million_rows": tariff(prices.per_million_rows),
        }
    )
    free = prices.trial_until is not None and prices.trial_until > wiring.clock().now()
    return render_template(
        "usage.html", usage=found, flows=flows, form=form, message=message, in_trial=free,
        first=first, last=last,
    )  # fmt: skip


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
