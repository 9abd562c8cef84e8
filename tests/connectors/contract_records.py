"""Promises of a provider whose records are read and written: whole pages, one request per write."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from retailvista.connectors.http import RequestsWire, origin_of
from retailvista.connectors.port import Call, Outcome, Reply
from retailvista.connectors.records import Asked, Records, Row, ToFind, ToWrite, Written
from retailvista.errors import Later, Refused
from tests.connectors.contract_case import Case


def _records(case: Case) -> Records:
    assert case.records is not None
    return case.records.of(case)


def _asked(case: Case, **query: str) -> Asked:
    assert case.records is not None
    entity = _records(case).entity(case.records.entity)
    return Asked(entity.key, case.records.way or entity.way, query=query)


def _rows(case: Case) -> list[Row]:
    records, session, asked = _records(case), case.records_session(), _asked(case)
    rows: list[Row] = []
    address = records.first(session, asked)
    while address:
        assert origin_of(address) == origin_of(session.site)
        page = records.page(case.wire, session, asked, address)
        rows += page.rows
        address = page.next
    return rows


def _write(case: Case, action: str, key: str = "", **more: object) -> Written:
    assert case.records is not None
    body = b"" if action == "delete" else json.dumps(case.records.body | more).encode()
    path = {"id": key} if key else {}
    asked = ToWrite(case.records.entity, action, path, body=body)
    return _records(case).write(case.wire, case.records_session(), asked)


def check_what_is_offered_is_told_apart_and_an_unknown_one_is_named(case: Case) -> None:
    records = _records(case)
    keys = [found.key for found in records.entities()]
    assert keys
    assert len(set(keys)) == len(keys)
    for key in keys[:20]:
        assert records.entity(key).key == key
    with pytest.raises(Refused, match="no-such-thing"):
        records.entity("no-such-thing")


def check_a_list_is_read_to_its_end_on_the_same_origin(case: Case) -> None:
    records, session = _records(case), case.records_session()
    rows = _rows(case)
    told = records.count(case.wire, session, _asked(case))
    assert told in (None, len(rows))
    key = _asked(case).entity
    names = [records.key_of(key, row) for row in rows]
    assert len(set(names)) == len(names)
    assert all(names)
    assert records.may_read(case.wire, session, key)


def check_a_record_is_created_found_back_changed_and_taken_away(case: Case) -> None:
    assert case.records is not None
    records, entity = _records(case), _records(case).entity(case.records.entity)
    made = _write(case, "create")
    assert made.outcome is Outcome.BOOKED, made
    assert made.record is not None
    key, session = records.key_of(entity.key, made.record), case.records_session()
    name = next(found.name for found in entity.properties if found.is_key)
    by_key = ToFind({name: made.record[name]})
    found = records.find(case.wire, session, entity.key, by_key)
    assert (found.good, len(found.rows)) == (True, 1), found
    assert records.differences(entity.key, case.records.body, found.rows[0]) == []
    if "update" in entity.actions:
        assert _write(case, "update", key, **case.records.change).outcome is Outcome.BOOKED
        found = records.find(case.wire, session, entity.key, by_key)
        assert records.differences(entity.key, case.records.change, found.rows[0]) == []
    assert _write(case, "delete", key).outcome is Outcome.BOOKED
    gone = records.find(case.wire, session, entity.key, by_key)
    assert (gone.good, gone.rows) == (True, ())


def check_a_request_is_made_without_a_token_and_sent_once(case: Case) -> None:
    assert case.records is not None
    records, session = _records(case), case.records_session()
    body = json.dumps(case.records.body).encode()
    asked = ToWrite(case.records.entity, "create", body=body)
    without = replace(session, access_token=type(session.access_token)(""))
    request = records.request(without, asked)
    assert session.access_token.reveal() not in f"{request.url}{request.body!r}"
    records.may_read(case.wire, session, case.records.entity)  # nothing is left to be found out
    sent: list[Call] = []

    class Counting:
        def send(self, call: Call) -> Reply:
            sent.append(call)
            return case.wire.send(call)

    assert records.send(Counting(), session, request).outcome is Outcome.BOOKED
    assert [call.method for call in sent] == ["POST"]
    assert urlsplit(sent[0].url).netloc == urlsplit(session.site).netloc
    assert session.access_token.reveal() not in repr(sent)


def check_a_write_is_never_taken_for_more_than_was_answered(case: Case) -> None:
    assert case.records is not None
    records, session = _records(case), case.records_session()
    records.may_read(case.wire, session, case.records.entity)
    case.fail("drop_after_commit", path=case.records.path)
    assert _write(case, "create").outcome is Outcome.UNKNOWN
    case.fail("429", path=case.records.path)
    assert _write(case, "create").outcome is Outcome.THROTTLED
    asked = ToWrite(case.records.entity, "create", body=json.dumps(case.records.body).encode())
    nobody = replace(session, site="http://127.0.0.1:9")
    request = records.request(nobody, asked)
    wire = RequestsWire(case.clock, (), [nobody.site])
    lost = records.send(wire, nobody, request)
    assert lost.outcome is Outcome.NOT_SENT, lost


def check_a_page_or_a_look_that_failed_is_no_empty_one(case: Case) -> None:
    assert case.records is not None
    records, session, asked = _records(case), case.records_session(), _asked(case)
    records.may_read(case.wire, session, asked.entity)
    case.fail("html_503", method="GET", path=case.records.path)
    with pytest.raises(Later):
        records.page(case.wire, session, asked, records.first(session, asked))
    entity = records.entity(asked.entity)
    name = next(found.name for found in entity.properties if found.is_key)
    case.fail("html_503", method="GET", path=case.records.path)
    found = records.find(case.wire, session, asked.entity, ToFind({name: case.records.absent}))
    assert not found.good
    assert found.problem
    with pytest.raises(Refused):
        records.page(case.wire, session, asked, "https://elsewhere.example/next")
