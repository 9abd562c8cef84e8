"""Sending: notices leave by SMTP or into a folder, from their rows, again and again until done.

At least once with a fixed Message-ID: a mail that is sent twice because its answer was lost is
one mail to the reader's mail program. A dead mail server is tried ever more seldom, loses
nothing, and is never in the way of anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import structlog
from flask import Flask
from flask_mailman import EmailMessage, Mail
from sqlalchemy import or_, select, update

from retailvista import db as database
from retailvista.companies.scope import across_companies
from retailvista.config import Settings, is_loopback_host
from retailvista.connectors.models import Notice
from retailvista.connectors.outside import Outside

LEASE = timedelta(minutes=5)
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
SMTP_SECONDS = 20
AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """What leaves: the text of a notice, for one reader."""

    recipient: str
    subject: str
    body: str
    message_id: str


class Post(Protocol):
    """How letters leave this installation. Raises OSError when this one did not."""

    def deliver(self, letter: Letter) -> None:
        """Hand it over, so that the row may say sent."""
        ...


class FileOutbox:
    """Puts each letter as an .eml file into a folder; the same letter is the same file."""

    def __init__(self, app: Flask, folder: Path, sender: str) -> None:
        Mail(app)
        self._app = app
        self._folder = folder
        self._sender = sender

    def deliver(self, letter: Letter) -> None:
        """Write beside and rename, so that nobody reads half a letter."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{letter.message_id.strip('<>').replace('/', '_')}.eml"
        part = path.with_suffix(".part")
        with self._app.app_context():
            part.write_bytes(_message(letter, self._sender).message().as_bytes())
        part.replace(path)


class SmtpPost:
    """Hands letters to the mail server of RV_MAIL_URL, by Flask-Mailman."""

    def __init__(self, app: Flask, mail_url: str, sender: str) -> None:
        parts = urlsplit(mail_url)
        host = parts.hostname or "localhost"
        tls = parts.scheme == "smtps"
        app.config.update(
            MAIL_SERVER=host,
            MAIL_PORT=parts.port or (465 if tls else 25),
            MAIL_USERNAME=unquote(parts.username or "") or None,
            MAIL_PASSWORD=unquote(parts.password or "") or None,
            MAIL_USE_SSL=tls,
            MAIL_USE_TLS=not tls and not is_loopback_host(host),
            MAIL_TIMEOUT=SMTP_SECONDS,
            MAIL_BACKEND="smtp",
        )
        Mail(app)
        self._app = app
        self._sender = sender

    def deliver(self, letter: Letter) -> None:
        """Opens, sends and closes."""
        with self._app.app_context():
            mailman = self._app.extensions["mailman"]
            # Named here: a testing app would put its letters into memory otherwise.
            connection = mailman.get_connection(backend="smtp")
            message = _message(letter, self._sender)
            message.connection = connection
            message.send()


def post_for(app: Flask, settings: Settings) -> Post:
    """The way that RV_MAIL_URL names."""
    if settings.mail_url.startswith("file:"):
        return FileOutbox(app, Path(settings.mail_url.removeprefix("file:")), settings.mail_from)
    return SmtpPost(app, settings.mail_url, settings.mail_from)


def send_due(outside: Outside, post: Post) -> int:
    """Send the notices that are due; how many left. Stops at the first that does not."""
    sent = 0
    for notice_id in _due(outside):
        letter = _claim(outside, notice_id)
        if letter is None:
            continue
        try:
            post.deliver(letter)
        except OSError as error:  # every error of smtplib is one
            _postpone(outside, notice_id, f"{type(error).__name__}: {error}")
            structlog.get_logger("mail").warning("mail not sent", problem=type(error).__name__)
            return sent
        _mark_sent(outside, notice_id)
        sent += 1
    return sent


def _message(letter: Letter, sender: str) -> EmailMessage:
    return EmailMessage(
        letter.subject,
        letter.body,
        sender,
        [letter.recipient],
        headers={"Message-ID": letter.message_id, "Auto-Submitted": "auto-generated"},
    )


def _due(outside: Outside) -> list[int]:
    with outside.sessions() as session, across_companies(), database.reading(session):
        now = database.now(session)
        return list(
            session.scalars(
                select(Notice.id)
                .where(Notice.sent_at.is_(None))
                .where(or_(Notice.not_before.is_(None), Notice.not_before <= now))
                .where(or_(Notice.lease_until.is_(None), Notice.lease_until <= now))
                .order_by(Notice.id)
                .limit(AT_ONCE)
            )
        )


def _claim(outside: Outside, notice_id: int) -> Letter | None:
    with outside.sessions() as session, across_companies(), database.transaction(session):
        now = database.now(session)
        taken = database.changed(
            session,
            update(Notice)
            .where(Notice.id == notice_id, Notice.sent_at.is_(None))
            .where(or_(Notice.lease_until.is_(None), Notice.lease_until <= now))
            .values(lease_until=now + LEASE, attempts=Notice.attempts + 1),
        )
        if not taken:
            return None
        row = session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        return Letter(row.recipient, row.subject, row.body, row.message_id)


def _postpone(outside: Outside, notice_id: int, problem: str) -> None:
    with outside.sessions() as session, across_companies(), database.transaction(session):
        row = session.scalars(select(Notice).where(Notice.id == notice_id)).one()
        wait = min(FIRST_WAIT * 2 ** min(row.attempts - 1, 10), LONGEST_WAIT)
        row.not_before = database.now(session) + wait
        row.lease_until = None
        row.problem = problem[:300]


def _mark_sent(outside: Outside, notice_id: int) -> None:
    with outside.sessions() as session, across_companies(), database.transaction(session):
        database.changed(
            session,
            update(Notice)
            .where(Notice.id == notice_id)
            .values(sent_at=database.now(session), lease_until=None, problem=""),
        )
