"""OAuth 2 at Sage: login URL, code and refresh token to tokens, and what each refusal means.

Access tokens live 300 s, a refresh token 31 days and works once. Sage has no rule against early
refreshing; a token is renewed a minute before its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri

from retailvista.connectors import token_calls
from retailvista.connectors.port import Registration, Reply, Sending, TokenPair, Wire
from retailvista.connectors.sage_accounting import urls
from retailvista.connectors.sage_accounting.client import BUSY_PAUSE, NETWORK_PAUSE, after
from retailvista.connectors.sage_accounting.limits import throttled_until
from retailvista.connectors.sage_accounting.reading import read_object, words
from retailvista.connectors.token_calls import DEFINITE_ERRORS
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import Secret

LIFE_SECONDS = 300


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
        return token_calls.redeem(wire, urls.token(registration.site), registration, code)

    def refresh(self, wire: Wire, registration: Registration, refresh_token: Secret) -> Reply:
        """Exchange a refresh token; it works once."""
        address = urls.token(registration.site)
        return token_calls.refresh(wire, address, registration, refresh_token)

    def read_tokens(self, reply: Reply) -> TokenPair:
        """The pair, or what the answer means (see port.Authorizer)."""
        if reply.sending is Sending.NOT_SENT:
            raise Later("Sage cannot be reached.", not_before=after(reply, NETWORK_PAUSE))
        if reply.sending is Sending.NO_ANSWER:
            raise Unknown("The token call got no answer.")
        value = read_object(reply)
        if reply.status == 200:
            return token_calls.pair_of(reply, value, LIFE_SECONDS)
        raise _refusal(reply, words(value.get("error")), words(value.get("error_description")))


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
