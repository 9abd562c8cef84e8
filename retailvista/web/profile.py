"""The person's own profile, password, language and access tokens.

A changed password logs out everywhere at once. A token is shown once, on the answer to its form.
"""

from __future__ import annotations

from datetime import datetime, time
from functools import partial
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response
from wtforms import (
    DateField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    validators,
    widgets,
)

from retailvista.companies import people, tokens
from retailvista.companies.models import AccessToken, User
from retailvista.errors import NotFound, Refused
from retailvista.feed import feeds
from retailvista.web import login, wiring
from retailvista.web.access import VIEWER, allow
from retailvista.web.feeds import reader
from retailvista.web.forms import PageForm, choices
from retailvista.web.languages import LANGUAGES, ZONE

screen = Blueprint("profile", __name__)


SCOPES = [
    ("feed:read", _l("Read all feeds")),
    ("journals:read", _l("Read journals")),
    ("receipts:write", _l("Hand in till files")),
]


class ProfileForm(PageForm):
    """Name, address and language."""

    first_name = StringField(_l("First name"), [validators.InputRequired()])
    last_name = StringField(_l("Last name"), [validators.InputRequired()])
    email = StringField(_l("E-mail address"), [validators.InputRequired()])
    language = SelectField(_l("Language"), choices=choices(LANGUAGES.items()))
    password = PasswordField(_l("Current password"))


class PasswordForm(PageForm):
    """The current password and the new one, twice."""

    current = PasswordField(_l("Current password"), [validators.InputRequired()])
    new = PasswordField(_l("New password"), [validators.InputRequired()])
    again = PasswordField(
        _l("New password again"),
        [validators.EqualTo("new", _l("The two new passwords are not the same."))],
    )


class TokenForm(PageForm):
    """What a token may do, and until when."""

    name = StringField(_l("Name"), [validators.InputRequired()])
    scopes = SelectMultipleField(
        _l("What it may do"),
        [validators.DataRequired(_l("Choose what it may do."))],
        choices=choices(SCOPES),
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )
    expires = DateField(_l("Valid until"), [validators.Optional()])


@screen.get("/profile")
@allow(VIEWER)
def page() -> str:
    return _page(ProfileForm(obj=g.login))


def _person_key() -> str:
    return f"password|{g.login.user_id}"


def _keeps_address() -> bool:
    return request.form.get("email", "").strip().lower() == g.login.email


# One count of tries for both forms that ask for the own password.
own_password_limit = partial(
    login.limiter.shared_limit, "10 per hour", scope="own password", key_func=_person_key
)


@screen.post("/profile")
@allow(VIEWER)
@own_password_limit(exempt_when=_keeps_address)
def save() -> Response | tuple[str, int]:
    filled = ProfileForm(request.form)
    if not filled.validate():
        return _page(filled), 400
    try:
        values = filled.values("first_name", "last_name", "email", "language")
        people.change_profile(
            wiring.session(), g.login.user_id, **values, password=filled.password.data or ""
        )
    except Refused as refused:
        filled.complain(_field_of(str(refused)), str(refused))
        return _page(filled), 400
    return redirect(url_for(".page", done="profile"), 303)


@screen.post("/profile/password")
@allow(VIEWER)
@own_password_limit()
def change_password() -> Response | tuple[str, int]:
    filled = PasswordForm(request.form)
    if not filled.validate():
        return _page(ProfileForm(obj=g.login), filled), 400
    try:
        people.change_own_password(
            wiring.session(), g.login.user_id, filled.current.data, filled.new.data
        )
    except Refused as refused:
        filled.complain("current" if "current" in str(refused) else "new", str(refused))
        return _page(ProfileForm(obj=g.login), filled), 400
    return login.logged_out()


@screen.post("/profile/tokens")
@allow(VIEWER)
def create_token() -> str | tuple[str, int]:
    filled = _token_form(request.form)
    if not filled.validate():
        return _page(ProfileForm(obj=g.login), token_form=filled), 400
    with wiring.reading() as session:
        user = session.scalars(select(User).where(User.id == g.login.user_id)).one()
    try:
        raw = tokens.create_token(
            wiring.session(), user, filled.name.data, filled.scopes.data or [],
            _end_of(filled), g.login.email,
        )  # fmt: skip
    except Refused as refused:
        filled.complain("name", str(refused))
        return _page(ProfileForm(obj=g.login), token_form=filled), 400
    return _page(ProfileForm(obj=g.login), new_token=raw)


@screen.post("/profile/tokens/<int:number>/revoke")
@allow(VIEWER)
def revoke_token(number: int) -> Response:
    mine = _own_tokens()
    if not 1 <= number <= len(mine):
        raise NotFound
    tokens.revoke(wiring.session(), mine[number - 1].id, g.login.email)
    return redirect(url_for(".page", done="token-revoked"), 303)


def _own_tokens() -> list[AccessToken]:
    """Of the person who is logged in, in this company; their places are their numbers."""
    own = select(AccessToken).where(AccessToken.user_id == g.login.user_id)
    with wiring.reading() as session:
        return list(session.scalars(own.order_by(AccessToken.id)))


def _scopes() -> list[tuple[str, Any]]:
    """What a token may be for; also one feed alone, of those that this person may read."""
    with wiring.reading() as session:
        mine = [
            feed
            for feed in feeds.list_feeds(session)
            if feeds.readable(session, feed, reader()) is not None
        ]
    one = [
        (f"feed:read:{feed.number}", _("Read the feed %(name)s", name=feed.name)) for feed in mine
    ]
    return [*SCOPES, *one]


def _token_form(sent: MultiDict[str, str] | None = None) -> TokenForm:
    filled = TokenForm(sent)
    filled.scopes.choices = choices(_scopes())
    return filled


def _end_of(filled: TokenForm) -> datetime | None:
    """A token lives until the end of its last day, in the time of the shop."""
    if filled.expires.data is None:
        return None
    return datetime.combine(filled.expires.data, time(23, 59, 59), ZONE)


def _field_of(message: str) -> str:
    starts = {"A first": "first_name", "A last": "last_name", "The current": "password"}
    return next((name for start, name in starts.items() if message.startswith(start)), "email")


def _page(
    profile: ProfileForm,
    password: PasswordForm | None = None,
    token_form: TokenForm | None = None,
    new_token: str = "",
) -> str:
    mine = _own_tokens()
    return render_template(
        "profile.html", form=profile, password=password or PasswordForm(),
        token_form=token_form or _token_form(), tokens=mine, new_token=new_token,
        scope_words=dict(_scopes()),
    )  # fmt: skip
