"""OAuth 2 at an OData service, by the addresses that stand on the connector (RFC 6749).

Invariant: codes, secrets and refresh tokens go to the token address of the registration only; it
is the person who entered the secret who named it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from retailvista.connectors.odata.client import PAUSE, throttled_until, value_of
from retailvista.connectors.port import Call, Registration, Reply, Sending, TokenPair, Wire
from retailvista.errors import Later, LoginNeeded, Refused, Unknown
from retailvista.vault import Secret

TOKEN_SECONDS = 120.0
LIFE_SECONDS = 3600
# Ten years are more than any token lives.
LIFE = re.compile(r"[0-9]{1,8}")
DEFINITE = frozenset(
    {"invalid_grant", "invalid_client", "unauthorized_client", "unsupported_grant_type"}
)


@dataclass(frozen=True, slots=True)
class OdataLogin:
    """port.Authorizer for a service of which only the standard is known."""

    grant_life: timedelta = timedelta(days=90)
    refresh_not_before: timedelta = timedelta(seconds=240)
    access_life: timedelta = timedelta(days=1)
    token_calls_per_day: int = 1000

    def login_url(self, registration: Registration, state: str) -> str:
        """Where the user's browser goes. Refused without an address."""
        _check(registration.authorise_url)
        _check(registration.token_url)
        asked = {
            "response_type": "code",
            "client_id": registration.client_id,
            "redirect_uri": registration.callback_url,
            "state": state,
        }
        if registration.scope:
            asked["scope"] = registration.scope
        joined = "&" if urlsplit(registration.authorise_url).query else "?"
        return f"{registration.authorise_url}{joined}{urlencode(asked)}"

    def redeem(self, wire: Wire, registration: Registration, code: str) -> Reply:
        """Exchange the code of a login."""
        fields = {"grant_type": "authorization_code", "redirect_uri": registration.callback_url}
        return _ask(wire, registration, fields, {"code": Secret(code)})

    def refresh(self, wire: Wire, registration: Registration, refresh_token: Secret) -> Reply:
        """Exchange a refresh token."""
        fields = {"grant_type": "refresh_token"}
        if registration.scope:
            fields["scope"] = registration.scope
        return _ask(wire, registration, fields, {"refresh_token": refresh_token})

    def read_tokens(self, reply: Reply) -> TokenPair:
        """The pair in an answer; without a new refresh token the old one stays good."""
        assert reply.requested_at is not None
        assert reply.answered_at is not None
        later = throttled_until(reply) or reply.answered_at + PAUSE
        if reply.sending is Sending.NOT_SENT:
            raise Later("The service cannot be reached.", not_before=later)
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown("The token call got no answer.")
        value = value_of(reply)
        error = str(value.get("error") or "")
        said = f"{error} {value.get('error_description') or ''}".strip()
        if reply.status in (400, 401, 403) and error in DEFINITE:
            text = "The service refused the login."
            raise LoginNeeded(text, said=said, http_status=reply.status)
        if reply.status != 200:
            text = "The service cannot renew the login now."
            raise Later(text, not_before=later, said=said, http_status=reply.status)
        access = value.get("access_token")
        if not isinstance(access, str) or not access:
            raise Unknown("The token answer could not be read.")
        refresh, life = value.get("refresh_token"), str(value.get("expires_in") or "")
        return TokenPair(
            access_token=Secret(access),
            refresh_token=Secret(refresh if isinstance(refresh, str) else ""),
            requested_at=reply.requested_at,
            answered_at=reply.answered_at,
            life=timedelta(seconds=int(life) if LIFE.fullmatch(life) else LIFE_SECONDS),
        )


def _ask(
    wire: Wire, registration: Registration, fields: dict[str, str], secrets: dict[str, Secret]
) -> Reply:
    _check(registration.token_url)
    return wire.send(
        Call(
            method="POST",
            url=registration.token_url,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(fields | {"client_id": registration.client_id}).encode("ascii"),
            deadline_seconds=TOKEN_SECONDS,
            secret_form={**secrets, "client_secret": registration.client_secret},
        )
    )


def _check(url: str) -> None:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise Refused("Enter the two addresses of OAuth 2: where to log in and where tokens are.")
