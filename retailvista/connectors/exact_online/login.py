"""OAuth 2 at Exact: login URL, code and refresh token to tokens, and what each refusal means.

Authlib writes the protocol's parameters; when to refresh is decided in grants.py. Answers go back
raw, so that they can be put on disk before anything else happens to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authlib.common.urls import add_params_to_qs
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from retailvista.connectors.exact_online import urls
from retailvista.connectors.exact_online.client import BUSY_PAUSE, NETWORK_PAUSE, after
from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import read_json, words
from retailvista.connectors.port import (
    Call,
    Registration,
    Reply,
    Sending,
    TokenPair,
    TooEarly,
    Wire,
)
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import Secret

# Longer than any answer of Exact seen; half of the lease that covers the call.
TOKEN_SECONDS = 120.0
LIFE_SECONDS = 600
# Refusals that no repetition cures. `access_denied` is not here: "too early" carries it; nor is
# `invalid_request`, which counts only when it says that the token expired.
DEFINITE_ERRORS = frozenset({"unauthorized_client", "invalid_grant", "invalid_client"})


@dataclass(frozen=True, slots=True)
class ExactLogin:
    """port.Authorizer for Exact Online."""

    grant_life: timedelta = timedelta(days=30)
    refresh_not_before: timedelta = timedelta(seconds=570)
    access_life: timedelta = timedelta(seconds=LIFE_SECONDS)
    token_calls_per_day: int = 190

    def login_url(self, registration: Registration, state: str) -> str:
        """Where the user's browser goes."""
        return str(
            prepare_grant_uri(
                urls.authorise(registration.site),
                client_id=registration.client_id,
                response_type="code",
                redirect_uri=registration.callback_url,
                state=state,
                force_login="0",
            )
        )

    def redeem(self, wire: Wire, registration: Registration, code: str) -> Reply:
        """Exchange the code of a login; it is valid once, for three minutes."""
        # Not prepare_token_request: it wants the code itself, which travels as a secret here.
        fields = {
            "grant_type": "authorization_code",
            "redirect_uri": registration.callback_url,
            "client_id": registration.client_id,
        }
        body = str(add_params_to_qs("", list(fields.items())))
        return _ask(wire, registration, body, {"code": Secret(code)})

    def refresh(self, wire: Wire, registration: Registration, refresh_token: Secret) -> Reply:
        """Exchange a refresh token; it works once."""
        body = prepare_token_request("refresh_token", client_id=registration.client_id)
        return _ask(wire, registration, body, {"refresh_token": refresh_token})

    def read_tokens(self, reply: Reply) -> TokenPair:
        """The pair, or what the answer means (see port.Authorizer)."""
        if reply.sending is Sending.NOT_SENT:
            raise Later("Exact Online cannot be reached.", not_before=after(reply, NETWORK_PAUSE))
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown("The token call got no answer.")
        value = read_json(reply) or {}
        if reply.status == 200:
            return _pair(reply, value)
        raise _refusal(reply, words(value.get("error")), words(value.get("error_description")))


def _ask(wire: Wire, registration: Registration, body: str, secrets: dict[str, Secret]) -> Reply:
    return wire.send(
        Call(
            method="POST",
            url=urls.token(registration.site),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=body.encode("ascii"),
            deadline_seconds=TOKEN_SECONDS,
            secret_form={**secrets, "client_secret": registration.client_secret},
        )
    )


def _pair(reply: Reply, value: dict[str, object]) -> TokenPair:
    access, refresh = words(value.get("access_token")), words(value.get("refresh_token"))
    life = words(value.get("expires_in"))  # Exact writes the number as a text
    assert reply.requested_at is not None
    assert reply.answered_at is not None
    if not access or not refresh:
        # 200 with something else, such as a maintenance page: the token may have been used.
        raise Unknown("The token answer could not be read.")
    return TokenPair(
        access_token=Secret(access),
        refresh_token=Secret(refresh),
        requested_at=reply.requested_at,
        answered_at=reply.answered_at,
        life=timedelta(seconds=int(life) if life.isdigit() else LIFE_SECONDS),
    )


def _refusal(reply: Reply, error: str, description: str) -> Exception:
    status, reason = reply.status, reply.headers.get("reason", "")
    said = f"{error} {description}".strip() or reason
    if _is_too_early(status, f"{said} {reason} {reply.body[:200].decode('utf-8', 'replace')}"):
        # Exact gave a token less than 570 s ago; ask again when that is over.
        return TooEarly(
            "Exact still considers the access token valid.",
            not_before=after(reply, timedelta(seconds=60)),
            said=said,
            http_status=status,
        )
    expired = error == "invalid_request" and "expired" in description.lower()
    if status == 403 or (status in (400, 401) and (error in DEFINITE_ERRORS or expired)):
        return LoginNeeded(_explained(status, error, description), said=said, http_status=status)
    return Later(
        "Exact cannot renew the login now.",
        not_before=throttled_until(reply) or after(reply, BUSY_PAUSE),
        said=said,
        http_status=status,
    )


def _is_too_early(status: int, text: str) -> bool:
    lowered = text.lower()
    return status in (400, 401) and (
        "access_token not expired" in lowered
        or "access token not expired" in lowered
        or "tooearlytorefreshtokens" in lowered
    )


def _explained(status: int, error: str, description: str) -> str:
    lowered = description.lower()
    if "expired" in lowered:
        return "The login at Exact has expired."
    if "old refresh token" in lowered:
        return "Exact says that this login was already renewed elsewhere."
    if "chainid" in lowered:
        return "Exact says that a newer login of the same user replaced this one."
    if error == "invalid_client":
        return "Exact does not know this client ID and client secret."
    if status == 403:
        return "The Exact user is blocked or has lost his rights."
    return "Exact refused the login."
