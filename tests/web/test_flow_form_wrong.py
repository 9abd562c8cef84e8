"""Whatever a browser sends to the screens of flows is answered, never with an error of ours."""

from __future__ import annotations

import pytest

from tests.web.desk import Desk
from tests.web.test_flows import INCOMING, REPLICATION

ODD = ["", "-1", "0", "9", "999999999999", "x", "²", "1e5", "'; --", "{{ 1 }}", "é" * 300]
FIELDS = [
    "kind", "name", "source_connector", "target_connector", "entity", "division", "select",
    "keep_days", "retry_times", "retry_minutes", "target_entity", "action", "schema", "database",
    "deleted_rows", "expression", "only_if", "request_name", "fields_name", "source_query_name",
    "add", "drop", "add_service", "more_rows", "find", "find_target", "press", "when_how",
    "when_minutes", "when_at", "when_cron", "when_mode", "sample", "sample_entity", "one_each",
]  # fmt: skip
NAMED = [
    ("/inbox", "number"), ("/inbox", "what"), ("/usage", "per_refresh"),
    ("/flows/1/schedules", "when_minutes"), ("/variables", "name"),
]  # fmt: skip


@pytest.mark.parametrize("start", [INCOMING, REPLICATION], ids=["incoming", "replication"])
def test_odd_fields_are_refused_or_shown_again(ready: Desk, start: dict[str, object]):
    whole = {**start, "when_how": "every", "when_minutes": "60"}
    for field in FIELDS:
        for odd in ODD[1:8:2]:
            changed = {**whole, field: odd}
            if field.endswith("_name"):
                changed[field.replace("_name", "_value")] = odd
            answer = ready.admin.post("/flows/new", **changed)
            assert answer.status_code in (200, 303, 400), f"{field}={odd}: {answer.status_code}"
            if answer.status_code == 303:
                ready.admin.post(f"{answer.location.split('?')[0]}/delete")
            tried = ready.admin.post("/flows/preview", **changed)
            assert tried.status_code in (200, 404, 409), f"{field}={odd}: {tried.status_code}"


def test_odd_questions_are_answered(ready: Desk):
    for path in (
        "/flows/entities?find={}", "/flows/entities?side=target&find_target={}",
        "/flows/entities?source_connector={}&find=a", "/flows/new?kind={}", "/flows/new?target={}",
        "/inbox?state={}", "/inbox?after={}", "/usage?from={}", "/runs?flow={}",
        "/connectors/1/endpoints?text={}", "/variables?name={}",
    ):  # fmt: skip
        for odd in ODD:
            assert ready.admin.get(path.format(odd)).status_code == 200, path.format(odd)
    ready.admin.post("/flows/new", **INCOMING)
    for odd in ODD:
        for path, name in NAMED:
            answer = ready.admin.post(path, **{"what": "skip", "number": "1", name: odd})
            assert answer.status_code in (200, 303, 400, 409), f"{path} {name}={odd}"
