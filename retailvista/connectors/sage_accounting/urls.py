"""Addresses of Sage's API v3.1: three hosts in production, one in a sandbox.

Invariant: the authorise address has a query of its own already; parameters are added to it.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

SITE = "https://api.accounting.sage.com"
LOGIN_SITE = "https://www.sageone.com"
TOKEN_SITE = "https://oauth.accounting.sage.com"
ROOT = "/v3.1/"
JOURNALS = "journals"
PAGE_ROWS = 200


def authorise(site: str) -> str:
    """Where the user logs in and consents; more parameters follow with '&'."""
    return f"{LOGIN_SITE if site == SITE else site}/oauth2/auth/central?filter=apiv3.1"


def token(site: str) -> str:
    """Where codes and refresh tokens are exchanged."""
    return f"{TOKEN_SITE if site == SITE else site}/token"


def of(site: str, path: str, **query: str | int) -> str:
    """A resource, with the options that are filled in.

    >>> of("https://x.example", "journals", page=2, attributes="")
    'https://x.example/v3.1/journals?page=2'
    """
    options = urlencode({name: value for name, value in query.items() if value != ""}, safe=",:")
    return f"{site}{ROOT}{path}" + (f"?{options}" if options else "")


def endpoint_of(url: str) -> str:
    """The resource of an address, without key and query.

    >>> endpoint_of("https://x.example/v3.1/journals/ab12/reissue?x=1")
    'journals'
    """
    path = urlsplit(url).path
    return path.removeprefix(ROOT).strip("/").split("/")[0]
