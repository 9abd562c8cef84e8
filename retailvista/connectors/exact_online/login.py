"""OAuth 2 at Exact: login URL, code and refresh token to tokens, and what each refusal means.

What is the same at every provider is in token_calls.py. Among the refusals that no repetition cures
`access_denied` is not: "too early" carries it; nor is `invalid_request`, which counts only when it
says that the token expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri

from retailvista.connectors import token_calls
from retailvista.connectors.exact_online import urls
from retailvista.connectors.exact_online.client import BUSY_PAUSE, NETWORK_PAUSE, after
from retailvista.connectors.exact_online.limits import throttled_until
from retailvista.connectors.exact_online.reading import read_json, words
from retailvista.connectors.port import (
    Registration,
    Reply,
    Sending,
    TokenPair,
    TooEarly,
    Wire,
)
from retailvista.connectors.token_calls import DEFINITE_ERRORS
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import Secret

LIFE_SECONDS = 600


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
        return token_calls.redeem(wire, urls.token(registration.site), registration, code)

    def refresh(self, wire: Wire, registration: Registration, refresh_token: Secret) -> Reply:
        """Exchange a refresh token; it works once."""
        address = urls.token(registration.site)
        return token_calls.refresh(wire, address, registration, refresh_token)

    def read_tokens(self, reply: Reply) -> TokenPair:
        """The pair, or what the answer means (see port.Authorizer)."""
        if reply.sending is Sending.NOT_SENT:
            raise Later("Exact Online cannot be reached.", not_before=after(reply, NETWORK_PAUSE))
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown("The token call got no answer.")
        value = read_json(reply) or {}
        if reply.status == 200:
            return token_calls.pair_of(reply, value, LIFE_SECONDS)
        raise _refusal(reply, words(value.get("error")), words(value.get("error_description")))


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
