"""Somebody reads without end: postings go out in the same minute, and screens stay quick."""

from __future__ import annotations

import pytest

from retailvista.connectors.visits import fetch_master
from retailvista.web.odata import Places
from tests.feed.live_house import CONTACTS, LiveHouse


@pytest.fixture(scope="module")
def shop(live) -> LiveHouse:
    """Exact keeps its limits here: 60 calls a minute."""
    live.put(CONTACTS, *({"LastName": f"P{n}"} for n in range(5)))
    live.feed("druk", CONTACTS)
    with live.scope():
        fetch_master(live.house.stage.outside, live.house.stage.connector_id)
    return live


def test_a_heavy_reader_leaves_the_calls_that_posting_needs(shop, quiet):
    program, stage = shop.program("druk"), shop.house.stage
    answers = [program.send("Contacts?$top=1") for _ in range(40)]
    read = [answer.status_code for answer in answers]
    assert read == [200] * 30 + [503] * 10
    assert answers[-1].headers["Retry-After"] == "60"
    assert answers[-1].json["error"]["code"] == "ServiceUnavailable"
    assert len(shop.calls()) == 30
    with shop.scope():
        stage.add_days(1)
        stage.release()
        stage.export(until_idle=True)
        assert len(stage.booked()) == 1
        assert stage.states() in (["posted"], ["verified"])
    assert program.send("Contacts?$top=1").status_code == 503
    shop.clock.move(minutes=1)
    assert program.send("Contacts?$top=1").status_code == 200


def test_a_list_that_needs_more_calls_comes_in_parts_and_whole(shop, quiet):
    """Each part says where to go on; what is left of it waits for the next minute."""
    program, found, waited = shop.program("druk"), [], 0
    shop.put(CONTACTS, *({"LastName": f"Q{n:03}"} for n in range(200)))
    program.send("Contacts?$top=1")
    shop.lane(minute_used=28)
    link = "Contacts?$filter=contains(LastName,'Q')&$orderby=Modified"
    while link:
        answer = program.send(link, Prefer="maxpagesize=150")
        if answer.status_code == 503:
            waited += 1
            shop.clock.move(seconds=int(answer.headers["Retry-After"]))
            continue
        found += [row["LastName"] for row in answer.json["value"]]
        link = answer.json.get("@odata.nextLink", "").removeprefix(program.root + "/")
    assert sorted(found) == [f"Q{n:03}" for n in range(200)]
    assert waited >= 1


def test_screens_answer_while_a_feed_is_read(shop, quiet):
    admin = shop.site.browser("groenhof", "administrator@groenhof.nl")
    program = shop.program("druk")
    held = [_begun(program) for _ in range(4)]
    assert program.send("Contacts?$top=1").status_code == 429
    assert admin.get("/feeds").status_code == 200
    assert admin.get("/journals").status_code == 200
    for answer in held:
        answer.close()
    assert program.send("Contacts?$top=1").status_code == 200


def _begun(program):
    """An answer of which nothing was taken yet."""
    return program.client.open(
        f"/odata/{program.feed}/Contacts", headers=program.headers, buffered=False
    )


def test_a_removed_connector_answers_with_an_error_and_breaks_no_other_table(shop, quiet):
    shop.feed("half", CONTACTS)
    shop.house.change_connector(deleted_at=shop.clock.now())
    try:
        program = shop.program("half")
        assert [entry["name"] for entry in program.get()["value"]] == ["Contacts"]
        answer = program.send("Contacts")
    finally:
        shop.house.change_connector(deleted_at=None)
    assert (answer.status_code, answer.json["error"]["code"]) == (502, "SourceFailed")


def test_readers_of_all_companies_leave_threads_for_screens():
    seats = Places()
    assert [seats.take(1) for _ in range(5)] == [True, True, True, True, False]
    assert [seats.take(2) for _ in range(3)] == [True, True, False]
    seats.leave(1)
    assert seats.take(2)
