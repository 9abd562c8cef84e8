"""Replication into Snowflake, against an emulator that runs the same SQL on DuckDB.

Not collected by itself: `make snowflake` runs it with packages that the suite cannot have. A real
account has never been met: see docs/warehouse.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fakesnow
import pytest
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from retailvista.connectors import warehouses
from retailvista.connectors.database.shapes import DIVISION
from retailvista.connectors.records import Entity
from retailvista.flows import starting
from retailvista.sandbox import records as store
from tests.flows.flow_house import ACTOR, WAREHOUSE_NUMBER, FlowHouse, replication
from tests.flows.mirror import Mirror, Rows, differences, entity_of, keyed, to_its_end
from tests.flows.replica import counts
from tests.sandbox.visitor import GROENHOF

# The emulator's own, on a DuckDB that is newer than it.
pytestmark = pytest.mark.filterwarnings("ignore:Arrow output on a DB-API")

ITEMS, COSTCENTERS = entity_of("logistics/Items"), entity_of("hrm/Costcenters")
BALANCE = entity_of("financial/ReportingBalance")


def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def snow(house: FlowHouse) -> Iterator[FlowHouse]:
    """The house whose connector 40 is a Snowflake account."""
    house.stage.sandbox.store.set("limits", "off")
    values = {
        "name": "Snowflake",
        "url": "snowflake://LOADER@abc12345.eu-west-1/ANALYTICS?role=LOADER&compute=SMALL",
        "secret": private_key(),
    }
    vault = house.stage.outside.vault
    problems = house.do(warehouses.save_warehouse, vault, WAREHOUSE_NUMBER, values, ACTOR)
    assert problems == []
    with fakesnow.patch():
        yield house


def loaded(entity: Entity) -> Rows:
    names = [found.name for found in entity.columns]
    columns = ", ".join(f'"{name}"' for name in names)
    with snowflake.connector.connect(database="ANALYTICS") as connection:
        found: Any = connection.cursor().execute(
            f'SELECT {columns} FROM "exact"."{entity.table}" WHERE "{DIVISION}" = {GROENHOF}'  # noqa: S608
        )
        return keyed(entity, names, [tuple(row) for row in found.fetchall()])


def test_changes_and_deletions_reach_snowflake_with_the_cursor(snow: FlowHouse):
    mirror = Mirror.of(snow.stage.sandbox)
    mirror.visitor.book(mirror.visitor.line("8210", -0.1), mirror.visitor.line("1205", 0.1))
    flow = snow.add(replication(ITEMS.key, COSTCENTERS.key, BALANCE.key))
    run = to_its_end(snow, snow.fetch(flow.number))
    assert (run.outcome, run.problem) == ("done", ""), snow.log(run)
    for found in (ITEMS, COSTCENTERS, BALANCE):
        assert differences(found, loaded(found), mirror.source(found)) == [], found.table
    books, keys = snow.stage.sandbox.store, sorted(loaded(ITEMS))
    gone = store.find(books, ITEMS.key, GROENHOF, keys[0][0])
    assert gone is not None
    store.remove(books, gone, "anna")
    store.put(books, GROENHOF, ITEMS.key, [{"ID": keys[1][0], "Code": "anders"}, {"Code": "nieuw"}])
    run = snow.fetch(flow.number)
    assert (run.counts["new"], run.counts["deleted"]) == (1, 1)
    assert differences(ITEMS, loaded(ITEMS), mirror.source(ITEMS)) == []
    whole = snow.fetch(flow.number, mode="full")
    assert whole.outcome == "done"
    told = counts(whole)
    assert told == {"read": told["read"], "discarded": told["read"]}, "nothing is new"
    assert differences(ITEMS, loaded(ITEMS), mirror.source(ITEMS)) == []
    asked = snow.do(starting.check_now, flow.number, ACTOR, totals=True)
    snow.work()
    compared = to_its_end(snow, snow.run(asked))
    assert (compared.outcome, compared.counts["compared"]) == ("done", 3), snow.log(compared)


def test_a_secret_that_is_no_key_is_told_before_anything_is_sent(snow: FlowHouse):
    values = {"name": "Snowflake", "secret": "wachtwoord", **url_of()}
    vault = snow.stage.outside.vault
    assert snow.do(warehouses.save_warehouse, vault, WAREHOUSE_NUMBER, values, ACTOR) == []
    test = warehouses.check_warehouse(snow.stage.outside, WAREHOUSE_NUMBER)
    assert "no private key in PEM form" in test.message
    assert "wachtwoord" not in repr(test)


def url_of() -> dict[str, str]:
    return {"url": "snowflake://LOADER@abc12345.eu-west-1/ANALYTICS?role=LOADER"}
