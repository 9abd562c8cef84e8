"""Settings: the environment over the file, secrets out of sight, a wrong one named at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retailvista.config import load_settings
from retailvista.errors import BadSetting

ROOT = Path(__file__).resolve().parent.parent
KEYS = {"RV_EXACT_CLIENT_ID": "the-app", "RV_EXACT_CLIENT_SECRET": "canary-of-the-operator"}


@pytest.mark.statement("R-24")
def test_the_operators_app_comes_from_the_environment_or_the_settings_file(tmp_path):
    by_environment = load_settings(KEYS, tmp_path)
    (tmp_path / "config.py").write_text("".join(f"{n} = {v!r}\n" for n, v in KEYS.items()))
    by_file = load_settings({}, tmp_path)
    for settings in (by_environment, by_file):
        assert settings.exact_client_id == "the-app"
        assert settings.exact_client_secret == "canary-of-the-operator"
        assert "canary" not in repr(settings)


@pytest.mark.statement("R-24")
def test_the_operators_secret_may_come_in_a_file_of_its_own(tmp_path):
    file = tmp_path / "exact-secret"
    file.write_text("canary-of-the-operator\n")
    env = {"RV_EXACT_CLIENT_ID": "the-app", "RV_EXACT_CLIENT_SECRET_FILE": str(file)}
    assert load_settings(env, tmp_path).exact_client_secret == "canary-of-the-operator"


def test_variables_of_the_operator_are_settings_by_name(tmp_path):
    (tmp_path / "config.py").write_text("RV_VARIABLE_Host = 'canary'\nRV_VARIABLE_LAND = 'BE'\n")
    settings = load_settings({"RV_VARIABLE_LAND": "NL"}, tmp_path)
    assert settings.variables == {"host": "canary", "land": "NL"}
    assert "canary" not in repr(settings), "a value may be private"


WRONG = [
    ({"RV_VARIABLE_A-B": "x"}, "names no variable"),
    ({"RV_VARIABLE_": "x"}, "names no variable"),
    ({"RV_EXACT_CLIENT_ID": "the-app"}, "go together"),
    ({"RV_EXACT_CLIENT_SECRET": "canary"}, "go together"),
    (KEYS | {"RV_EXACT_CLIENT_SECRET_FILE": "/x"}, "not both"),
    ({"RV_EXACT_CLIENT_SECRET_FILE": "/no/such/file"}, "cannot be read: FileNotFoundError"),
    ({"RV_BASE_URL": "http://retailvista.example"}, "must be https"),
    ({"RV_BASE_URL": "https://retailvista.example/path"}, "RV_BASE_URL"),
    ({"RV_ENGINE": "both"}, "RV_ENGINE"),
    ({"RV_ENGINE": "distributed"}, "PostgreSQL"),
    ({"RV_DATABASE_URL": "mysql://x"}, "RV_DATABASE_URL"),
    ({"RV_INSTANCE": "No/Good"}, "RV_INSTANCE"),
    ({"RV_MAIL_URL": "pigeon:"}, "RV_MAIL_URL"),
    ({"RV_SUPPORT_URL": "javascript:alert(1)"}, "RV_SUPPORT_URL"),
    ({"RV_PROVIDER_HOSTS": "exact.example"}, "RV_PROVIDER_HOSTS"),
    ({"RV_PROXY_HOPS": "-1"}, "RV_PROXY_HOPS"),
]


@pytest.mark.parametrize(("environment", "says"), WRONG)
def test_a_wrong_setting_is_named_and_shows_no_secret(tmp_path, environment, says):
    with pytest.raises(BadSetting, match=says) as caught:
        load_settings(environment, tmp_path)
    assert "canary" not in str(caught.value)


def test_every_setting_is_in_the_readme():
    source = (ROOT / "retailvista" / "config.py").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = set(re.findall(r"\"(RV_[A-Z_]+)\"", source))
    assert len(settings) > 10
    missing = sorted(name for name in settings if f"`{name}`" not in readme)
    assert not missing, missing
