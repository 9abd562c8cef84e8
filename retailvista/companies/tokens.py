"""Access tokens for programs: `rvp_`, 30 random letters and digits, 6 of a checksum.

The checksum (CRC-32, as in GitHub's token format) lets a scanner and our own door tell a token
from noise without asking the database. Shown once; stored as SHA-256, which is enough for more
than 160 random bits. A token is bound to a company and a person, and limited by scopes.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.models import AccessToken, Membership, User
from retailvista.errors import NotFound, Refused

PREFIX = "rvp_"
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_LENGTH = 30
SCOPES = ("feed:read", "journals:read", "receipts:write")
# Reading may be limited to one feed by its number: feed:read:3.
ONE_FEED = re.compile(r"feed:read:[1-9][0-9]{0,8}")
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Holder:
    """The person a token speaks for, and his role in the company in scope."""

    token_id: int
    user_id: int
    email: str
    role: str
    scopes: tuple[str, ...]

    def may_read_feed(self, number: int) -> bool:
        """All feeds, or this one."""
        return "feed:read" in self.scopes or f"feed:read:{number}" in self.scopes


def create_token(
    session: Session,
    user: User,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
    actor: str,
) -> str:
    """Make a token in the company in scope; the returned text cannot be shown again."""
    name, wanted = name.strip(), sorted(set(scopes))
    if not name or len(name) > 80:
        raise Refused("A token's name has 1 to 80 characters.")
    if not wanted or not all(scope in SCOPES or ONE_FEED.fullmatch(scope) for scope in wanted):
        raise Refused(f"A token needs one or more scopes of {', '.join(SCOPES)}.")
    body = "".join(secrets.choice(LETTERS) for _ in range(RANDOM_LENGTH))
    raw = PREFIX + body + _checksum(body)
    with database.transaction(session):
        if session.scalar(select(Membership.id).where(Membership.user_id == user.id)) is None:
            raise NotFound("This person has no role in this company.")
        now = database.now(session)
        if expires_at is not None and expires_at <= now:
            raise Refused("The token would have expired already; choose a later date.")
        session.add(
            AccessToken(
                user_id=user.id,
                name=name,
                token_hash=_hash(raw),
                hint=raw[-4:],
                scopes=wanted,
                expires_at=expires_at,
                created_at=now,
            )
        )
        audit.record(session, actor, "token made", f"token {name}", scopes=wanted)
    return raw


def holder_of(session: Session, raw: str, scope: str) -> Holder | None:
    """Who a token speaks for, if it is whole, alive, of this company and allows `scope`.

    A token for one feed alone passes for `feed:read`: which feed is asked for is seen later.
    """
    if not is_well_formed(raw):
        return None
    with database.reading(session):
        found = session.execute(
            select(AccessToken, User, Membership.role)
            .join(User, User.id == AccessToken.user_id)
            .join(Membership, Membership.user_id == User.id)
            .where(AccessToken.token_hash == _hash(raw), AccessToken.revoked_at.is_(None))
            .where(User.blocked_at.is_(None))
        ).one_or_none()
        now = database.now(session)
    if found is None:
        return None
    token, user, role = found
    allowed = any(each == scope or each.startswith(f"{scope}:") for each in token.scopes)
    if not allowed or (token.expires_at is not None and token.expires_at <= now):
        return None
    if token.used_at is None or now - token.used_at > USED_EVERY:
        _mark_used(session, token.id)
    return Holder(token.id, user.id, user.email, role, tuple(token.scopes))


def tokens_of(session: Session) -> list[AccessToken]:
    """The tokens of the company in scope, newest first."""
    return list(session.scalars(select(AccessToken).order_by(AccessToken.id.desc())))


def revoke(session: Session, token_id: int, actor: str) -> None:
    """End a token: the very next request with it is refused."""
    with database.transaction(session):
        token = session.scalar(select(AccessToken).where(AccessToken.id == token_id))
        if token is None:
            raise NotFound("There is no such token.")
        if token.revoked_at is None:
            token.revoked_at = database.now(session)
            audit.record(session, actor, "token revoked", f"token {token.name}")


def is_well_formed(raw: str) -> bool:
    """Whether the text has the form of a token and its checksum is right."""
    body, checksum = raw[len(PREFIX) : -6], raw[-6:]
    return (
        raw.startswith(PREFIX)
        and len(body) == RANDOM_LENGTH
        and all(letter in LETTERS for letter in body)
        and secrets.compare_digest(checksum.encode(), _checksum(body).encode())
    )


def _mark_used(session: Session, token_id: int) -> None:
    with database.transaction(session):
        session.execute(
            update(AccessToken)
            .where(AccessToken.id == token_id)
            .values(used_at=database.now(session))
        )


def _hash(raw: str) -> str:
    return hashlib.sha256(raw.encode()).hexdigest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    while number:
        number, digit = divmod(number, len(LETTERS))
        digits = LETTERS[digit] + digits
    return digits.rjust(6, LETTERS[0])
