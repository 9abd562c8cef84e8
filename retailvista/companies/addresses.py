"""Addresses of companies: built from the settings, never from headers of a request.

`{scheme}://{alias}.{base host}[:port]{/instance}{path}`. The callback is the one Exact compares
character for character with the registered redirect URI, so it has exactly one spelling.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from retailvista.config import Settings, is_loopback_host
from retailvista.errors import Refused

ALIAS_FORM = re.compile(r"[a-z0-9](-?[a-z0-9]){2,31}")
ALIAS_LONGEST = 32
RESERVED_ALIASES = frozenset(
    word
    for line in (
        "www api app mail smtp imap pop pop3 mx ns ns1 ns2 ftp sftp ssh vpn dns webmail",
        "admin administrator root hostmaster postmaster webmaster abuse noreply",
        "autoconfig autodiscover wpad isatap localhost retailvista exact sandbox",
        "static assets cdn img media login logout auth oauth sso account accounts",
        "odata feed feeds healthz readyz metrics status help docs support",
    )
    for word in line.split()
)


def check_alias(alias: str) -> None:
    """Refused with a sentence for the field when the alias cannot be a company's address."""
    if not ALIAS_FORM.fullmatch(alias) or len(alias) > ALIAS_LONGEST:
        raise Refused(
            "An alias has 3 to 32 lower-case letters, digits and single hyphens, and starts and"
            " ends with a letter or digit."
        )
    if alias in RESERVED_ALIASES:
        raise Refused(f"The alias {alias!r} is reserved for the installation; choose another one.")


def public_url(settings: Settings, alias: str | None, path: str = "/") -> str:
    """The address of a page of the company, or of the installation when there is no alias."""
    assert path.startswith("/"), "a path starts with a slash"
    base = urlsplit(settings.base_url)
    host = f"{alias}.{settings.base_host}" if alias else settings.base_host
    port = f":{base.port}" if base.port else ""
    return f"{base.scheme}://{host}{port}{settings.prefix}{path}"


def callback_url(settings: Settings, alias: str, connector_number: int) -> str:
    """Where a provider sends its user back to; equal to the registered redirect URI."""
    return public_url(settings, alias, f"/oauth.ashx?provider={connector_number}")


def one_spelling(host: str) -> str:
    """A Host header in lower case, without the one dot that ends a fully qualified name.

    RFC 1034 section 3.1: `groenhof.example.nl.` is the same host as `groenhof.example.nl`. With two
    dots it is no name at all.

    >>> one_spelling("Groenhof.Example.NL.:8000")
    'groenhof.example.nl:8000'
    """
    name, colon, port = host.lower().partition(":")
    bare = name if name.endswith("..") else name.removesuffix(".")
    return f"{bare}{colon}{port}"


def alias_of_host(settings: Settings, host: str) -> str | None:
    """The alias in a Host header: '' on the base address, None for a host that is not ours.

    The spelling means nothing, see one_spelling(); the port is the proxy's business. A host below
    an alias is not ours.
    """
    name = one_spelling(host).split(":", 1)[0]
    if name == settings.base_host:
        return ""
    alias = name.removesuffix(f".{settings.base_host}")
    if alias == name or not ALIAS_FORM.fullmatch(alias) or len(alias) > ALIAS_LONGEST:
        return None
    return alias


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the preflight: what was looked at, whether it is right, and the remedy.

    `level` is ok, warning (works on this machine only) or wrong.
    """

    topic: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Seen:
    """How the present request reached us, after the trusted proxies: for comparison only."""

    scheme: str
    host: str
    prefix: str = ""


def preflight(settings: Settings, alias: str | None, seen: Seen | None = None) -> list[Finding]:
    """Whether the public Internet can reach the company's address, by its own configuration.

    With `seen` it also tells host name, certificate and proxy header apart: a page that is open
    at another address than the configured one shows which of them does not pass on.
    """
    if not alias:
        return [
            Finding(
                "alias", "wrong", "An alias is mandatory for Exact: set it in Extra > Companies."
            )
        ]
    findings = [_host_finding(settings), _scheme_finding(settings)]
    if seen is not None:
        findings += _proxy_findings(settings, alias, seen)
    return findings


def _host_finding(settings: Settings) -> Finding:
    host = settings.base_host
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is not None:
        kind = "a loopback" if address.is_loopback else "a private" if address.is_private else "an"
        return Finding(
            "host name",
            "wrong",
            f"RV_BASE_URL names {kind} IP address; an alias needs a host name in the public DNS.",
        )
    if is_loopback_host(host):
        return Finding(
            "host name",
            "warning",
            f"{host} is this machine only; a provider on the Internet cannot send people back.",
        )
    if "." not in host or host.endswith((".local", ".lan", ".internal", ".home.arpa", ".test")):
        return Finding(
            "host name",
            "wrong",
            f"{host} is a name of a private network; RV_BASE_URL needs a public host name.",
        )
    return Finding("host name", "ok", f"{host} is a public host name.")


def _scheme_finding(settings: Settings) -> Finding:
    if settings.is_https:
        return Finding("certificate", "ok", "The address is https.")
    return Finding(
        "certificate",
        "warning",
        "The address is plain http, which only serves development on this machine.",
    )


def _proxy_findings(settings: Settings, alias: str, seen: Seen) -> list[Finding]:
    wanted = urlsplit(public_url(settings, alias))
    findings = []
    if alias_of_host(settings, seen.host) != alias:
        findings.append(
            Finding(
                "proxy header Host",
                "wrong",
                f"This page came in for {seen.host!r}, not {wanted.hostname!r}: let the proxy pass"
                " the Host header on, or open the page at its own address.",
            )
        )
    if seen.scheme != wanted.scheme:
        findings.append(
            Finding(
                "proxy header X-Forwarded-Proto",
                "wrong",
                f"This page came in as {seen.scheme}, RV_BASE_URL says {wanted.scheme}: let the"
                " proxy set X-Forwarded-Proto and set RV_PROXY_HOPS.",
            )
        )
    if seen.prefix.rstrip("/") != settings.prefix:
        findings.append(
            Finding(
                "proxy header X-Forwarded-Prefix",
                "wrong",
                f"This page came in below {seen.prefix or '/'!r}, RV_INSTANCE says"
                f" {settings.prefix or '/'!r}: let the proxy keep the path as it is.",
            )
        )
    return findings or [Finding("proxy", "ok", "Host, scheme and path arrive as configured.")]
