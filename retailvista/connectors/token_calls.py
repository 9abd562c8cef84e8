"""The two token calls of OAuth 2 (RFC 6749), which are the same at every provider, and their pair.

Authlib writes the protocol's parameters; when to refresh is decided in grants.py. Answers go back
raw, so that they can be put on disk before anything else happens to them. What a refusal means is
each provider's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from authlib.common.urls import add_params_to_qs
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from retailvista.connectors.port import Call, Registration, Reply, TokenPair, Wire
from retailvista.errors import Unknown
from retailvista.vault import Secret

# Longer than any answer seen; half of the lease that covers the call.
TOKEN_SECONDS = 120.0
# Refusals that no repetition cures.
DEFINITE_ERRORS = frozenset({"unauthorized_client", "invalid_grant", "invalid_client"})


def redeem(wire: Wire, address: str, registration: Registration, code: str) -> Reply:
    """Exchange the code of a login at the address for tokens; it is valid once, for minutes."""
    # Not prepare_token_request: it wants the code itself, which travels as a secret here.
    fields = {
        "grant_type": "authorization_code",
        "redirect_uri": registration.callback_url,
        "client_id": registration.client_id,
    }
    body = str(add_params_to_qs("", list(fields.items())))
    return _ask(wire, address, body, {"code": Secret(code), **_secret(registration)})


def refresh(wire: Wire, address: str, registration: Registration, refresh_token: Secret) -> Reply:
    """Exchange a refresh token; it works once."""
    body = prepare_token_request("refresh_token", client_id=registration.client_id)
    return _ask(wire, address, body, {"refresh_token": refresh_token, **_secret(registration)})


def pair_of(reply: Reply, value: Mapping[str, object], usual_seconds: int) -> TokenPair:
    """The pair in an answer with status 200; `usual_seconds` where it names no life."""
    access, refreshing = _text(value, "access_token"), _text(value, "refresh_token")
    life = _text(value, "expires_in")  # a number, or a number written as a text
    assert reply.requested_at is not None
    assert reply.answered_at is not None
    if not access or not refreshing:
        # 200 with something else, such as a maintenance page: the token may have been used.
        raise Unknown("The token answer could not be read.")
    return TokenPair(
        access_token=Secret(access),
        refresh_token=Secret(refreshing),
        requested_at=reply.requested_at,
        answered_at=reply.answered_at,
        life=timedelta(seconds=int(life) if life.isdecimal() and len(life) < 9 else usual_seconds),
    )


def _secret(registration: Registration) -> dict[str, Secret]:
    return {"client_secret": registration.client_secret}


def _ask(wire: Wire, address: str, body: str, secrets: Mapping[str, Secret]) -> Reply:
    return wire.send(
        Call(
            method="POST",
            url=address,
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=body.encode("ascii"),
            deadline_seconds=TOKEN_SECONDS,
            secret_form=dict(secrets),
        )
    )


def _text(value: Mapping[str, object], name: str) -> str:
    found = value.get(name)
    return str(found).strip() if isinstance(found, str | int) else ""
