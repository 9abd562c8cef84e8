"""The demo as it is started: every journal verified, and nothing posted twice by a second run."""

from __future__ import annotations

import re
import sqlite3

import pytest

from retailvista.cli import demo_place
from retailvista.sandbox.server import Sandbox

TEST_STORE_DAYS = ["2018-04-19", "2018-04-20", "2018-04-24", "2018-04-25", "2018-04-26",
                   "2018-04-30"]  # fmt: skip
SAME_FILE = ("teststore", "sagestore")
IN_SAGE = "SELECT count(*) FROM sage_record WHERE resource = 'journals' AND deleted IS NULL"
ROW = re.compile(
    r"^(groenhof|teststore|sagestore)\s+(\d+)\s+(\S+)\s+([\d.]+) (\w+)\s+(\d+)\s+(\w+)$", re.M
)


def play(house):
    process = house.start("demo", "--exit", "--port", str(house.port))
    said, error = process.communicate(timeout=280)
    assert process.returncode == 0, said + error
    return said


def asked(house, query: str) -> list[tuple]:
    connection = sqlite3.connect(house.folder / "instance" / "demo" / "sandbox.sqlite3")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def entries(house) -> list[tuple]:
    return asked(house, "SELECT Division, count(*) FROM entry GROUP BY Division ORDER BY 1")


@pytest.mark.statement("R-49", "R-53", "D-01")
def test_the_demo_verifies_every_company_and_a_second_run_posts_nothing_twice(house):
    said = play(house)
    rows = ROW.findall(said)
    for books in ("teststore", "sagestore"):
        # The same file, once in Exact and once in Sage.
        assert [row[2] for row in rows if row[0] == books] == TEST_STORE_DAYS
    days = {books: [row[3] for row in rows if row[0] == books] for books in SAME_FILE}
    assert days["teststore"] == days["sagestore"]
    assert {(row[4], row[6]) for row in rows} == {("EUR", "verified"), ("NOK", "verified")}
    example = next(row for row in rows if row[2] == "2026-03-10")
    assert example[3] == "12037.63"
    for day in ("2018-04-25", "2018-04-26"):
        assert f"HELD {day}: Payment type '4100'" in said
    assert "DECISION payment type 4000" in said
    assert said.index("HELD") < said.index("DECISION")
    assert said.count("0 differences") == 3
    assert entries(house) == [(1000001, 3), (2000001, 6)]
    assert asked(house, IN_SAGE) == [(6,)]

    again = play(house)
    assert ROW.findall(again) == rows
    assert entries(house) == [(1000001, 3), (2000001, 6)]
    assert asked(house, IN_SAGE) == [(6,)]
    assert "HELD" not in again
    assert asked(house, "SELECT rule, path, detail FROM finding") == [], "Exact's rules are kept"


def test_a_busy_port_is_said_with_the_way_out(house):
    import socket

    with socket.create_server(("127.0.0.1", house.port)):
        process = house.start("demo", "--exit", "--port", str(house.port))
        _said, error = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "make demo PORT=" in error


def test_the_sandbox_of_another_demo_is_not_taken_for_its_own(tmp_path):
    """Two demos that begin together: what answers at the port is the other one's."""
    with Sandbox(tmp_path / "other.sqlite3") as other:
        assert demo_place.start_sandbox(tmp_path, other.port) is None
        with demo_place.sandbox_running(tmp_path, 0) as port:
            assert port != other.port
    assert (tmp_path / "sandbox.sqlite3").exists()
