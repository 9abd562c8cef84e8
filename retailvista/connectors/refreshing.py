"""One refresh of a grant: lease, re-read, disk, call, spool, store; and recovery after a loss.

Order and invariants: the disk is proved writable before the call; `refreshing_since` is committed
before the first byte, and with too little of the lease left nothing is sent; no transaction is
open during the call; the raw answer is fsynced in the spool before it is read; the pair is in the
database before it is used; a refresh token that was answered is never presented again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import OperationalError

from retailvista import db
from retailvista.clock import Stopwatch
from retailvista.companies.scope import across_companies, company_scope
from retailvista.connectors import chains, login_log, spool
from retailvista.connectors.chains import Held
from retailvista.connectors.grant_facts import after_too_early, back_off, next_presentation
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Provider, Reply, Sending, TokenPair, TooEarly
from retailvista.connectors.registry import provider_named
from retailvista.connectors.spool import DiskRefused, Presented, Spooled
from retailvista.connectors.turns import LEASE, Busy, Turn, take_turn
from retailvista.connectors.wire import way_for
from retailvista.errors import Later, LoginNeeded, Unknown
from retailvista.vault import KeyLost, SealBroken

# The deadline of a token call, and some time to spare.
LEASE_LEFT_TO_CALL = timedelta(seconds=180)
STORE_TRIES = 20
STORE_PAUSE_SECONDS = 0.5
CHECKING = "Whether the last renewal arrived is being checked."
LOST = "The answer of the provider was lost on its way; only a new login helps."


def refresh(outside: Outside, grant_id: int) -> None:
    """Bring the grant a fresh pair, or raise Later or LoginNeeded. In the company's scope."""
    recover_spool(outside, grant_id)
    try:
        spool.check_writable(outside.spool)
    except DiskRefused as error:
        raise Later(str(error), not_before=_now(outside) + timedelta(minutes=5)) from error
    since = Stopwatch(outside.clock)
    turn = take_turn(outside, grant_id)
    if turn is None:
        return
    try:
        if since.elapsed() > LEASE - LEASE_LEFT_TO_CALL:
            # This process stood still: by now another one may have presented the same token.
            raise Busy("Another worker may renew this login.", not_before=_now(outside))
        _call(outside, turn)
    finally:
        _release(outside, turn)


def recover_spool(outside: Outside, grant_id: int | None = None) -> int:
    """Store answers that are on disk only; of one grant, or at start of all. The number stored."""
    stored = 0
    for spooled in spool.waiting(outside.spool):
        if grant_id not in (None, spooled.grant_id):
            continue
        with company_scope(spooled.company_id):
            stored += _recover(outside, spooled)
    return stored


def recover_all(outside: Outside) -> int:
    """At start, before anything else talks to a provider."""
    with across_companies():
        return recover_spool(outside)


def _recover(outside: Outside, spooled: Spooled) -> int:
    provider = provider_named(spooled.provider)
    held = Held(spooled.company_id, spooled.grant_id, spooled.presented)
    try:
        pair = provider.authorizer.read_tokens(spooled.reply(outside.vault))
    except KeyLost:
        return 0
    except (SealBroken, Unknown, Later, LoginNeeded):
        spool.set_aside(spooled.path)
        return 0
    if not pair.refresh_token.reveal():
        # The old one stays good, and only the database has it: it is presented again.
        spool.set_aside(spooled.path)
        return 0
    stored = _store(outside, held, pair, provider)
    spool.take_away(spooled.path)
    return int(stored)


def _call(outside: Outside, turn: Turn) -> None:
    authorizer = turn.provider.authorizer
    way = way_for(outside.wire, by_proxy=turn.by_proxy, free=turn.provider.free_site)
    wire = login_log.HeardWire(way)
    reply = authorizer.refresh(wire, turn.registration, turn.refresh_token)
    path = _spooled(outside, turn, reply)
    try:
        _settle(outside, turn, reply, path)
    finally:
        login_log.note_calls(outside, wire, grant_id=turn.held.grant_id)


def _settle(outside: Outside, turn: Turn, reply: Reply, path: Path | None) -> None:
    """What the answer means, stored before anybody uses it."""
    try:
        pair = turn.provider.authorizer.read_tokens(reply)
    except LoginNeeded as error:
        why = LOST if turn.recovering else str(error)
        _end(outside, turn, f"{why} ({error.said})" if error.said else why)
        raise LoginNeeded(why, said=error.said, http_status=error.http_status) from error
    except TooEarly as error:
        _too_early(outside, turn, error)
    except Later as error:
        _try_later(outside, turn, reply, error)
    except Unknown as error:
        _no_answer(outside, turn, error)
    else:
        if not pair.refresh_token.reveal():
            # RFC 6749, 6: without a new one the old one stays good.
            pair = replace(pair, refresh_token=turn.refresh_token)
        _store(outside, turn.held, pair, turn.provider)
        if path is not None:
            spool.take_away(path)


def _spooled(outside: Outside, turn: Turn, reply: Reply) -> Path | None:
    """A 200 goes to disk before anybody reads it."""
    if reply.sending is not Sending.ANSWERED or reply.status != 200:
        return None
    held = turn.held
    presented = Presented(held.company_id, held.grant_id, turn.provider.key, held.fingerprint)
    try:
        return spool.put(outside.spool, outside.vault, presented, reply)
    except OSError:
        return None  # the disk broke since the check: the database may still take the pair


def _store(outside: Outside, held: Held, pair: TokenPair, provider: Provider) -> bool:
    """The pair into the database, tried until it succeeds. False: a newer chain is there."""
    for left in reversed(range(STORE_TRIES)):
        session = outside.sessions()
        try:
            with db.transaction(session):
                values = chains.pair_values(
                    outside.vault, held.company_id, held.grant_id, pair, provider
                )
                return chains.swap(session, held, **values)
        except OperationalError:
            if not left:
                raise
            outside.clock.sleep(STORE_PAUSE_SECONDS)
        finally:
            session.close()
    raise AssertionError("the loop returns or raises")


def _end(outside: Outside, turn: Turn, why: str) -> None:
    _write(outside, turn, ended=why)


def _too_early(outside: Outside, turn: Turn, error: TooEarly) -> None:
    """A token is out that we may not have: not a success. In recovery: checking."""
    now = _now(outside)
    if turn.recovering:
        until = after_too_early(turn.since, now)
        _write(outside, turn, not_before=until)
        raise Later(
            "Whether the last renewal arrived is being checked.", not_before=until
        ) from error
    _write(outside, turn, refreshing_since=None, not_before=error.not_before)
    raise error


def _try_later(outside: Outside, turn: Turn, reply: Reply, error: Later) -> None:
    """Unreachable, busy or throttled: the same token again, more and more slowly."""
    until = max(back_off(turn.facts.access_until, _now(outside)), _named(reply, error))
    # NOT_SENT is certain. After an answer of a server in trouble the marker stays in recovery.
    marker = turn.facts.refreshing_since if turn.recovering else None
    _write(outside, turn, refreshing_since=marker, not_before=until)
    raise replace_until(error, until) from error


def _named(reply: Reply, error: Later) -> datetime:
    """A 429 says itself when it ends; other pauses are ours to choose."""
    assert reply.answered_at is not None
    return error.not_before if reply.status == 429 else reply.answered_at


def replace_until(error: Later, until: datetime) -> Later:
    """The same reason with another moment."""
    return Later(str(error), not_before=until, said=error.said, http_status=error.http_status)


def _no_answer(outside: Outside, turn: Turn, error: Unknown) -> None:
    """Sent without an answer: present the same token again a few times, then give up."""
    represented = turn.facts.represented + 1 if turn.recovering else 0
    until = next_presentation(turn.since, represented, _now(outside))
    if until is None:
        _end(outside, turn, LOST)
        raise LoginNeeded(LOST) from error
    _write(outside, turn, represented=represented, not_before=until)
    raise Later(CHECKING, not_before=until) from error


def _write(outside: Outside, turn: Turn, ended: str = "", **values: datetime | int | None) -> None:
    session = outside.sessions()
    try:
        with db.transaction(session):
            if ended:
                chains.end_chain(session, turn.held, ended, db.now(session))
            else:
                chains.swap(session, turn.held, **values)
    finally:
        session.close()


def _release(outside: Outside, turn: Turn) -> None:
    session = outside.sessions()
    try:
        with db.transaction(session):
            chains.release(session, turn.held.grant_id, turn.owner)
    finally:
        session.close()


def _now(outside: Outside) -> datetime:
    session = outside.sessions()
    try:
        with db.reading(session):
            return db.now(session)
    finally:
        session.close()
