"""People: a user is the same person everywhere, a membership is what he may do in a company.

A company never changes what is the person's own: password, e-mail and name change only by
himself. Passwords are stored as argon2id; a wrong name costs as much time as a wrong password.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.models import ROLES, AccessToken, Membership, User, UserSession
from retailvista.companies.scope import company_scope
from retailvista.errors import NotFound, Refused

PASSWORD_SHORTEST = 12
PASSWORD_LONGEST = 200
EMAIL_FORM = re.compile(r"[^@\s<>\"',;]+@[^@\s<>\"',;]+\.[^@\s<>\"',;]+")
# Letters of any script, joined by a space, hyphen, apostrophe or full stop; never digits.
NAME_FORM = re.compile(r"[^\W\d_]+(?:[ .'’-]+[^\W\d_]+)*\.?")
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did: `new_person` is False when only a membership was added."""

    user: User
    new_person: bool


def clean_email(email: str) -> str:
    """An e-mail address in lower case. Refused when it is none."""
    email = email.strip().lower()
    if len(email) > 254 or not EMAIL_FORM.fullmatch(email):
        raise Refused(f"{email!r} is not an e-mail address.")
    return email


def check_password(password: str, email: str = "") -> None:
    """Refused when the password is too short, too long or easy to guess."""
    if len(password) < PASSWORD_SHORTEST:
        raise Refused(f"A password has at least {PASSWORD_SHORTEST} characters.")
    if len(password) > PASSWORD_LONGEST:
        raise Refused(f"A password has at most {PASSWORD_LONGEST} characters.")
    rest = password.lower().replace(email.lower(), "") if email else password.lower()
    if len(set(rest)) < 5:
        raise Refused("This password is easy to guess; choose another one.")


def user_by_email(session: Session, email: str) -> User | None:
    """The person with this address."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def add_user(  # noqa: PLR0913  the fields of the screen Users
    session: Session,
    email: str,
    role: str,
    password: str | None = None,
    first_name: str = "",
    last_name: str = "",
    *,
    actor: str,
    language: str = "nl",
) -> Added:
    """Give a person a role in the company in scope; a person who exists keeps all that is his."""
    email = clean_email(email)
    _check_role(role)
    with database.transaction(session):
        user = user_by_email(session, email)
        new = user is None
        if user is None:
            if password is not None:
                check_password(password, email)
            user = User(
                email=email,
                first_name=first_name.strip(),
                last_name=last_name.strip(),
                password_hash=_hasher.hash(password) if password is not None else "",
                language=language,
                created_at=database.now(session),
            )
            session.add(user)
            session.flush()
        if session.scalar(select(Membership.id).where(Membership.user_id == user.id)):
            raise Refused(f"{email} already has a role in this company; change that one.")
        session.add(Membership(user_id=user.id, role=role))
        audit.record(session, actor, "user added", f"user {email}", role=role, new_person=new)
    return Added(user, new)


def members(session: Session) -> list[tuple[User, str]]:
    """Everyone with a role in the company in scope."""
    rows = session.execute(
        select(User, Membership.role).join(Membership, Membership.user_id == User.id)
        .order_by(User.email)
    )  # fmt: skip
    return [(user, role) for user, role in rows]


def change_role(session: Session, user_id: int, role: str, actor: str) -> None:
    """Change what a member may do. The last administrator of a company stays one."""
    _check_role(role)
    with database.transaction(session):
        membership = session.scalar(select(Membership).where(Membership.user_id == user_id))
        if membership is None:
            raise NotFound("This person has no role in this company.")
        if membership.role == "administrator" and role != "administrator":
            _refuse_without_administrator(session, user_id)
        audit.record(session, actor, "role changed", f"user {user_id}",
                     before=membership.role, after=role)  # fmt: skip
        membership.role = role


def remove_member(session: Session, user_id: int, actor: str) -> None:
    """Take a person's role in the company in scope away; end his sessions and tokens there."""
    with database.transaction(session):
        membership = session.scalar(select(Membership).where(Membership.user_id == user_id))
        if membership is None:
            raise NotFound("This person has no role in this company.")
        _refuse_without_administrator(session, user_id)
        session.execute(
            update(UserSession)
            .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
            .where(UserSession.company_id == membership.company_id)
            .values(ended_at=database.now(session))
        )
        session.execute(
            update(AccessToken)
            .where(AccessToken.user_id == user_id, AccessToken.revoked_at.is_(None))
            .where(AccessToken.company_id == membership.company_id)
            .values(revoked_at=database.now(session))
        )
        session.delete(membership)
        audit.record(session, actor, "user removed", f"user {user_id}")


def block(session: Session, user_id: int, actor: str, blocked: bool = True) -> None:
    """Stop a person from logging in anywhere, at once; or let him in again. For the operator."""
    with database.transaction(session):
        user = _user(session, user_id)
        user.blocked_at = database.now(session) if blocked else None
        if blocked:
            _end_sessions(session, user_id)
        audit.record(session, actor, "user blocked" if blocked else "user let in", user.email)


def verify_password(session: Session, email: str, password: str) -> User | None:
    """The person, when the password is his and he is not blocked."""
    user = user_by_email(session, email)
    stored = user.password_hash if user is not None and user.password_hash else _nobodys_hash()
    try:
        _hasher.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return user if user is not None and user.password_hash and not user.blocked_at else None


def check_login(session: Session, email: str, password: str, company_id: int) -> User | None:
    """The person, when he may enter this company. Says nothing about which part was wrong."""
    user = verify_password(session, email, password)
    if user is None:
        return None
    with company_scope(company_id):
        role = session.scalar(select(Membership.role).where(Membership.user_id == user.id))
    return user if role else None


def set_password(session: Session, user_id: int, password: str) -> None:
    """Store a new password and end all sessions of the person, everywhere."""
    with database.transaction(session):
        user = _user(session, user_id)
        check_password(password, user.email)
        user.password_hash = _hasher.hash(password)
        _end_sessions(session, user_id)


def change_own_password(session: Session, user_id: int, current: str, new: str) -> None:
    """The person changes his password; every session of his ends, this one too."""
    with database.reading(session):
        user = _user(session, user_id)
        known = verify_password(session, user.email, current)
    if known is None:
        raise Refused("The current password is not right.")
    set_password(session, user_id, new)


def change_profile(
    session: Session, user_id: int, first_name: str, last_name: str, email: str, language: str
) -> None:
    """The person changes his own name, address and language."""
    first_name, last_name = first_name.strip(), last_name.strip()
    if len(first_name) < 2 or not NAME_FORM.fullmatch(first_name):
        raise Refused("A first name has at least 2 letters, and no digits.")
    if not last_name or not NAME_FORM.fullmatch(last_name):
        raise Refused("A last name has at least 1 letter, and no digits.")
    email = clean_email(email)
    with database.transaction(session):
        user = _user(session, user_id)
        holder = user_by_email(session, email)
        if holder is not None and holder.id != user_id:
            raise Refused("This e-mail address cannot be used.")
        user.first_name, user.last_name = first_name, last_name
        user.email, user.language = email, language


def _user(session: Session, user_id: int) -> User:
    user = session.scalar(select(User).where(User.id == user_id))
    if user is None:
        raise NotFound("There is no such person.")
    return user


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Refused(f"A role is one of {', '.join(ROLES)}.")


def _refuse_without_administrator(session: Session, leaving: int) -> None:
    others = select(Membership.id).where(
        Membership.role == "administrator", Membership.user_id != leaving
    )
    own = select(Membership.role).where(Membership.user_id == leaving)
    if session.scalar(own) == "administrator" and session.scalar(others) is None:
        raise Refused("A company keeps at least one administrator.")


def _end_sessions(session: Session, user_id: int) -> None:
    session.execute(
        update(UserSession)
        .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
        .values(ended_at=database.now(session))
    )


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")
