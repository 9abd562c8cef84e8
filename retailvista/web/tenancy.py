"""The one place that says which company a request is for: by the Host, matched in the database.

An alias is one label before the base host. Anything else is answered like an unknown alias: a
404 that reveals nothing. The scheme and host of links never come from headers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask, g, request
from werkzeug.exceptions import NotFound as NoSuchPage

from retailvista.companies import addresses, registering
from retailvista.companies.models import Company
from retailvista.companies.scope import enter_scope, leave_scope
from retailvista.config import Settings
from retailvista.web import wiring

# Asked by load balancers and monitoring, by whatever name they know this host.
OPERATOR_PATHS = ("/healthz", "/readyz", "/metrics")
# Files of the screens: the same for every company, and not worth a look in the database.
ASSETS = ("static", "bootstrap.static")

OWN_NAMES = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")

WsgiApp = Callable[[dict[str, Any], Any], Iterable[bytes]]


class Door:
    """WSGI: one spelling of the host, and the instance prefix from the path to SCRIPT_NAME."""

    def __init__(self, inner: WsgiApp, settings: Settings) -> None:
        self._inner = inner
        self._settings = settings

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["HTTP_HOST"] = addresses.one_spelling(environ.get("HTTP_HOST", ""))
        path = environ.get("PATH_INFO", "")
        if path in OPERATOR_PATHS:
            environ["rv.host"], environ["HTTP_HOST"] = environ["HTTP_HOST"], self._base_host()
            return self._inner(environ, start_response)
        prefix = self._settings.prefix
        if prefix and not (path == prefix or path.startswith(f"{prefix}/")):
            environ["rv.outside_instance"] = True
        elif prefix:
            environ["SCRIPT_NAME"] = prefix
            environ["PATH_INFO"] = path[len(prefix) :] or "/"
        return self._inner(environ, start_response)

    def _base_host(self) -> str:
        return self._settings.base_url.split("://", 1)[1]


@dataclass(frozen=True, slots=True)
class OpenCompany:
    """The company of the request as a value: a rolled back session cannot empty it."""

    id: int
    number: int
    name: str
    alias: str | None
    language: str
    country: str
    post_from: date | None


def install(app: Flask, settings: Settings) -> None:
    """Trusted hosts first (TRUSTED_HOSTS), then the company of the host."""
    app.config["TRUSTED_HOSTS"] = [settings.base_host, f".{settings.base_host}"]
    # Flask's own way to put something before the app; to mypy it is a method.
    app.wsgi_app = Door(app.wsgi_app, settings)  # type: ignore[method-assign]
    app.before_request(enter_company)
    app.teardown_request(leave_company)


def enter_company() -> None:
    """Set g.company and the scope from the alias; g.company stays None on the base address."""
    leave_scope()
    g.company = None
    g.on_alias = False
    if request.routing_exception is not None and request.url_rule is None and not _host_is_known():
        raise NoSuchPage
    if request.environ.get("rv.outside_instance"):
        raise NoSuchPage
    if request.path in OPERATOR_PATHS:
        _keep_metrics_at_home()
        return
    if request.endpoint in ASSETS:
        return
    alias = _alias()
    if alias:
        with wiring.reading() as session:
            company = registering.company_by_alias(session, alias)
        if company is None:
            raise NoSuchPage
        g.on_alias = True
        take_company(company)


def take_company(company: Company | OpenCompany) -> None:
    """The rest of this request is for this company."""
    g.company = OpenCompany(
        **{name: getattr(company, name) for name in OpenCompany.__dataclass_fields__}
    )
    enter_scope(company.id)


def leave_company(_error: BaseException | None = None) -> None:
    leave_scope()


def _host_is_known() -> bool:
    """Whether the Host is the base or one label before it, with the right port."""
    host = request.environ.get("HTTP_HOST", "")
    return addresses.alias_of_host(wiring.settings(), host) is not None


def _alias() -> str:
    alias = addresses.alias_of_host(wiring.settings(), request.environ.get("HTTP_HOST", ""))
    if alias is None:
        raise NoSuchPage
    return alias


def _keep_metrics_at_home() -> None:
    """Metrics are at the base address and at this machine's own names, nowhere below the base."""
    host = str(request.environ.get("rv.host") or request.environ.get("HTTP_HOST") or "")
    if request.path != "/metrics" or OWN_NAMES.fullmatch(host):
        return
    if addresses.alias_of_host(wiring.settings(), host) != "":
        raise NoSuchPage
