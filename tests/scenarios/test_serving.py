"""The process as the operator sees it: health, readiness, metrics, SIGTERM and SIGKILL."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from tests.scenarios.house import ROOT, stop, wait_for


def ask(house, path, host="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": host or "anything"} | headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def is_ready(house):
    try:
        return ask(house, "/readyz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def served(house):
    house.begin()
    process = house.start("serve", "--port", str(house.port))
    wait_for(lambda: is_ready(house))
    house.process = process
    yield house
    if process.poll() is None:
        stop(process)


def test_health_readiness_and_metrics(served):
    assert ask(served, "/healthz") == (200, '{"status":"ok"}\n')
    status, text = ask(served, "/readyz", host="an.address.of.the.balancer")
    assert status == 200
    assert json.loads(text) == {"status": "ok", "process": "", "database": "", "key": ""}
    status, text = ask(served, "/metrics")
    assert status == 200
    for name in ("exports_unknown", "oldest_unposted_seconds", "mails_waiting", "logins_needed"):
        assert f"retailvista_{name} 0.0" in text
    assert "groenhof" not in text, "no tenant is named"
    alias = f"groenhof.retailvista.localhost:{served.port}"
    assert ask(served, "/metrics", host=alias)[0] == 404
    forwarded = {"X-Forwarded-For": "192.0.2.7"}
    assert ask(served, "/metrics", **forwarded)[0] == 404


def test_an_unknown_host_gets_nothing(served):
    assert ask(served, "/", host="nobody.retailvista.localhost")[0] == 404
    assert ask(served, "/", host="evil.example")[0] == 404


def test_a_database_of_another_version_is_not_ready(served):
    path = served.folder / "instance" / "retailvista.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.commit()
    connection.close()
    status, text = ask(served, "/readyz")
    assert status == 503
    assert "retailvista init" in json.loads(text)["database"]


def test_sigterm_ends_with_0_and_its_next_start_works(served):
    assert stop(served.process) == 0
    again = served.start("serve", "--port", str(served.port))
    wait_for(lambda: is_ready(served))
    assert stop(again) == 0


def test_after_sigkill_the_next_process_takes_over_at_once(served):
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.communicate()
    path = served.folder / "instance" / "retailvista.sqlite3"
    (owner,) = (served.folder / "instance" / "processes").iterdir()
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO run (company_id, number, kind, key, args, state, outcome, asked_by, asked_at,"
        " not_before, lease_owner, lease_until, attempt, counts, calls, done_steps, total_steps,"
        " problem) VALUES (1, 1, 'build', '', '{}', 'working', '', 'x', '2026-01-01', '2026-01-01',"
        " ?, '2099-01-01', 1, '{}', 0, 0, 0, '')",
        (owner.name,),
    )
    connection.commit()

    again = served.start("serve", "--port", str(served.port))
    question = "SELECT state || outcome FROM run WHERE number = 1"
    wait_for(lambda: connection.execute(question).fetchone()[0] == "endeddone")
    assert stop(again) == 0
    connection.close()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("RV_ENGINE", "celery", "RV_ENGINE"),
        ("RV_ENGINE", "distributed", "PostgreSQL"),
        ("RV_MAIL_URL", "mail.example", "RV_MAIL_URL"),
        ("RV_INSTANCE", "Zuid!", "RV_INSTANCE"),
        ("RV_DATABASE_URL", "mysql://x", "RV_DATABASE_URL"),
        ("RV_PROXY_HOPS", "one", "RV_PROXY_HOPS"),
        ("RV_PROVIDER_HOSTS", "localhost", "RV_PROVIDER_HOSTS"),
    ],
)
def test_a_wrong_setting_is_named_and_nothing_starts(house, setting, value, said):
    house.begin()
    result = house.run("serve", **{setting: value})
    assert result.exit_code == 1
    assert said in result.stderr


def test_https_refuses_a_key_that_lies_in_the_instance_folder_or_is_open_to_others(house):
    house.begin()
    https = {"RV_BASE_URL": "https://retailvista.example"}
    inside = str(house.folder / "instance" / "master.key")
    result = house.run("company", "list", RV_MASTER_KEY_FILE=inside, **https)
    assert (result.exit_code, "inside the instance folder" in result.stderr) == (1, True)
    (house.folder / "keys" / "master.key").chmod(0o644)
    result = house.run("company", "list", **https)
    assert (result.exit_code, "chmod 600" in result.stderr) == (1, True)


def test_an_empty_database_is_not_served(house):
    result = house.run("serve")
    assert (result.exit_code, "retailvista init" in result.stderr) == (1, True)


def test_python_without_its_checks_is_refused(house):
    done = subprocess.run(
        [sys.executable, "-O", "-c", "from retailvista.app import main; main(['init'])"],
        env={**os.environ, **house.environment}, capture_output=True, text=True, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "-O" in done.stderr
    assert not (house.folder / "instance" / "retailvista.sqlite3").exists()


def test_the_commands_also_run_under_flask(house):
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "init", "--json"],
        env={**os.environ, **house.environment}, capture_output=True, text=True, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["new"] is True
