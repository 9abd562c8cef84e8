"""The cookies: one for the session, one for a visitor of the login page, both of this host alone.

On https the name starts with __Host-, so that no sibling host can set it (RFC 6265bis, 4.1.3).
"""

from __future__ import annotations

from werkzeug.wrappers import Response

from retailvista.web import wiring


def session_name() -> str:
    """__Host-rv[-instance] on https, rv[-instance] on plain http (loopback only)."""
    settings = wiring.settings()
    name = f"rv-{settings.instance}" if settings.instance else "rv"
    return f"__Host-{name}" if settings.is_https else name


def visitor_name() -> str:
    return f"{session_name()}-visitor"


def put(response: Response, name: str, value: str) -> None:
    """A cookie until the browser closes; the server decides how long a session lives."""
    response.set_cookie(
        name, value, path="/", secure=wiring.settings().is_https, httponly=True, samesite="Lax"
    )


def drop(response: Response, name: str) -> None:
    response.delete_cookie(
        name, path="/", secure=wiring.settings().is_https, httponly=True, samesite="Lax"
    )
