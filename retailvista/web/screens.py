"""The list of screens; a module that is not here is not served."""

from __future__ import annotations

from flask import Flask

from retailvista.web import audit_trail
from retailvista.web import companies
from retailvista.web import guide
from retailvista.web import profile
from retailvista.web import search
from retailvista.web import start
from retailvista.web import stores
from retailvista.web import users

SCREENS = (
    audit_trail.screen,
    companies.screen,
    guide.screen,
    profile.screen,
    search.screen,
    start.screen,
    stores.screen,
    users.screen,
)


def install(app: Flask) -> None:
    for screen in SCREENS:
        app.register_blueprint(screen)
