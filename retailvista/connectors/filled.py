"""A connector's screen as it was filled in, over what is stored.

Invariant: columns get what the texts come to, with variables filled in; the texts as they were
entered stay beside them in the settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from retailvista.connectors import field_variables
from retailvista.connectors.connector_settings import PATTERNS, ConnectorSettings
from retailvista.connectors.guidance import BASIC, NO_LOGIN, TOKEN
from retailvista.connectors.models import Connector
from retailvista.connectors.port import AppKeys, Provider
from retailvista.errors import Refused

NO_VARIABLES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of the screen, with the stored ones where nothing was filled in."""

    name: str
    site: str
    client_id: str
    client_secret: str = dataclasses.field(repr=False)
    has_secret: bool
    clear_client_secret: bool
    callback_url: str
    division: int | None
    journal_code: str
    vat_mode: str
    log_requests: bool
    moves: bool
    # Without a client id of its own the connector takes the operator's app.
    operators_app: bool = False
    settings: ConnectorSettings = dataclasses.field(default_factory=ConnectorSettings)
    # Entered by hand in two of the ways to log in; empty keeps what is stored.
    access_token: str = dataclasses.field(default="", repr=False)
    refresh_token: str = dataclasses.field(default="", repr=False)
    has_tokens: bool = False
    # A variable that nobody knows, by the field it stands in.
    unknown: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(
        cls,
        row: Connector,
        values: Mapping[str, Any],
        keys: AppKeys | None = None,
        known: Mapping[str, str] = NO_VARIABLES,
    ) -> Self:
        """Values of the screen over those of the row; the site without a trailing slash.

        `keys` is the operator's app, which fits where no client id is filled in; `known` are the
        variables.
        """
        settings, entered, unknown = _settings_of(row, values, known)
        site, client_id = entered["site"].rstrip("/"), entered["client_id"]
        operators_app = keys is not None and not client_id
        if keys is not None and operators_app:
            client_id = keys.client_id
        division = values.get("division", row.division)
        moves = _moves(row, site, client_id, settings)
        stays = not moves and ConnectorSettings.of(row.settings).mode == settings.mode
        return cls(
            name=_text(row, values, "name"),
            site=site,
            client_id=client_id,
            client_secret=str(values.get("client_secret") or "").strip(),
            has_secret=bool(row.client_secret_sealed),
            clear_client_secret=bool(values.get("clear_client_secret")),
            callback_url=_text(row, values, "callback_url"),
            division=int(division) if str(division or "").isdigit() else None,
            journal_code=_text(row, values, "journal_code"),
            vat_mode=_text(row, values, "vat_mode") or "exact",
            log_requests=bool(values.get("log_requests", row.log_requests)),
            moves=moves,
            operators_app=operators_app,
            settings=settings,
            access_token=str(values.get("access_token") or "").strip(),
            refresh_token=str(values.get("refresh_token") or "").strip(),
            has_tokens=row.grant_id is not None and stays,
            unknown=unknown,
        )

    @property
    def needs_client(self) -> bool:
        """Whether a client id and its secret, or a user and his password, belong to it."""
        return self.settings.mode not in (TOKEN, NO_LOGIN)

    def with_callback(self, computed: str) -> Self:
        """The computed callback URL where none was filled in."""
        return self if self.callback_url else replace(self, callback_url=computed)

    def for_provider(self, provider: Provider) -> Self:
        """A service without books is one place: there is nothing to choose."""
        return self if provider.keeps_books else replace(self, division=1, journal_code="")

    def without_division(self) -> Self:
        """Another site has other divisions."""
        return replace(self, division=None, journal_code="")


def _text(row: Connector, values: Mapping[str, Any], name: str) -> str:
    return str(values.get(name, getattr(row, name)) or "").strip()


def _moves(row: Connector, site: str, client_id: str, settings: ConnectorSettings) -> bool:
    """Whether secrets would go elsewhere, or be another's: a client secret is no password."""
    before = ConnectorSettings.of(row.settings)
    now = (site, client_id, settings.authorise_url, settings.token_url, settings.mode == BASIC)
    then = (
        row.site, row.client_id, before.authorise_url, before.token_url, before.mode == BASIC,
    )  # fmt: skip
    return not row.draft and now != then


def _settings_of(
    row: Connector, values: Mapping[str, Any], known: Mapping[str, str]
) -> tuple[ConnectorSettings, dict[str, str], dict[str, str]]:
    """Settings as entered, the columns as they come to, and fields with unknown variables."""
    stored = ConnectorSettings.of(row.settings)
    advanced = values.get("advanced", stored.advanced)
    patterns: dict[str, str] = {}
    came_to: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for name in PATTERNS:
        usual = stored.patterns.get(name, getattr(row, name))
        entered = str(values.get(name, usual) or "").strip()
        came_to[name] = _filled(name, entered, known, unknown)
        if field_variables.has_variable(entered):
            patterns[name] = entered
    settings = ConnectorSettings(
        mode=str(values.get("mode") or stored.mode),
        use_proxy=bool(values.get("use_proxy", stored.use_proxy)),
        advanced={str(name): str(text) for name, text in dict(advanced).items()},
        authorise_url=str(values.get("authorise_url", stored.authorise_url)).strip(),
        token_url=str(values.get("token_url", stored.token_url)).strip(),
        scope=str(values.get("scope", stored.scope)).strip(),
        patterns=patterns,
    )
    for name, text in settings.texts():
        if name not in patterns:
            _filled(name, text, known, unknown)
    return settings, came_to, unknown


def _filled(field: str, text: str, known: Mapping[str, str], unknown: dict[str, str]) -> str:
    try:
        return field_variables.filled(text, known, field)
    except Refused as refused:
        unknown[field] = str(refused)
        return text
