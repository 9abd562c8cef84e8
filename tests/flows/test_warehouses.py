"""Keeping connectors to a warehouse: fields, secrets, scripts, and what must be installed."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from retailvista.connectors import warehouses
from retailvista.connectors.database import opening
from retailvista.connectors.database.settings import WarehouseSettings
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from tests.flows.flow_house import ACTOR, WAREHOUSE_NUMBER, FlowHouse, replication

SNOWFLAKE = "snowflake://LOADER@abc12345.eu-west-1/ANALYTICS?role=LOADER&compute=SMALL"


def save(house: FlowHouse, **values: object) -> list[str]:
    vault = house.stage.outside.vault
    given = {"name": "Magazijn"} | values
    problems = house.do(warehouses.save_warehouse, vault, WAREHOUSE_NUMBER, given, ACTOR)
    return [f"{found.field}: {found.message}" for found in problems]


def row(house: FlowHouse) -> Connector:
    query = select(Connector).where(Connector.number == WAREHOUSE_NUMBER)
    return house.read(lambda session: session.scalars(query).one())


@pytest.mark.statement("D-18")
@pytest.mark.parametrize(
    "url",
    [
        "duckdb:warehouse?schema=exact",
        "postgresql://loader@db.example:5433/analytics?schema=exact&ssl_mode=verify-full",
        "snowflake://LOADER@abc12345.eu-west-1/ANALYTICS?schema=exact&role=LOADER&compute=SMALL",
    ],
)
def test_one_line_holds_every_kind_of_warehouse(url: str):
    settings = WarehouseSettings.of_url(url)
    assert settings.problems() == []
    assert settings.url == url
    assert WarehouseSettings.of(settings.document) == settings


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://a@b/c", "begins with duckdb:, postgresql: or snowflake:"),
        ("postgresql://loader:geheim@db.example/analytics", "password does not belong"),
        ("postgresql://loader@db.example:99999/analytics", "not a URL"),
    ],
)
def test_an_address_that_is_none_is_refused(url: str, said: str):
    with pytest.raises(Refused, match=said):
        WarehouseSettings.of_url(url)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "duckdb", "file": "../elders"}, "file"),
        ({"kind": "duckdb", "schema": "x; DROP"}, "schema"),
        ({"kind": "postgresql", "database": "a", "user": "b"}, "host"),
        ({"kind": "snowflake", "database": "a", "user": "b", "account": "a/b"}, "account"),
        ({"kind": "oracle"}, "kind"),
    ],
)
def test_a_wrong_field_is_named(values: dict[str, str], field: str):
    assert [found.field for found in WarehouseSettings.of(values).problems()] == [field]


def test_a_secret_goes_in_sealed_and_is_asked_again_for_another_user(house: FlowHouse):
    url = "postgresql://loader@db.example/analytics"
    assert save(house, url=url) == [
        "secret: Enter the secret: the password, or the private key for Snowflake."
    ]
    assert save(house, url=url, secret="zeer-geheim") == []
    assert "zeer-geheim" not in row(house).client_secret_sealed
    assert save(house, url=url, name="Anders") == []
    assert save(house, url=url.replace("loader", "other"))[0].startswith("secret:")
    assert save(house, url="duckdb:warehouse") == []
    assert row(house).client_secret_sealed == ""


@pytest.mark.statement("D-05", "D-17")
def test_the_grant_script_names_role_user_database_schema_and_warehouse(house: FlowHouse):
    save(house, url=SNOWFLAKE, secret="PRIVATE KEY")
    script = warehouses.grants_of(house.stage.outside, WAREHOUSE_NUMBER)
    assert 'GRANT USAGE, CREATE SCHEMA ON DATABASE "ANALYTICS" TO ROLE "LOADER";' in script
    assert 'GRANT USAGE, CREATE TABLE ON SCHEMA "ANALYTICS"."exact" TO ROLE "LOADER";' in script
    assert 'GRANT USAGE ON WAREHOUSE "SMALL" TO ROLE "LOADER";' in script
    assert "PRIVATE KEY" not in script
    save(house, url="duckdb:warehouse")
    assert warehouses.grants_of(house.stage.outside, WAREHOUSE_NUMBER) == ""


@pytest.mark.parametrize(("kind", "extra"), [("duckdb", "warehouse"), ("snowflake", "snowflake")])
def test_without_its_packages_a_warehouse_says_which_extra_to_install(
    house: FlowHouse, kind: str, extra: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(opening, "find_spec", {}.get)
    save(house, url="duckdb:warehouse" if kind == "duckdb" else SNOWFLAKE, secret="x")
    test = warehouses.check_warehouse(house.stage.outside, WAREHOUSE_NUMBER)
    assert test.kind == warehouses.NOT_INSTALLED
    assert f"pip install 'retailvista-journals[{extra}]'" in test.message
    run = house.fetch(house.add(replication("logistics/Items")).number)
    assert (run.outcome, run.calls) == ("failed", 0)
    assert f"[{extra}]" in run.problem


def test_a_file_of_our_own_is_there_for_its_owner_alone(house: FlowHouse):
    assert warehouses.check_warehouse(house.stage.outside, WAREHOUSE_NUMBER).ok
    file = house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"
    assert file.stat().st_mode & 0o777 == 0o600
    assert row(house).last_test["kind"] == warehouses.CONNECTED


def test_a_test_names_the_place_as_people_do(house: FlowHouse):
    found = warehouses.check_warehouse(house.stage.outside, WAREHOUSE_NUMBER)
    assert found.message == "Connected: warehouse.duckdb, schema exact."
    elsewhere = WarehouseSettings.of_url("postgresql://rv@db.example.com/books?schema=exact")
    assert elsewhere.place == "db.example.com:5432/books"
    assert WarehouseSettings.of_url(SNOWFLAKE).place.count("/") == 1
