"""Backup, restore, key rotation and a lost key: defined states, never a silent new beginning."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from pathlib import Path

import psycopg
import pytest

from retailvista import app as wiring
from retailvista.cli import copies
from retailvista.companies import installation
from retailvista.config import load_settings
from retailvista.connectors.sealing import client_secret_place
from retailvista.vault import Place, Secret
from tests.scenarios.house import SECRET, TILL_FILES, House

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


def test_a_restored_database_is_locked_before_it_is_the_database(house, tmp_path):
    """A kill right after the file is in its place finds it locked, its logins at rest."""
    house.begin()
    give_a_login(house)
    copy = tmp_path / "copy.rv"
    house.json("backup", str(copy))
    copies.put_back(load_settings(house.environment), copy, replace=True)
    assert value(house, "SELECT sending_locked FROM instance") == installation.RESTORED
    assert value(house, 'SELECT login_needed_why FROM "grant"') == copies.OLD_LOGIN
    assert value(house, "PRAGMA integrity_check") == "ok"


def test_nothing_is_restored_under_a_program_that_works_on_the_database(house, tmp_path):
    house.begin()
    copy = tmp_path / "copy.rv"
    house.json("backup", str(copy))
    house.json("company", "add", "2", "Later", "--alias", "later")
    reader = sqlite3.connect(database_of(house))
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM company").fetchone() == (2,)
    writer = sqlite3.connect(database_of(house))
    writer.execute("UPDATE company SET name = name || '.'")
    writer.commit()
    refused = house.run("restore", str(copy), "--replace")
    assert (refused.exit_code, "Stop it, then restore" in refused.stderr) == (1, True)
    reader.close()
    writer.close()
    assert len(house.json("company", "list")) == 2


def test_a_copied_database_rests_until_somebody_says_that_it_moved(house, tmp_path):
    house.begin()
    give_a_login(house)
    assert house.json("init")["sending_locked"] == ""
    there = House(tmp_path / "there", port=house.port)
    shutil.copytree(house.folder / "instance", there.folder / "instance")
    shutil.copytree(house.folder / "keys", there.folder / "keys")

    assert "retailvista moved" in there.json("init")["sending_locked"]
    assert value(there, 'SELECT login_needed_at FROM "grant"'), "no token is presented from here"
    assert value(house, "SELECT sending_locked FROM instance") == ""
    assert value(house, 'SELECT login_needed_at FROM "grant"') is None

    assert there.json("moved") == {"sending_locked": "", "logins": 1}
    assert there.json("init")["sending_locked"] == ""
    assert value(there, 'SELECT login_needed_at FROM "grant"') is None
    assert "retailvista moved" in at(house, there).json("init")["sending_locked"], "and back"


def at(house, found):
    """The database of one house carried to another."""
    shutil.copy(database_of(found), database_of(house))
    return house


def test_what_was_restored_stays_locked_whatever_moved(house, tmp_path):
    house.begin()
    copy = tmp_path / "copy.rv"
    house.json("backup", str(copy))
    there = House(tmp_path / "there")
    shutil.copytree(house.folder / "keys", there.folder / "keys")
    there.json("restore", str(copy))
    stays = there.run("moved", "--json")
    assert (stays.exit_code, "stays locked" in stays.stderr) == (1, True)
    assert value(there, "SELECT sending_locked FROM instance") == installation.RESTORED


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


def test_a_process_that_runs_while_the_key_is_rotated_goes_on_with_the_new_one(books):
    """So the README can say that no restart is needed."""
    running = wiring.create_app(load_settings(books.environment))
    try:
        vault = wiring.outside(running).vault
        mail = Place(1, "25", "a secret")
        before = vault.seal(Secret("sealed just before"), mail)
        rotated = books.json("key", "rotate")
        between = vault.seal(Secret("sealed before it knows"), mail)
        sealed = value(books, "SELECT client_secret_sealed FROM connector")
        assert vault.unseal(sealed, client_secret_place(1, 25)).reveal() == SECRET
        assert vault.seal(Secret("now"), mail).startswith(rotated["key_id"])
        assert vault.unseal(before, mail).reveal() == "sealed just before"
        assert vault.unseal(between, mail).reveal() == "sealed before it knows"
    finally:
        wiring.close(running)


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


@pytest.mark.postgres
def test_a_server_database_comes_back_locked(house, tmp_path, postgres_database):
    server = {"RV_DATABASE_URL": postgres_database}
    assert house.run("init", **server).exit_code == 0
    copy = tmp_path / "copy.dump"
    assert house.run("backup", str(copy), **server).exit_code == 0
    added = house.run("company", "add", "2", "Later", "--alias", "later", **server)
    assert added.exit_code == 0
    restored = house.run("restore", str(copy), "--replace", "--json", **server)
    assert restored.exit_code == 0, restored.stderr
    assert json.loads(restored.stdout)["sending_locked"] == installation.RESTORED
    assert json.loads(house.run("company", "list", "--json", **server).stdout) == []


def answer(url: str, question: str):
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(question)
        return found.fetchone()[0] if found.description else None


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["template", "renamed"])
def test_a_copied_database_of_a_server_rests_until_somebody_says_that_it_moved(
    house, postgres_database, postgres_url, how
):
    """Made from the first as its template; or a whole server copied, its database renamed."""
    here = {"RV_DATABASE_URL": postgres_database}
    assert house.run("init", **here).exit_code == 0
    locked = "SELECT sending_locked FROM instance"
    assert answer(postgres_database, locked) == ""
    by_address = postgres_database.replace("127.0.0.1", "localhost")
    assert house.run("company", "list", RV_DATABASE_URL=by_address).exit_code == 0
    assert answer(postgres_database, locked) == "", "another address is no other place"

    name = postgres_database.rpartition("/")[2]
    copy = f"{name}_copy"
    server = f"{postgres_url.rpartition('/')[0]}/postgres"
    if how == "template":
        answer(server, f"CREATE DATABASE {copy} TEMPLATE {name}")
    else:
        answer(server, f"ALTER DATABASE {name} RENAME TO {copy}")
    there = {"RV_DATABASE_URL": f"{postgres_url.rpartition('/')[0]}/{copy}"}
    try:
        begun = json.loads(house.run("init", "--json", **there).stdout)
        assert begun["sending_locked"] == installation.ELSEWHERE
        if how == "template":
            assert answer(postgres_database, locked) == ""
        assert house.run("moved", **there).exit_code == 0
        assert json.loads(house.run("init", "--json", **there).stdout)["sending_locked"] == ""
    finally:
        if how == "template":
            answer(server, f"DROP DATABASE {copy} WITH (FORCE)")
        else:
            answer(server, f"ALTER DATABASE {copy} RENAME TO {name}")


@pytest.mark.postgres
def test_a_dump_that_is_put_back_by_hand_sends_nothing(house, tmp_path, postgres_database):
    """Without our own restore: the database is another one, whatever program filled it."""
    here = {"RV_DATABASE_URL": postgres_database}
    assert house.run("init", **here).exit_code == 0
    dump = tmp_path / "by-hand.sql"
    plain = postgres_database.replace("+psycopg", "")
    subprocess.run(["pg_dump", f"--file={dump}", "--clean", plain], check=True)
    name = f"{postgres_database.rpartition('/')[2]}_by_hand"
    there = f"{postgres_database.rpartition('/')[0]}/{name}"
    server = f"{postgres_database.rpartition('/')[0]}/postgres"
    answer(server, f"CREATE DATABASE {name}")
    try:
        subprocess.run(
            ["psql", "--quiet", f"--file={dump}", there.replace("+psycopg", "")],
            check=True, capture_output=True,
        )  # fmt: skip
        result = house.run("init", "--json", RV_DATABASE_URL=there)
        assert json.loads(result.stdout)["sending_locked"] == installation.ELSEWHERE
    finally:
        answer(server, f"DROP DATABASE {name} WITH (FORCE)")
