"""Backup, restore, key rotation and a lost key: defined states, never a silent new beginning."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.scenarios.house import TILL_FILES

EXAMPLE = str(TILL_FILES / "groenhof-2026-03-10.xaa")


def database_of(house) -> Path:
    return house.folder / "instance" / "retailvista.sqlite3"


def value(house, question: str):
    connection = sqlite3.connect(database_of(house))
    try:
        return connection.execute(question).fetchone()[0]
    finally:
        connection.close()


def give_a_login(house) -> None:
    """A grant as a login leaves it; its tokens do not matter here."""
    connection = sqlite3.connect(database_of(house))
    connection.execute(
        "INSERT INTO grant (company_id, holder_key, site, client_id, provider_user_id,"
        " provider_user_name, chain, access_sealed, refresh_sealed, refresh_fingerprint,"
        " login_needed_why, lease_owner, represented, calls_day, calls_today)"
        " VALUES (1,'h','s','c','u','n',1,'','','','','',0,'',0)".replace("grant", '"grant"', 1)
    )
    connection.commit()
    connection.close()


def test_a_copy_holds_what_was_committed_and_not_the_key(house, tmp_path):
    house.begin()
    house.json("receipts", "import", "--company", "groenhof", EXAMPLE)
    copy = tmp_path / "copies" / "monday.rv"
    done = house.json("backup", str(copy))
    assert done["bytes"] == copy.stat().st_size > 0
    assert copy.stat().st_mode & 0o077 == 0
    key = Path(done["master_key_file"]).read_text().split()[1]
    assert key.encode() not in copy.read_bytes()
    result = house.run("backup", str(copy))
    assert result.exit_code == 1, "a copy is never overwritten"


def test_a_restored_database_sends_nothing_and_its_logins_are_old(house, tmp_path):
    house.begin()
    give_a_login(house)
    copy = tmp_path / "copy.rv"
    house.json("backup", str(copy))
    house.json("company", "add", "2", "Later", "--alias", "later")
    refused = house.run("restore", str(copy))
    assert refused.exit_code == 1
    assert "--replace" in refused.stderr

    done = house.json("restore", str(copy), "--replace")
    assert "restored" in done["sending_locked"]
    assert [row["alias"] for row in house.json("company", "list")] == ["groenhof"]
    assert value(house, "SELECT sending_locked FROM instance")
    assert value(house, 'SELECT login_needed_at FROM "grant"')


@pytest.mark.parametrize("content", [b"", b"not a database at all", b"SQLite format 3\0"])
def test_what_is_no_copy_is_refused_and_replaces_nothing(house, tmp_path, content):
    house.begin()
    wrong = tmp_path / "wrong.rv"
    wrong.write_bytes(content)
    assert house.run("restore", str(wrong), "--replace").exit_code == 1
    assert [row["alias"] for row in house.json("company", "list")] == ["groenhof"]


def test_a_rotated_key_opens_what_the_old_one_sealed(books):
    before = value(books, "SELECT client_secret_sealed FROM connector")
    rotated = books.json("key", "rotate")
    after = value(books, "SELECT client_secret_sealed FROM connector")
    assert rotated["sealed_again"] == 1
    assert after.split(":")[0] == rotated["key_id"] != before.split(":")[0]
    assert books.json("connector", "login-url", "--company", "groenhof", "25")["url"]


def test_a_lost_key_is_a_state_with_a_reason_and_never_a_new_key(books):
    give_a_login(books)
    key = books.folder / "keys" / "master.key"
    kept = key.read_bytes()
    key.unlink()
    assert [row["alias"] for row in books.json("company", "list")] == ["groenhof"]
    assert not key.exists(), "nothing made a new one"
    assert value(books, 'SELECT login_needed_at FROM "grant"')
    refused = books.run("connector", "login-url", "--company", "groenhof", "25")
    assert refused.exit_code == 1
    assert books.json("init")["key_problem"]
    assert not key.exists()

    key.write_bytes(kept)
    key.chmod(0o600)
    assert books.json("connector", "login-url", "--company", "groenhof", "25")["url"]
    assert value(books, 'SELECT login_needed_at FROM "grant"') is None


def test_the_key_of_another_database_is_not_taken(books):
    key = books.folder / "keys" / "master.key"
    words = key.read_text().split()
    key.write_text(f"{words[0]} {'A' * 43}=\n")
    problem = books.json("init")["key_problem"]
    assert "not the one of this database" in problem
