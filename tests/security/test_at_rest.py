"""What lies on the disk is its owner's, and an error of the database shows no row."""

from __future__ import annotations

import stat

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from retailvista import db
from retailvista.app import create_app, outside
from retailvista.config import load_settings
from retailvista.mail.sending import FileOutbox, Letter


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_others_cannot_read_the_database(tmp_path):
    settings = load_settings({"RV_MASTER_KEY_FILE": str(tmp_path / "k")}, tmp_path / "instance")
    app = create_app(settings)
    with app.app_context():
        db.upgrade(db.db.engine)
        with db.db.engine.connect() as connection:
            connection.execute(text("UPDATE company SET name = name"))
            connection.commit()
            files = sorted((tmp_path / "instance").glob("retailvista.sqlite3*"))
            assert len(files) == 3
            assert {mode(file) for file in files} == {0o600}


def test_others_cannot_read_the_mails(tmp_path, made_app):
    FileOutbox(made_app(), tmp_path / "outbox", "a@b.nl").deliver(
        Letter("c@d.nl", "Subject", "Body", "<one@host>")
    )
    assert mode(tmp_path / "outbox") == 0o700


def test_an_error_of_the_database_does_not_show_the_values(made_app):
    with (
        outside(made_app()).sessions() as session,
        pytest.raises(SQLAlchemyError) as caught,
    ):
        session.execute(text("INSERT INTO user (email) VALUES (:email)"), {"email": "canary@x.nl"})
    assert "canary" not in str(caught.value)
