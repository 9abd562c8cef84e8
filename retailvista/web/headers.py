"""Security headers, the same on every answer, errors included."""

from __future__ import annotations

from flask import Flask, request
from werkzeug.wrappers import Response

from retailvista.web import wiring
from retailvista.web.tenancy import ASSETS

# Bootstrap draws arrows and ticks with data: images; nothing else may come from elsewhere.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
FIXED = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
A_YEAR_AND_MORE = "max-age=63072000; includeSubDomains"
# The popup of a connector goes to another site; its opener must be able to see it close.
OPENERS = ("connectors.page", "connectors.save", "oauth.start", "oauth.callback", "oauth.result")


def install(app: Flask) -> None:
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    for name, value in FIXED.items():
        response.headers[name] = value
    popup = request.endpoint in OPENERS
    response.headers["Cross-Origin-Opener-Policy"] = (
        "same-origin-allow-popups" if popup else "same-origin"
    )
    if wiring.settings().is_https:
        response.headers["Strict-Transport-Security"] = A_YEAR_AND_MORE
    kept = request.endpoint in ASSETS and response.status_code in (200, 304)
    response.headers["Cache-Control"] = "public, max-age=3600" if kept else "no-store"
    return response
