"""The fields of a connector as filled in, and what is wrong with them.

A problem is a value with an English text to translate and the words to put in it; a warning does
not keep anybody from saving.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlsplit

from retailvista.config import is_loopback_host
from retailvista.connectors.models import Connector
from retailvista.connectors.port import AppKeys, Division
from retailvista.ledger.stored import MODES

NAME_MAX = 80
CLIENT_ID_MAX = 200
CALLBACK_MAX = 500
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

    @classmethod
    def of(cls, row: Connector, values: Mapping[str, Any], keys: AppKeys | None = None) -> Self:
        """Values of the screen over those of the row; the site without a trailing slash.

        `keys` is the operator's app, which fits where no client id is filled in.
        """

        def text(name: str) -> str:
            return str(values.get(name, getattr(row, name)) or "").strip()

        site, client_id = text("site").rstrip("/"), text("client_id")
        operators_app = keys is not None and not client_id
        if keys is not None and operators_app:
            client_id = keys.client_id
        division = values.get("division", row.division)
        return cls(
            name=text("name"),
            site=site,
            client_id=client_id,
            client_secret=str(values.get("client_secret") or "").strip(),
            has_secret=bool(row.client_secret_sealed),
            clear_client_secret=bool(values.get("clear_client_secret")),
            callback_url=text("callback_url"),
            division=int(division) if str(division or "").isdigit() else None,
            journal_code=text("journal_code"),
            vat_mode=text("vat_mode") or "exact",
            log_requests=bool(values.get("log_requests", row.log_requests)),
            moves=not row.draft and (row.site, row.client_id) != (site, client_id),
            operators_app=operators_app,
        )

    def with_callback(self, computed: str) -> Self:
        """The computed callback URL where none was filled in."""
        return self if self.callback_url else replace(self, callback_url=computed)

    def without_division(self) -> Self:
        """Another site has other divisions."""
        return replace(self, division=None, journal_code="")


def check_fields(
    filled: Filled, allowed: Sequence[str], computed_callback: str, visible: Sequence[Division]
) -> list[FieldProblem]:
    """Everything that is wrong, in the order of the screen."""
    problems = _names(filled)
    if filled.site not in allowed:
        problems.append(FieldProblem("site", "Choose one of the base URLs."))
    problems += _secret(filled)
    problems += _callback(filled.callback_url, computed_callback)
    codes = {found.code for found in visible}
    if filled.division is not None and codes and filled.division not in codes and not filled.moves:
        problems.append(
            FieldProblem(
                "division",
                "This login has no access to division %(division)s.",
                {"division": str(filled.division)},
            )
        )
    if filled.journal_code and not JOURNAL_CODE.fullmatch(filled.journal_code):
        problems.append(FieldProblem("journal_code", "A journal code has letters and digits."))
    if filled.vat_mode not in MODES:
        problems.append(FieldProblem("vat_mode", "Choose one of the VAT modes."))
    return problems


def _names(filled: Filled) -> list[FieldProblem]:
    problems = []
    if not filled.name:
        problems.append(FieldProblem("name", "Give the connector a name."))
    elif len(filled.name) > NAME_MAX:
        problems.append(FieldProblem("name", "The name is too long."))
    if len(filled.client_id) > CLIENT_ID_MAX:
        problems.append(FieldProblem("client_id", "The client ID is too long."))
    return problems


def _secret(filled: Filled) -> list[FieldProblem]:
    """Another app or site has another secret; the stored one is not sent elsewhere."""
    if filled.operators_app:
        text = "Enter the client ID as well, or leave both empty to use the operator's app."
        return [FieldProblem("client_id", text)] if filled.client_secret else []
    if filled.moves and filled.has_secret and not filled.client_secret:
        text = "Enter the client secret again: it belongs to the other client ID or base URL."
        return [FieldProblem("client_secret", text)]
    return []


def _callback(url: str, computed: str) -> list[FieldProblem]:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        parts, host = urlsplit(""), ""
    if not host or len(url) > CALLBACK_MAX or parts.username is not None:
        return [FieldProblem("callback_url", "Enter the callback URL as registered at Exact.")]
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
