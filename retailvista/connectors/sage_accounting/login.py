"""OAuth 2 at Sage: login URL, code and refresh token to tokens, and what each refusal means.

Access tokens live 300 s, a refresh token 31 days and works once. Sage has no rule against early
refreshing; a token is renewed a minute before its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authlib.common.urls import add_params_to_qs
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request

from retailvista.connectors.port import Call, Registration, Reply, Sending, TokenPair, Wire
from retailvista.connectors.sage_accounting import urls
from retailvista.connectors.sage_accounting.client import BUSY_PAUSE, NETWORK_PAUSE, after
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.reading import read_object, words
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import Secret

TOKEN_SECONDS = 120.0
LIFE_SECONDS = 300
DEFINITE_ERRORS = frozenset({"unauthorized_client", "invalid_grant", "invalid_client"})


@dataclass(frozen=True, slots=True)
class SageLogin:
    """port.Authorizer for Sage Accounting."""

    grant_life: timedelta = timedelta(days=31)
    refresh_not_before: timedelta = timedelta(seconds=240)
    access_life: timedelta = timedelta(seconds=LIFE_SECONDS)
    # 360 renewals fill a day; Sage names no limit.
    token_calls_per_day: int = 1000

    def login_url(self, registration: Registration, state: str) -> str:
        """Where the user's browser goes; the address has a query already."""
        return str(
            prepare_grant_uri(
                urls.authorise(registration.site),
                client_id=registration.client_id,
                response_type="code",
                redirect_uri=registration.callback_url,
                scope="full_access",
                state=state,
            )
        )

    def redeem(self, wire: Wire, registration: Registration, code: str) -> Reply:
        """Exchange the code of a login; it is valid once, for a minute."""
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
            raise Later("Sage cannot be reached.", not_before=after(reply, NETWORK_PAUSE))
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown("The token call got no answer.")
        value = read_object(reply)
        if reply.status == 200:
            return _pair(reply, dict(value))
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
    life = words(value.get("expires_in"))
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


def _refusal(reply: Reply, error: str, description: str) -> Later | LoginNeeded:
    status, said = reply.status, f"{error} {description}".strip()
    if status == 403 or (status in (400, 401) and error in DEFINITE_ERRORS):
        return LoginNeeded(_explained(error), said=said, http_status=status)
    return Later(
        "Sage cannot renew the login now.",
        not_before=throttled_until(reply) or after(reply, BUSY_PAUSE),
        said=said,
        http_status=status,
    )


def _explained(error: str) -> str:
    if error == "invalid_client":
        return "Sage does not know this client ID and client secret."
    if error == "invalid_grant":
        return "The login at Sage has expired, or was renewed or withdrawn elsewhere."
    return "Sage refused the login."
