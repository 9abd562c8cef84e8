"""What goes away in the middle of a load: the disk, the database, the login. Never a success."""

from __future__ import annotations

import random
import resource
import signal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from retailvista.runs.models import WAITING
from tests.flows.flow_house import FlowHouse, replication
from tests.flows.killed import AFTER, PATIENCE, Death, Place, fetch
from tests.flows.mirror import Mirror, differences, loaded, to_its_end
from tests.flows.replica import ITEMS, put
from tests.flows.test_postgres_warehouse import open_server
from tests.flows.watching import log_in_again, watch
from tests.sandbox.visitor import GROENHOF, Visitor
from tests.scenarios.processes import WARM
from tests.stage import CLIENT_ID, USER

NEVER = Death(AFTER, 0)
FILE_BYTES_MAX = 1_500_000
RANDOM = random.Random(9)


def many(house: FlowHouse, rows: int) -> None:
    """Rows that no compression makes small, on pages of a hundred."""
    house.stage.sandbox.store.set("page_rows_sync", 100)
    put(
        house,
        ITEMS,
        *({"Code": f"P{n}", "Notes": RANDOM.randbytes(700).hex()} for n in range(rows)),
    )


def with_small_files(place: Place, flow: int) -> None:
    """As on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))
    fetch(place, flow, NEVER)


def equal(house: FlowHouse, mine) -> bool:
    return differences(ITEMS, mine, Mirror.of(house.stage.sandbox).source(ITEMS)) == []


@pytest.mark.statement("D-48")
def test_a_full_disk_makes_the_run_wait_and_say_what_to_do(
    house: FlowHouse, tmp_path: Path, file: Path
):
    many(house, 1_200)
    flow = house.add(replication(ITEMS.key, parquet=False)).number
    process = WARM.Process(target=with_small_files, args=(Place.of(house, tmp_path), flow))
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == 0
    run = house.run(1)
    assert (run.state, run.outcome) == (WAITING, "")
    assert run.problem == (
        "The warehouse file warehouse.duckdb cannot be written. Make room on the disk of the"
        " installation and look at its rights; the run goes on by itself."
    )
    assert file.stat().st_size <= FILE_BYTES_MAX
    house.stage.clock.move(minutes=2)
    log_in_again(house)
    house.work()
    assert to_its_end(house, house.run(1)).outcome == "done"
    assert equal(house, loaded(file, ITEMS))


@pytest.mark.judge_allows("broken-chain", reason="the consent is withdrawn while tokens are due")
@pytest.mark.statement("D-48")
def test_a_login_that_ends_in_the_middle_of_a_load_says_so(house: FlowHouse, file: Path, clock):
    many(house, 400)
    flow = house.add(replication(ITEMS.key)).number
    wire, ended = watch(house), list[str]()

    def end_the_login(call) -> None:
        if "skiptoken" in call.url and not ended:
            Visitor(house.stage.sandbox).admin("revoke", client_id=CLIENT_ID, user=USER)
            clock.move(minutes=11)
            ended.append(call.url)

    wire.before = end_the_login
    run = house.fetch(flow)
    assert run.outcome in ("partial", "failed")
    assert run.problem.endswith("Log in again at connector 25; the next run goes on from there.")
    wire.before = str
    log_in_again(house)
    assert house.fetch(flow).outcome == "done"
    assert equal(house, loaded(file, ITEMS))


@pytest.mark.parametrize("cut", ["drop_before", "cut_at_byte"])
def test_a_network_that_is_cut_in_the_middle_of_a_load_is_waited_for(
    house: FlowHouse, file: Path, cut: str
):
    many(house, 400)
    flow = house.add(replication(ITEMS.key, parquet=False)).number
    wire, faults = watch(house), house.stage.sandbox.faults

    def pull_the_plug(call) -> None:
        if wire.calls == 5:
            faults.add(cut, value="700", path="*/sync/*", times=1)

    wire.before = pull_the_plug
    run = house.fetch(flow)
    assert (run.state, run.outcome) == (WAITING, "")
    assert loaded(file, ITEMS) == {}, "readers never see half a table"
    read = run.counts["read"]
    assert read >= 100, "and what was read is kept"
    run = to_its_end(house, run)
    assert run.outcome == "done"
    assert run.counts["read"] - read < 400, "the run goes on where it was"
    assert equal(house, loaded(file, ITEMS))


@pytest.mark.postgres
@pytest.mark.statement("D-48")
def test_a_database_that_goes_away_in_the_middle_of_a_load_is_waited_for(
    house: FlowHouse, postgres_database: str
):
    many(house, 400)
    server = open_server(house, postgres_database)
    name = urlsplit(server.url).path.strip("/")
    flow = house.add(replication(ITEMS.key)).number
    wire = watch(house)

    def away(call) -> None:
        if "skiptoken" in call.url:
            wire.before = str
            gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
            server.run_elsewhere(
                f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false', f"{gone}'{name}'"
            )

    wire.before = away
    run = house.fetch(flow)
    assert (run.state, run.outcome) == (WAITING, "")
    assert run.problem == "The warehouse cannot be reached."
    house.stage.clock.move(minutes=2)
    log_in_again(house)
    house.work()
    assert house.run(1).state == WAITING, "it is still away"
    server.run_elsewhere(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    assert to_its_end(house, house.run(1)).outcome == "done"
    assert equal(house, server.loaded(ITEMS, GROENHOF))
