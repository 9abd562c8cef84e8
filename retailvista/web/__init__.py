"""The screens: one module per screen, each view parses, calls a use case and renders.

register(app) is the only way in. Order matters: company by host, then who, then may he, then
whether the form is ours, then whether its texts are texts.
"""

from __future__ import annotations

from flask import Flask
from flask_bootstrap import Bootstrap5
from werkzeug.middleware.proxy_fix import ProxyFix

from retailvista.config import ROOT
from retailvista.web import (
    access,
    characters,
    courtesy,
    csrf,
    failures,
    headers,
    languages,
    login,
    numbers,
    pages,
    screens,
    tenancy,
    wiring,
)

LARGEST_REQUEST = 210 * 1024 * 1024  # a till file of 200 MB and its form


def register(app: Flask) -> None:
    """Hang the screens on the app. app.extensions["retailvista"] holds a wiring.Wired."""
    settings = wiring.wired(app).settings
    app.static_folder = str(ROOT / "retailvista" / "web" / "static")
    app.template_folder = str(ROOT / "templates")
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        BOOTSTRAP_SERVE_LOCAL=True,
    )
    if "static" not in app.view_functions:
        app.add_url_rule("/static/<path:filename>", "static", app.send_static_file)
    numbers.install(app)
    courtesy.install(app)
    Bootstrap5(app)
    tenancy.install(app, settings)
    login.install(app)
    access.install(app)
    csrf.install(app)
    characters.install(app)
    headers.install(app)
    languages.install(app)
    failures.install(app)
    pages.install(app)
    screens.install(app)
    app.teardown_request(wiring.close_session)
    if settings.proxy_hops:
        # Only the client's address is taken from the proxy; scheme and host come from settings.
        # Flask's own way to put something before the app; to mypy it is a method.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxy_hops, x_proto=0, x_host=0, x_port=0, x_prefix=0
        )
