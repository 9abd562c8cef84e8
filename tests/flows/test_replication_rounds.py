"""Rounds of changes while pages are read and kills at any moment: at rest replica = source.

A round is made from its seed alone. RV_ROUNDS sets how many are played (300 for a release).
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from retailvista.connectors.database.duck import DuckWarehouse
from retailvista.connectors.database.warehouse import Counted
from retailvista.connectors.wire import Call
from retailvista.flows import following, still
from retailvista.flows import replication as replicating
from retailvista.sandbox import records as store
from tests.flows.flow_house import FlowHouse, renamed, replication
from tests.flows.mirror import Mirror, differences, entity_of, loaded, to_its_end
from tests.flows.watching import Killed, WatchedWire, log_in_again, watch
from tests.sandbox.visitor import GROENHOF

FIRST = int(os.environ.get("RV_FIRST_ROUND", "0"))
ROUNDS = int(os.environ.get("RV_ROUNDS", "30"))
PLAYED = tuple(
    entity_of(key)
    for key in (
        "logistics/Items",  # the feed, from the start
        "salesorder/GoodsDeliveries",  # bulk first, then the feed
        "hrm/Costcenters",  # by Modified, deletions by comparing keys
        "financial/GLAccountClassificationMappings",  # whole each time
    )
)
# Alone in a flow of its own: one question tells whether it stands still.
LONELY = entity_of("crm/Contacts")
PAGE = 7


@dataclass
class Game:
    """The other system at work, and a process that dies."""

    house: FlowHouse
    file: Path
    mirror: Mirror
    wire: WatchedWire
    dice: random.Random
    flows: tuple[int, ...]
    busy: bool = False
    statements_left: int = 0
    kills: int = 0
    stood_still: int = 0

    def play_all(self, rounds: int, first: int = 0) -> None:
        for played, seed in enumerate(range(first, first + rounds), start=1):
            self.play(seed)
            if played % 25 == 0:  # seen with pytest -s: 300 rounds take their time
                told = f"{played} rounds, {self.kills} kills, {self.stood_still} stood still"
                sys.stdout.write(f"{told}\n")

    def play(self, seed: int) -> None:
        """One round: changes, runs that are cut off, then rest and a look."""
        self.dice = random.Random(seed)
        self.house.stage.clock.move(minutes=self.dice.choice([1, 30, 300, 1500]))
        log_in_again(self.house)
        for _ in range(self.dice.randrange(8)):
            self.change()
        self.busy = True
        for _ in range(self.dice.randrange(3)):
            self.cut_off()
        self.busy, self.wire.kill_at, self.statements_left = False, 0, 0
        # One that was waiting may have read a table before its last change: then it rests.
        for flow in self.flows:
            to_its_end(self.house, self.fetch(flow))
            run = to_its_end(self.house, self.house.fetch(flow))
            assert run.outcome == "done", (seed, self.house.log(run))
        self.stood_still += run.counts["calls"] == 1
        self.look(seed)

    def fetch(self, flow: int):
        mode = "full" if self.dice.random() < 0.1 else "incremental"
        return self.house.fetch(flow, mode=mode)

    def cut_off(self) -> None:
        """A run that dies before, during or after a call, or in the middle of a transaction."""
        if self.dice.random() < 0.5:
            self.wire.kill_at = self.wire.calls + self.dice.randrange(1, 25)
            self.wire.kill_after = self.dice.random() < 0.5
        else:
            self.statements_left = self.dice.randrange(1, 60)
        try:
            self.fetch(self.dice.choice(self.flows))
        except Killed:
            self.kills += 1

    def change(self, call: Call | None = None) -> None:
        """Somebody adds, changes or deletes a record; also between two pages."""
        if call is not None and not (self.busy and self.dice.random() < 0.4):
            return
        found, books = self.dice.choice((*PLAYED, LONELY)), self.mirror.sandbox.store
        rows = list(store.every(books, found.key, GROENHOF))
        kind = self.dice.random()
        if kind < 0.4 or not rows:
            text = f"N{self.dice.randrange(10**9)}"
            store.put(books, GROENHOF, found.key, [{"Description": text, "Code": text}])
        elif kind < 0.7:
            row = self.dice.choice(rows)
            row.body["Description"] = f"C{self.dice.randrange(10**9)}"
            store.change(books, row)
        else:
            store.remove(books, self.dice.choice(rows), "anna")

    def look(self, seed: int) -> None:
        """Every table equals its source."""
        for found in (*PLAYED, LONELY):
            mine, theirs = loaded(self.file, found), self.mirror.source(found)
            assert differences(found, mine, theirs) == [], (seed, found.table)

    def count_down(self) -> None:
        """The process dies at this statement of the warehouse, when it is its turn."""
        self.statements_left -= 1
        if self.statements_left == 0:
            raise Killed


class Careless:
    """Believes that every answer equals what is here."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return True


@pytest.fixture
def game(house: FlowHouse, monkeypatch: pytest.MonkeyPatch) -> Game:
    books = house.stage.sandbox.store
    books.set("limits", "off")
    books.set("page_rows_sync", PAGE)
    books.set("page_rows", PAGE)
    # What a run reads again from before the mark would hide what it missed.
    monkeypatch.setattr(following, "LOOK_BACK", 0)
    for found in (*PLAYED, LONELY):
        store.put(books, GROENHOF, found.key, [{"Code": f"V{n}"} for n in range(15)])
    lonely = renamed(replication(LONELY.key, parquet=False), "Alleen")
    both = (replication(*(found.key for found in PLAYED), parquet=False), lonely)
    flows = tuple(house.add(spec).number for spec in both)
    file = house.stage.outside.spool.parent / "warehouses" / "1" / "warehouse.duckdb"
    mirror, dice = Mirror.of(house.stage.sandbox), random.Random(0)
    made = Game(house, file, mirror, watch(house), dice, flows)
    made.wire.before = made.change
    changed = DuckWarehouse.changed

    def counted(self: DuckWarehouse, sql: str, parameters: Sequence[Any] = ()) -> int:
        made.count_down()
        return changed(self, sql, parameters)

    monkeypatch.setattr(DuckWarehouse, "changed", counted)
    return made


_LEAVE = pytest.mark.judge_allows(
    "refresh-too-early",
    "too-many-token-calls",
    "broken-chain",
    reason="many rounds play in one day, and processes are killed in the middle of a renewal",
)


@pytest.mark.statement("D-38")
@_LEAVE
def test_at_rest_the_replica_equals_its_source(game: Game):
    game.play_all(ROUNDS, FIRST)
    assert game.kills > ROUNDS // 4, "the game is to be dangerous"
    assert game.stood_still > ROUNDS // 2, "one call told that nothing was new"


@_LEAVE
def test_the_game_notices_a_deletion_that_is_missed(game: Game, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(replicating, "apply_deletions", str)
    with pytest.raises(AssertionError, match="too many"):
        game.play_all(40)


@_LEAVE
def test_the_game_notices_a_table_that_only_seems_to_stand_still(
    game: Game, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(still, "_is_out_of_order", lambda *_: False)
    monkeypatch.setattr(DuckWarehouse, "newest", lambda *_: Careless())
    with pytest.raises(AssertionError, match=r"missing|is not|too many"):
        game.play_all(40)


@_LEAVE
def test_the_game_notices_a_mark_that_runs_ahead_of_its_rows(
    game: Game, monkeypatch: pytest.MonkeyPatch
):
    stored = DuckWarehouse.merge

    def forgetful(self: DuckWarehouse, *given: Any, **more: Any) -> Counted:
        if game.dice.random() < 0.3:
            return Counted()
        return stored(self, *given, **more)

    monkeypatch.setattr(DuckWarehouse, "merge", forgetful)
    with pytest.raises(AssertionError, match=r"missing|is not|number of rows"):
        game.play_all(40)
