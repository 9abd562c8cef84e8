"""What lies on the disk is its owner's, and an error of the database shows no row."""

from __future__ import annotations

import stat

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from retailvista import db
from retailvista.app import create_app, outside
from retailvista.cli import copies
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


def test_a_backup_is_its_owners_and_never_says_the_password_of_the_database(tmp_path, monkeypatch):
    """Arguments of a process are read by everybody on the host; its environment is not."""
    program = tmp_path / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'echo "$PGPASSWORD" > "$RV_SEEN/password"; echo "$@" > "$RV_SEEN/arguments"\n'
        'for one in "$@"; do case $one in --file=*)\n'
        'stat -c %a "${one#--file=}" > "$RV_SEEN/mode";; esac; done\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("RV_SEEN", str(tmp_path))
    url = "postgresql+psycopg://rv:can%40ary@127.0.0.1:5432/rv"
    settings = load_settings({"RV_DATABASE_URL": url}, tmp_path / "instance")
    copies.back_up(settings, tmp_path / "copies" / "one.dump")
    seen = {name: (tmp_path / name).read_text().strip() for name in ("password", "arguments")}
    assert "ary" not in seen["arguments"]
    assert "postgresql://rv@127.0.0.1:5432/rv" in seen["arguments"]
    assert seen["password"] == "can@ary"
    assert (tmp_path / "mode").read_text().strip() == "600"
