"""Pages in every order: nulls first, all rows once, in the order of the evaluator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import create_engine, select

from retailvista import db
from retailvista.companies.scope import company_scope
from retailvista.runs.models import Run
from tests.feed.program import make_program
from tests.web.filling import fill
from tests.web.site import build, populate

ORDERS = [
    "Connector", "Connector desc", "Outcome,Connector desc", "StartedAt desc,Kind", "StartedAt",
    "length(Kind) desc,Number", "Number desc", "Kind eq 'b',Connector", "Problem",
]  # fmt: skip


def add_runs(site) -> None:
    """Runs with and without what can be missing, in texts of several scripts."""
    with company_scope(1), site.outside.sessions() as session:
        with db.reading(session):
            last = session.scalars(select(Run).order_by(Run.number.desc())).first()
        with db.transaction(session):
            for n in range(1, 31):
                session.add(
                    Run(
                        number=last.number + n, kind="aAbB"[n % 4], key=str(n), state="ended",
                        outcome=["done", "", "éa", "Z", "z"][n % 5],
                        connector_number=[None, 3, 1][n % 3], asked_at=last.asked_at,
                        not_before=last.asked_at, problem=["", "ß", "Ä", "a\U0001f33b"][n % 4],
                        started_at=None if n % 4 == 0 else last.asked_at + timedelta(seconds=n % 7),
                    )
                )  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def program(request, tmp_path, clock):
    if request.param == "sqlite":
        site = request.getfixturevalue("site")
        add_runs(site)
        yield make_program(site)
        return
    engine = create_engine(request.getfixturevalue("postgres_database"))
    db.tune_engine(engine)
    db.upgrade(engine)
    populate(engine)
    site = build(tmp_path, clock, engine=engine)
    fill(site)
    add_runs(site)
    yield make_program(site)
    engine.dispose()


def pages_of(program, address: str) -> list[dict]:
    found = program.send(address, Prefer="maxpagesize=4").get_json()
    link = found.get("@odata.nextLink", "").removeprefix(f"http://{program.host}")
    return found["value"] + (pages_of(program, link) if link else [])


def test_every_row_once_in_order(program):
    for order in ORDERS:
        rows = program.rows("Runs", orderby=order)
        assert len({row["Number"] for row in rows}) == len(rows) > 30
        assert pages_of(program, f"Runs?$orderby={order}") == rows, order
        name, *way = order.split(",", maxsplit=1)[0].split()
        if way in ([], ["desc"]) and name in rows[0]:
            values = [row[name] for row in rows]
            expected = sorted(values, key=lambda v: (v is not None, v), reverse=bool(way))
            assert values == expected, order


def test_both_databases_read_every_table(program):
    for entry in program.get()["value"]:
        name = entry["name"]
        assert len(program.rows(name)) == int(program.send(f"{name}/$count").text)
    found = program.rows(
        "Journals", filter="year(BuiltAt) eq 2026 and Lines/$count gt 3", expand="Lines"
    )
    assert len(found[0]["Lines"]) > 3
