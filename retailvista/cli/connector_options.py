"""Options of a connector's way to log in, for the commands that add and change one.

Invariant: a secret comes by standard input, one a line in the order of `SECRETS`, or by the
environment; it is never an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from retailvista.cli.program import secret_from
from retailvista.connectors.guidance import MODES

Command = TypeVar("Command", bound=Callable[..., Any])
# Field, variable of the environment, and what it is called.
SECRETS = (
    ("client_secret", "RV_CLIENT_SECRET", "client secret"),
    ("access_token", "RV_ACCESS_TOKEN", "access token"),
    ("refresh_token", "RV_REFRESH_TOKEN", "refresh token"),
)
BY_STDIN = tuple(f"{name}_stdin" for name, _variable, _what in SECRETS)
LOGIN = (
    click.option("--mode", type=click.Choice(MODES), help="Way to log in. Default: the first of"
                 " the provider's."),
    click.option("--client-secret-stdin", is_flag=True, help="Or the password, with --mode basic."
                 " Else from RV_CLIENT_SECRET."),
    click.option("--access-token-stdin", is_flag=True, help="Else from RV_ACCESS_TOKEN."),
    click.option("--refresh-token-stdin", is_flag=True, help="Else from RV_REFRESH_TOKEN."),
    click.option("--authorise-url", help="Where people log in (OAuth 2 of an OData service)."),
    click.option("--token-url", help="Where tokens are asked for."),
    click.option("--scope", help="What the login asks for."),
    click.option("--proxy/--no-proxy", "use_proxy", default=None, help="Go by RV_PROXY_URL."),
    click.option("--setting", "rows", multiple=True, metavar="KEY=VALUE", help="An advanced"
                 " setting; an empty value takes it away."),
)  # fmt: skip


def login_options(command: Command) -> Command:
    """The options themselves."""
    for option in reversed(LOGIN):
        command = option(command)
    return command


def login_values(options: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, Any]:
    """Fields of the screen from the options that were given; `stored` are advanced settings."""
    values: dict[str, Any] = {
        name: value
        for name, value in options.items()
        if value is not None and name not in (*BY_STDIN, "rows")
    }
    for name, variable, what in SECRETS:
        if secret := secret_from(bool(options.get(f"{name}_stdin")), variable, what):
            values[name] = secret
    if options["rows"]:
        values["advanced"] = _advanced(options["rows"], stored)
    return values


def _advanced(rows: Iterable[str], stored: Mapping[str, str]) -> dict[str, str]:
    settings = dict(stored)
    for row in rows:
        name, sign, value = row.partition("=")
        if not sign:
            raise click.UsageError(f"--setting {row!r}: write it as KEY=VALUE.")
        settings[name.strip()] = value.strip()
    return {name: value for name, value in settings.items() if value}
