"""The users of the company: adding gives a role; a person who exists keeps all that is his.

A user is addressed by the place in this company's own list of members, by e-mail address.
"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField, PasswordField, SelectField, StringField, validators

from retailvista.companies import people
from retailvista.errors import NotFound, Refused
from retailvista.web import wiring
from retailvista.web.access import ADMINISTRATOR, allow
from retailvista.web.forms import PageForm, choices

screen = Blueprint("users", __name__)
ROLES = [
    ("viewer", _l("Viewer: looks, changes nothing")),
    ("bookkeeper", _l("Bookkeeper: releases and decides on journals")),
    ("administrator", _l("Administrator: also companies, connectors and users")),
]


class UserForm(PageForm):
    """A new member; the password is only used for a person who does not exist yet."""

    email = StringField(_l("E-mail address"), [validators.InputRequired()])
    role = SelectField(_l("Role"), choices=choices(ROLES))
    first_name = StringField(_l("First name"), default="")
    last_name = StringField(_l("Last name"), default="")
    password = PasswordField(_l("First password"))
    known = BooleanField(_l("This person told me himself that this login is his"))


@screen.get("/users/new")
@allow(ADMINISTRATOR)
def new() -> str:
    return render_template("user.html", form=UserForm())


@screen.post("/users/new")
@allow(ADMINISTRATOR)
def add() -> str | Response | tuple[str, int]:
    filled = UserForm(request.form)
    if not filled.validate():
        return render_template("user.html", form=filled), 400
    if not filled.known.data and _has_a_login_elsewhere(filled.email.data):
        filled.complain("email", _(
            "This address already has a login, made by another company. Whoever holds it comes in"
            " with the password he has. Ask the person first."
        ))  # fmt: skip
        return render_template("user.html", form=filled, ask_known=True), 400
    try:
        people.add_user(
            wiring.session(), **filled.values("email", "role", "first_name", "last_name"),
            password=filled.password.data or None, actor=g.login.email, language=g.login.language,
        )  # fmt: skip
    except Refused as refused:
        filled.complain("password" if "password" in str(refused) else "email", str(refused))
        return render_template("user.html", form=filled), 400
    return redirect(_back("added"), 303)


@screen.post("/users/<email>/role")
@allow(ADMINISTRATOR)
def change_role(email: str) -> Response:
    people.change_role(
        wiring.session(), _member(email), request.form.get("role", ""), g.login.email
    )
    return redirect(_back("saved"), 303)


@screen.post("/users/<email>/remove")
@allow(ADMINISTRATOR)
def remove(email: str) -> Response:
    people.remove_member(wiring.session(), _member(email), g.login.email)
    return redirect(_back("removed"), 303)


def _has_a_login_elsewhere(email: str) -> bool:
    """An address proves nothing: anybody may have registered it first, at his own company."""
    with wiring.reading() as session:
        person = people.user_by_email(session, email)
        own = {user.id for user, _role in people.members(session)}
    return person is not None and person.id not in own


def _member(email: str) -> int:
    """The id of a member of this company. A stranger is not found, whoever he is elsewhere."""
    with wiring.reading() as session:
        for user, _role in people.members(session):
            if user.email == email.lower():
                return user.id
    raise NotFound


def _back(done: str) -> str:
    return url_for("companies.page", number=g.company.number, done=done) + "#users"
