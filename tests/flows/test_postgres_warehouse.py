"""Replication into PostgreSQL: the same tables with the same rows; what may not be done is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import psycopg
import pytest

from retailvista.connectors import warehouses
from retailvista.connectors.database.shapes import DIVISION
from retailvista.connectors.records import Entity
from retailvista.sandbox import records as store
from tests.flows.flow_house import ACTOR, WAREHOUSE_NUMBER, FlowHouse, replication
from tests.flows.mirror import LISTED, Mirror, Rows, differences, entity_of, keyed, to_its_end
from tests.flows.replica import counts
from tests.sandbox.visitor import GROENHOF

ITEMS = entity_of("logistics/Items")
PASSWORD = "geheim"


@dataclass
class Server:
    """A database of this test's own, and the house whose connector 40 reaches it."""

    house: FlowHouse
    url: str

    def connect_as(self, user: str, secret: str = PASSWORD) -> None:
        parts = urlsplit(self.url)
        values = {
            "name": "Magazijn",
            "url": f"postgresql://{user}@127.0.0.1:{parts.port}{parts.path}?ssl_mode=prefer",
            "secret": secret,
        }
        problems = self.house.do(
            warehouses.save_warehouse,
            self.house.stage.outside.vault,
            WAREHOUSE_NUMBER,
            values,
            ACTOR,
        )
        assert problems == []

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def run_elsewhere(self, *statements: str) -> None:
        """By the administrator, who is connected to another database."""
        other = urlsplit(self.url)._replace(path="/postgres").geturl()
        with psycopg.connect(other, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def loaded(self, entity: Entity, division: int = GROENHOF) -> Rows:
        names = [found.name for found in entity.columns]
        columns = ", ".join(f'"{name}"' for name in names)
        with psycopg.connect(self.url) as connection:
            rows = connection.execute(
                f'SELECT {columns} FROM exact."{entity.table}" WHERE "{DIVISION}" = %s',  # noqa: S608
                [division],
            ).fetchall()
        return keyed(entity, names, rows)


def open_server(house: FlowHouse, postgres_database: str) -> Server:
    """Connector 40 becomes this database."""
    house.stage.sandbox.store.set("limits", "off")
    port = urlsplit(postgres_database).port
    outside = house.stage.outside
    hosts = (*outside.provider_hosts, f"postgresql://127.0.0.1:{port}")
    house.stage.outside = replace(outside, provider_hosts=hosts)
    made = Server(house, postgres_database.replace("+psycopg", ""))
    made.connect_as(urlsplit(postgres_database).username or "")
    return made


@pytest.fixture
def server(house: FlowHouse, postgres_database: str) -> Server:
    return open_server(house, postgres_database)


@pytest.mark.postgres
@pytest.mark.statement("D-18", "D-40")
def test_all_58_endpoints_are_equal_to_the_source_in_postgresql(server: Server):
    house = server.house
    mirror = Mirror.of(house.stage.sandbox)
    mirror.visitor.book(mirror.visitor.line("8210", -100.10), mirror.visitor.line("1205", 100.10))
    flow = house.add(replication(*(found.key for found in LISTED)))
    run = to_its_end(house, house.fetch(flow.number))
    assert (run.outcome, run.problem) == ("done", ""), house.log(run)
    for found in LISTED:
        assert differences(found, server.loaded(found), mirror.source(found)) == [], found.table


LOADER = (
    "CREATE ROLE loader LOGIN PASSWORD 'geheim'",
    "REVOKE ALL ON SCHEMA public FROM loader",
)


@pytest.fixture
def loader(server: Server) -> Iterator[Server]:
    """A role that may do nothing yet."""
    server.run(*LOADER)
    server.connect_as("loader")
    yield server
    server.run("DROP OWNED BY loader", "DROP ROLE loader")


@pytest.mark.postgres
@pytest.mark.statement("D-16", "D-17")
def test_a_missing_privilege_is_told_with_its_grant_before_anything_is_fetched(loader: Server):
    house = loader.house
    flow = house.add(replication(ITEMS.key))
    run = house.fetch(flow.number)
    assert run.outcome == "failed"
    assert run.calls == 0
    database = urlsplit(loader.url).path[1:]
    statement = f'GRANT CREATE ON DATABASE "{database}" TO "loader";'
    assert statement in run.problem
    test = warehouses.check_warehouse(house.stage.outside, WAREHOUSE_NUMBER)
    assert test.kind == warehouses.NO_PRIVILEGE
    assert [found.statement for found in test.missing] == [statement]
    loader.run(statement)
    assert warehouses.check_warehouse(house.stage.outside, WAREHOUSE_NUMBER).ok
    assert house.fetch(flow.number).outcome == "done"
    assert len(loader.loaded(ITEMS)) == 3


@pytest.mark.postgres
@pytest.mark.statement("D-17")
def test_a_schema_of_somebody_else_needs_usage_and_create(loader: Server):
    loader.run("CREATE SCHEMA exact")
    flow = loader.house.add(replication(ITEMS.key))
    run = loader.house.fetch(flow.number)
    assert run.outcome == "failed"
    wanted = [
        'GRANT CREATE ON SCHEMA "exact" TO "loader";',
        'GRANT USAGE ON SCHEMA "exact" TO "loader";',
    ]
    assert all(statement in run.problem for statement in wanted)
    loader.run(*wanted)
    assert loader.house.fetch(flow.number).outcome == "done"


@pytest.mark.postgres
@pytest.mark.statement("D-05", "D-06")
def test_the_script_for_the_administrator_is_ready_to_run_and_is_enough(loader: Server):
    script = warehouses.grants_of(loader.house.stage.outside, WAREHOUSE_NUMBER)
    assert "geheim" not in script
    loader.run(script)
    assert warehouses.check_warehouse(loader.house.stage.outside, WAREHOUSE_NUMBER).ok
    flow = loader.house.add(replication(ITEMS.key))
    assert loader.house.fetch(flow.number).outcome == "done"
    loader.run(script)  # once more harms nothing
    assert loader.house.fetch(flow.number).outcome == "done"


@pytest.mark.postgres
def test_a_wrong_password_is_told_as_such_and_is_not_shown(loader: Server):
    loader.connect_as("nobody", "verkeerd-wachtwoord")
    test = warehouses.check_warehouse(loader.house.stage.outside, WAREHOUSE_NUMBER)
    assert test.kind in (warehouses.WRONG_LOGIN, warehouses.UNREACHABLE)
    assert "verkeerd-wachtwoord" not in repr(test)
    flow = loader.house.add(replication(ITEMS.key))
    assert loader.house.fetch(flow.number).outcome != "done"


@pytest.mark.postgres
def test_a_host_inside_our_network_needs_the_operators_leave(server: Server):
    outside = server.house.stage.outside
    server.house.stage.outside = replace(outside, provider_hosts=outside.provider_hosts[:-1])
    test = warehouses.check_warehouse(server.house.stage.outside, WAREHOUSE_NUMBER)
    assert test.kind == warehouses.UNREACHABLE
    assert "RV_PROVIDER_HOSTS=postgresql://127.0.0.1:" in test.message


@pytest.mark.postgres
def test_changes_and_deletions_reach_postgresql_with_the_cursor(server: Server):
    house, mirror = server.house, Mirror.of(server.house.stage.sandbox)
    flow = house.add(replication(ITEMS.key))
    house.fetch(flow.number)
    kept = sorted(server.loaded(ITEMS))
    books = house.stage.sandbox.store
    store.put(books, GROENHOF, ITEMS.key, [{"ID": kept[0][0], "Code": "nul\0teken"}])
    gone = store.find(books, ITEMS.key, GROENHOF, kept[1][0])
    assert gone is not None
    store.remove(books, gone, "anna")
    store.put(books, GROENHOF, ITEMS.key, [{"Code": "nieuw"}])
    run = house.fetch(flow.number)
    assert (run.counts["new"], run.counts["changed"], run.counts["deleted"]) == (1, 1, 1)
    mine, theirs = server.loaded(ITEMS), mirror.source(ITEMS)
    assert mine[kept[0]]["Code"] == "nulteken"
    theirs[kept[0]]["Code"] = "nulteken"
    assert differences(ITEMS, mine, theirs) == []
    store.put(books, GROENHOF, ITEMS.key, [{"ID": kept[0][0], "Code": "geheel"}])
    assert counts(house.fetch(flow.number, mode="full")) == {
        "read": 3, "changed": 1, "discarded": 2,
    }  # fmt: skip
