"""The fields of a connector as filled in, and what is wrong with them.

A problem is a value with an English text to translate and the words to put in it; a warning does
not keep anybody from saving.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from retailvista.config import is_loopback_host
from retailvista.connectors.connector_settings import ROWS_MAX, TEXT_MAX, advanced_key
from retailvista.connectors.field_variables import has_variable
from retailvista.connectors.filled import Filled
from retailvista.connectors.guidance import BASIC, FULL, REFRESH
from retailvista.connectors.port import Division, Provider

__all__ = ["FieldProblem", "Filled", "check_fields", "check_name"]

NAME_MAX = 80
CLIENT_ID_MAX = 200
CALLBACK_MAX = 500
SITE_MAX = 200
TOKEN_MAX = 8_000
# What can stand in a header (RFC 6750, 2.1, allows less), and in an address.
IN_HEADER = re.compile(r"[\x21-\x7e]*")
ADDRESS = re.compile(r"[^\x00-\x20\x7f]+")
JOURNAL_CODE = re.compile(r"[0-9A-Za-z]{1,10}")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field. `msgid % values` is the English text."""

    field: str
    msgid: str
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    is_warning: bool = False

    @property
    def message(self) -> str:
        """In English; screens translate the msgid."""
        return self.msgid % self.values


def check_fields(
    filled: Filled,
    provider: Provider,
    hosts: Sequence[str],
    computed_callback: str,
    visible: Sequence[Division],
) -> list[FieldProblem]:
    """Everything that is wrong, in the order of the screen. `hosts` are allowed besides."""
    problems = [FieldProblem(name, said) for name, said in filled.unknown.items()]
    problems += check_name(filled.name)
    problems += [] if "site" in filled.unknown else _site(filled, provider, hosts)
    if filled.settings.mode not in provider.modes:
        problems.append(FieldProblem("mode", "Choose one of the ways to log in."))
    problems += _client(filled)
    problems += _tokens(filled)
    problems += _oauth_addresses(filled, hosts)
    if filled.settings.mode == FULL:
        problems += _callback(filled.callback_url, computed_callback)
    problems += _books(filled, provider, visible) if provider.keeps_books else []
    problems += _advanced(filled, provider)
    return problems


def check_name(name: str) -> list[FieldProblem]:
    """The rules of a connector's name, apart from being the only one."""
    if not name:
        return [FieldProblem("name", "Give the connector a name.")]
    if "/" in name or ":" in name:
        return [FieldProblem("name", "The name must not hold a slash or a colon.")]
    return [FieldProblem("name", "The name is too long.")] if len(name) > NAME_MAX else []


def _site(filled: Filled, provider: Provider, hosts: Sequence[str]) -> list[FieldProblem]:
    if not provider.free_site:
        known = filled.site in (*provider.sites, *hosts)
        return [] if known else [FieldProblem("site", "Choose one of the base URLs.")]
    try:
        parts = urlsplit(filled.site)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return [FieldProblem("site", "Enter the address of the service.")]
    if not host or len(filled.site) > SITE_MAX or parts.query or parts.fragment:
        return [FieldProblem("site", "Enter the address of the service, without a question mark.")]
    if parts.username is not None or parts.password is not None:
        text = "The address must not hold a user name; there are fields for it."
        return [FieldProblem("site", text)]
    if _is_named(parts.scheme, host, port, hosts):
        return []
    if parts.scheme != "https":
        return [FieldProblem("site", "The address must begin with https://.")]
    if _is_inside(host):
        text = (
            "%(host)s lies inside the network of this server. Its operator allows it with"
            " RV_PROVIDER_HOSTS."
        )
        return [FieldProblem("site", text, {"host": host})]
    return []


def _is_named(scheme: str, host: str, port: int | None, hosts: Sequence[str]) -> bool:
    usual = {"https": 443, "http": 80}
    named = [urlsplit(one) for one in hosts]
    return any(
        (one.scheme, one.hostname, one.port or usual.get(one.scheme))
        == (scheme, host, port or usual.get(scheme))
        for one in named
    )


def _is_inside(host: str) -> bool:
    """What can be told from the name alone; every call looks at the address it goes to."""
    if is_loopback_host(host) or ("." not in host.strip("[]") and ":" not in host):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host.endswith((".internal", ".local", ".lan"))


def _client(filled: Filled) -> list[FieldProblem]:
    """Another app or site has another secret; the stored one is not sent elsewhere."""
    if filled.settings.mode == BASIC:
        return list(_user(filled))
    if len(filled.client_id) > CLIENT_ID_MAX:
        return [FieldProblem("client_id", "The client ID is too long.")]
    if not filled.needs_client:
        return []
    if filled.operators_app:
        text = "Enter the client ID as well, or leave both empty to use the operator's app."
        return [FieldProblem("client_id", text)] if filled.client_secret else []
    if filled.moves and filled.has_secret and not filled.client_secret:
        text = "Enter the client secret again: it belongs to the other client ID or base URL."
        return [FieldProblem("client_secret", text)]
    return []


def _user(filled: Filled) -> Iterator[FieldProblem]:
    """A user name and his password: a stored one is sent for the same user and place only."""
    if not filled.client_id:
        yield FieldProblem("client_id", "Enter the user name.")
    if len(filled.client_id) > CLIENT_ID_MAX:
        yield FieldProblem("client_id", "The user name is too long.")
    if filled.client_secret:
        return
    if not filled.has_secret:
        yield FieldProblem("client_secret", "Enter the password.")
    elif filled.moves:
        text = "Enter the password again: the stored one belongs to another login."
        yield FieldProblem("client_secret", text)


def _tokens(filled: Filled) -> Iterator[FieldProblem]:
    """Tokens that are entered by hand: all of them, or none where they are stored."""
    settings = filled.settings
    if not settings.entered_by_hand:
        return
    if not filled.access_token and (filled.refresh_token or not filled.has_tokens):
        yield FieldProblem("access_token", "Enter the access token.")
    if settings.mode == REFRESH:
        if not filled.refresh_token and (filled.access_token or not filled.has_tokens):
            yield FieldProblem("refresh_token", "Enter the refresh token.")
        if not filled.client_id:
            yield FieldProblem("client_id", "Enter the client ID: it is needed to renew the login.")
    for name in ("access_token", "refresh_token"):
        if len(getattr(filled, name)) > TOKEN_MAX:
            yield FieldProblem(name, "The token is too long.")
        elif not IN_HEADER.fullmatch(getattr(filled, name)):
            yield FieldProblem(name, "The token holds a character that no token has.")


def _oauth_addresses(filled: Filled, hosts: Sequence[str]) -> Iterator[FieldProblem]:
    """Where the browser is sent, and where the secret goes."""
    for name in ("authorise_url", "token_url"):
        text = getattr(filled.settings, name)
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        if text and (not host or not ADDRESS.fullmatch(text)):
            yield FieldProblem(name, "Enter the address of the service.")
            continue
        loopback = parts.scheme == "http" and is_loopback_host(host)
        known = loopback or _is_named(parts.scheme, host, port, hosts)
        if text and parts.scheme != "https" and not known:
            yield FieldProblem(name, "The address must begin with https://.")


def _books(
    filled: Filled, provider: Provider, visible: Sequence[Division]
) -> Iterator[FieldProblem]:
    codes = {found.code for found in visible}
    if filled.division is not None and codes and filled.division not in codes and not filled.moves:
        yield FieldProblem(
            "division",
            "This login has no access to division %(division)s.",
            {"division": str(filled.division)},
        )
    if filled.journal_code and not JOURNAL_CODE.fullmatch(filled.journal_code):
        yield FieldProblem("journal_code", "A journal code has letters and digits.")
    if filled.vat_mode not in provider.vat_modes:
        yield FieldProblem("vat_mode", "Choose one of the VAT modes.")


def _advanced(filled: Filled, provider: Provider) -> Iterator[FieldProblem]:
    settings = filled.settings
    if len(settings.advanced) > ROWS_MAX:
        yield FieldProblem("advanced", "There are too many advanced settings.")
    for name, value in settings.advanced.items():
        key = advanced_key(provider, name)
        known = ", ".join(one.name for one in provider.advanced)
        if key is None:
            text = "There is no setting %(name)s; there is: %(known)s."
            yield FieldProblem("advanced", text, {"name": name or "''", "known": known})
        elif not has_variable(value) and (len(value) > TEXT_MAX or not key.fits(value)):
            text = "%(value)s will not do for %(name)s."
            yield FieldProblem("advanced", text, {"name": name, "value": value[:40] or "''"})
    for name in ("authorise_url", "token_url", "scope"):
        if len(getattr(settings, name)) > TEXT_MAX:
            yield FieldProblem(name, "The text is too long.")


def _callback(url: str, computed: str) -> list[FieldProblem]:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or len(url) > CALLBACK_MAX or parts.username is not None:
        return [
            FieldProblem("callback_url", "Enter the callback URL as registered at the provider.")
        ]
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback_host(host)):
        return [FieldProblem("callback_url", "The callback URL must begin with https://.")]
    if computed and url != computed:
        text = (
            "The callback URL is %(saved)s, but this connector is reached at %(computed)s. They"
            " must be the same, character by character, also at the provider."
        )
        values = {"saved": url, "computed": computed}
        return [FieldProblem("callback_url", text, values, is_warning=True)]
    return []
