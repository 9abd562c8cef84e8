"""Logging in at a provider: the URL to go to, and what comes back at the callback.

The caller checks the role, before and again at the callback. Invariants: the state is consumed
before the token call; nothing is stored unless everything succeeded; a token that is stored and
valid is not overwritten silently; one login (provider user and app) belongs to one company.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors import app_keys, attempts, login_log
from retailvista.connectors.attempts import Attempt
from retailvista.connectors.choosing import check_alias, check_licence, connector_by_number
from retailvista.connectors.connector_facts import settings_of
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.grants import login_state
from retailvista.connectors.guidance import FULL
from retailvista.connectors.holding import LoggedIn, OtherCompany, hold, users_of
from retailvista.connectors.metering import BoundedWire
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import (
    Division,
    Provider,
    Registration,
    TokenPair,
    Wire,
)
from retailvista.connectors.port import Session as ProviderSession
from retailvista.connectors.registry import provider_of
from retailvista.connectors.saying import CONNECTED, Saying
from retailvista.connectors.stopped import ask_for_export, go_on
from retailvista.connectors.wire import way_for
from retailvista.errors import Later, LoginNeeded, Refused, RetailVistaError, Unknown
from retailvista.vault import KeyLost, SealBroken

# Authorising at a web thread: never longer than this in all.
CALLBACK_SECONDS = 20

DENIED = "denied"
NO_CODE = "no_code"
MISMATCH = "callback_mismatch"
REFUSED = "refused"
DOWN = "provider_down"
OTHER_COMPANY = "other_company"
UNREADABLE = "secret_unreadable"

TEXTS = {
    attempts.WRONG: "This login was not started here. Start it again with the oAuth button.",
    attempts.REUSED: "This login was already used. Start it again with the oAuth button.",
    attempts.EXPIRED: "This login took longer than ten minutes. Start it again.",
    attempts.FOREIGN: "This login was started elsewhere. Start it again with the oAuth button.",
    attempts.CHANGED: "The connector was changed during the login. Start it again.",
    DENIED: "The login was refused at the provider: %(said)s",
    NO_CODE: "The provider sent no code. Start the login again.",
    MISMATCH: "The provider did not accept the callback URL. At the provider, in this connector"
    " and in the address of this company it must be the same, character by character:"
    " the connector says %(saved)s, this company is reached at %(computed)s.",
    REFUSED: "The provider refused the login: %(said)s",
    DOWN: "The provider could not be reached. Start the login again later.",
    OTHER_COMPANY: "This provider user is already logged in with the same app for another company."
    " A second login ends the first; use another provider user or another app.",
    UNREADABLE: "The client secret cannot be read; enter it again and save.",
    CONNECTED: "Connected as %(user)s.",
}


@dataclass(frozen=True, slots=True)
class LoginStart:
    """Where to send the browser, and the state to recognise it by."""

    url: str
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoginResult(Saying):
    """How a login ended; nothing was stored unless ok."""

    TEXTS = TEXTS

    user_name: str = ""
    divisions: tuple[Division, ...] = ()


def start_login(
    session: Session,
    outside: Outside,
    number: int,
    bound_to: str,
    actor: str,
    *,
    confirm_again: bool = False,
) -> LoginStart:
    """The login URL of a saved connector. Refused while something is missing.

    `bound_to` is the hash of the session token, or 'cli'. A stored, valid token must be emptied
    first, or the user says that he wants to log in again.
    """
    with db.transaction(session):
        row = connector_by_number(session, number)
        provider = provider_of(row)
        check_licence(session, provider)
        check_alias(session)
        _check_complete(row, outside)
        settings = settings_of(session, outside, row)
        if settings.mode != FULL:
            raise Refused("This connector does not log in here: its tokens are entered by hand.")
        if login_state(session, row).kind in ("connected", "checking") and not confirm_again:
            raise Refused(
                f"Connector {number} is connected. Empty its API token first, or confirm that you"
                " want to log in again."
            )
        state = attempts.begin(session, row, bound_to, actor)
        url = provider.authorizer.login_url(_registration(outside, row, settings), state)
        login_log.note_authorise(session, row, url)
        audit.record(session, actor, "login_started", f"connector {number}")
    return LoginStart(url, state)


def _check_complete(row: Connector, outside: Outside) -> None:
    fields = {
        "base URL": row.site,
        "client ID": row.client_id,
        "client secret": app_keys.has_secret(row, outside.apps),
        "callback URL": row.callback_url,
    }
    missing = [name for name, value in fields.items() if not value]
    if row.draft or missing:
        raise Refused(f"Save the connector first; missing: {', '.join(missing) or 'nothing'}.")


def _registration(outside: Outside, row: Connector, settings: ConnectorSettings) -> Registration:
    try:
        secret = app_keys.client_secret(outside, row)
    except (SealBroken, KeyLost) as error:
        raise Refused(TEXTS[UNREADABLE]) from error
    further = (settings.authorise_url, settings.token_url, settings.scope)
    return Registration(row.site, row.client_id, secret, row.callback_url, *further)


def finish_login(  # noqa: PLR0913, PLR0917  what a browser brings back, and who brings it
    outside: Outside,
    number: int,
    state: str,
    code: str,
    error: str,
    bound_to: str,
    actor: str,
    *,
    computed_callback: str = "",
) -> LoginResult:
    """What came back at /oauth.ashx?provider=<number>, for the company in scope."""
    session = outside.sessions()
    try:
        attempt = attempts.consume(session, number, state, bound_to, actor)
        if attempt.refusal:
            return LoginResult(attempt.refusal)
        result = _finished(outside, session, attempt, code, error)
        if result.kind == MISMATCH:
            computed = computed_callback or attempt.callback_url
            result = LoginResult(
                MISMATCH, {"saved": attempt.callback_url, "computed": computed, **result.values}
            )
        with db.transaction(session):
            login_log.note_return(session, _connector(session, attempt), code, error)
            attempts.finish(session, attempt.id, result.kind, result.values.get("said", ""))
            if not result.ok:
                audit.record(
                    session, actor, "login_failed", f"connector {number}", kind=result.kind
                )
        return result
    finally:
        session.close()


def _finished(
    outside: Outside, session: Session, attempt: Attempt, code: str, error: str
) -> LoginResult:
    if error:
        kind = MISMATCH if "redirect" in error.lower() else DENIED
        return LoginResult(kind, {"said": error[:200]})
    if not code:
        return LoginResult(NO_CODE)
    with db.reading(session):
        row = _connector(session, attempt)
        provider = provider_of(row)
        try:
            settings = settings_of(session, outside, row)
            registration = _registration(outside, row, settings)
        except Refused:
            return LoginResult(UNREADABLE)
    way = way_for(outside.wire, by_proxy=settings.use_proxy, free=provider.free_site)
    wire = BoundedWire(way, outside.clock.monotonic, CALLBACK_SECONDS)
    heard = login_log.HeardWire(wire)
    reply = provider.authorizer.redeem(heard, registration, code)
    login_log.note_calls(outside, heard, connector_id=attempt.connector_id)
    try:
        pair = provider.authorizer.read_tokens(reply)
    except (Later, Unknown, LoginNeeded) as problem:
        return _not_redeemed(problem, reply.status)
    return _identified(outside, session, attempt, _Login(wire, provider, pair, row.division or 0))


@dataclass(frozen=True, slots=True)
class _Login:
    """A login that has tokens, and nothing stored yet."""

    wire: Wire
    provider: Provider
    pair: TokenPair
    division: int


def _connector(session: Session, attempt: Attempt) -> Connector:
    return session.scalars(select(Connector).where(Connector.id == attempt.connector_id)).one()


def _not_redeemed(problem: RetailVistaError, status: int) -> LoginResult:
    """Exact says `invalid_request` for a code that is late or used, and for another callback."""
    if "invalid_request" in problem.said:
        return LoginResult(MISMATCH, {"said": problem.said[:200]})
    if status in (400, 401, 403):
        return LoginResult(REFUSED, {"said": problem.said[:200] or str(problem)})
    return LoginResult(DOWN, {"said": str(problem)})


def _identified(outside: Outside, session: Session, attempt: Attempt, login: _Login) -> LoginResult:
    """Who logged in, and what he may see; then everything is stored in one transaction."""
    books = login.provider.books
    token = login.pair.access_token
    with_token = ProviderSession(attempt.site, login.division, token)
    try:
        user = books.me(login.wire, with_token)
    except RetailVistaError as problem:
        return LoginResult(DOWN, {"said": problem.said[:200] or str(problem)})
    try:
        divisions = tuple(books.divisions(login.wire, with_token))
    except RetailVistaError:
        divisions = ()  # the Test button asks again
    logged_in = LoggedIn(attempt.site, attempt.client_id, user, login.pair)
    try:
        with db.transaction(session):
            row = _connector(session, attempt)
            grant = hold(session, outside.vault, login.provider, row, logged_in)
            _go_on(session, grant.id)
            _remember_divisions(row, divisions, login.pair.answered_at)
            audit.record(
                session,
                attempt.actor,
                "logged_in",
                f"connector {row.number}",
                user=user.name,
                divisions=[found.code for found in divisions],
            )
    except OtherCompany:
        return LoginResult(OTHER_COMPANY)
    return LoginResult(CONNECTED, {"user": user.name}, user.name, divisions)


def _go_on(session: Session, grant_id: int) -> None:
    """What waited for this login goes out now, not at the next slot of the schedule.

    A pause because access was refused is over with it; one because of conflicts is not.
    """
    for number in users_of(session, grant_id):
        row = connector_by_number(session, number)
        if row.paused and row.conflicts_in_a_row == 0:
            go_on(session, row, "system", by="login")
        ask_for_export(session, number)


def _remember_divisions(row: Connector, divisions: tuple[Division, ...], at: datetime) -> None:
    known = {found.code: found for found in divisions}
    row.last_test = {
        "kind": CONNECTED,
        "at": at.isoformat(),
        "divisions": [asdict(found) for found in divisions],
    }
    if row.division in known:
        row.division_name = known[row.division].name
        row.division_currency = known[row.division].currency
