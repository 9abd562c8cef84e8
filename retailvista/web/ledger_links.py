"""Administration > Ledger links: list, set, remove, Initialise, missing links, import."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, validators

from retailvista.errors import Refused
from retailvista.journals import links, seen
from retailvista.ledger import link_rows
from retailvista.web import wiring
from retailvista.web.access import BOOKKEEPER, VIEWER, allow
from retailvista.web.forms import PageForm, choices

screen = Blueprint("ledger_links", __name__)
KINDS = {
    link_rows.GROUP: _l("Register group"),
    link_rows.GROUP_LEDGER: _l("Ledger of a register group"),
    link_rows.PAYMENT: _l("Payment type"),
    link_rows.VAT: _l("VAT rate"),
    link_rows.ROUNDING: _l("Rounding"),
    link_rows.FALLBACK: _l("Fallback table"),
}


class LinkForm(PageForm):
    """One link. What `vat` means depends on the kind, as the hints on the page say."""

    kind = SelectField(_l("Kind"), choices=choices(KINDS.items()))
    code = StringField(_l("Code"), [validators.Length(max=60)])
    sales_type = StringField(_l("Sales type"), [validators.Length(max=20)])
    vat = StringField(_l("VAT rate or VAT code"), [validators.Length(max=10)])
    gl_code = StringField(_l("G/L account"), [validators.Length(max=20)])


@dataclass(frozen=True, slots=True)
class Shown:
    """What to show above the list after something was done."""

    initialised: links.Initialised | None = None
    imported: links.LinksImported | None = None


@screen.get("/ledger-links")
@allow(VIEWER)
def index() -> str:
    return _page(LinkForm(request.args))


@screen.post("/ledger-links")
@allow(BOOKKEEPER)
def save() -> Response | tuple[str, int]:
    filled = LinkForm(request.form)
    if not filled.validate():
        return _page(filled), 400
    try:
        values = filled.values("kind", "code", "sales_type", "vat", "gl_code")
        links.set_link(wiring.session(), **_texts(values), actor=g.login.email)
    except Refused as refused:
        filled.complain("gl_code" if "G/L" in str(refused) else "code", str(refused))
        return _page(filled), 400
    return redirect(url_for(".index", done="saved"), 303)


@screen.post("/ledger-links/remove")
@allow(BOOKKEEPER)
def remove() -> Response:
    wanted = {name: request.form.get(name, "") for name in ("kind", "code", "sales_type", "vat")}
    links.remove_link(wiring.session(), **wanted, actor=g.login.email)
    return redirect(url_for(".index", done="removed"), 303)


@screen.post("/ledger-links/initialise")
@allow(BOOKKEEPER)
def initialise() -> str:
    done = links.initialise(wiring.session(), g.login.email)
    return _page(LinkForm(), Shown(initialised=done))


@screen.post("/ledger-links/import")
@allow(BOOKKEEPER)
def take_file() -> str | tuple[str, int]:
    file = request.files.get("file")
    raw = file.read(2_000_000) if file else b""
    try:
        done = links.import_links(wiring.session(), raw.decode("utf-8-sig"), g.login.email)
    except UnicodeDecodeError:
        return _page(LinkForm(), message="The file is not text in UTF-8."), 400
    except Refused as refused:
        return _page(LinkForm(), message=str(refused)), 400
    return _page(LinkForm(), Shown(imported=done))


def _texts(values: dict[str, str | None]) -> dict[str, str]:
    return {name: value or "" for name, value in values.items()}


def _page(filled: LinkForm, shown: Shown | None = None, message: str = "") -> str:
    with wiring.reading() as session:
        rows = links.list_links(session)
        lacking = links.missing_links(session)
        names = seen.names_of(seen.seen_in_files(session))
    return render_template(
        "ledger_links.html", form=filled, rows=rows, lacking=lacking, kinds=KINDS, names=names,
        shown=shown or Shown(), message=message,
    )  # fmt: skip
