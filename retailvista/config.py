"""Settings: environment (RV_...) over instance/config.py, checked before anything starts.

The app refuses to start on a wrong setting and says which (DESIGN: command line contract).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from retailvista.errors import BadSetting

ROOT = Path(__file__).resolve().parent.parent

# Exact's country sites: a login lives on one of them (Exact app registration, OAuth pages).
EXACT_SITES = tuple(
    f"https://start.exactonline.{land}" for land in ("nl", "be", "de", "fr", "es", "co.uk", "com")
)


HOST_SCHEMES = ("http", "https", "postgresql")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the operator may set. Paths are absolute, URLs without trailing slash."""

    database_url: str
    base_url: str
    instance: str
    instance_dir: Path
    master_key_file: Path
    mail_url: str
    mail_from: str
    engine: str
    provider_hosts: tuple[str, ...]
    proxy_hops: int
    # Lets a scraper on another host read /metrics; without it only this machine may.
    metrics_token: str = field(default="", repr=False)
    # The operator's own app at Exact: with it a connector needs no registration of its own.
    exact_client_id: str = ""
    exact_client_secret: str = field(default="", repr=False)
    # Where people of this installation ask for help: a ticket form or a mail address.
    support_url: str = ""
    # [variables] for every company: RV_VARIABLE_WAREHOUSE_HOST is [warehouse_host].
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    # By which calls of connectors go that ask for it; it may hold no password.
    proxy_url: str = ""

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def base_host(self) -> str:
        """Host of the base URL, lower case, without port."""
        return (urlsplit(self.base_url).hostname or "").lower()

    @property
    def prefix(self) -> str:
        """Path prefix of the instance: '' or '/<instance>'."""
        return f"/{self.instance}" if self.instance else ""


def is_loopback_host(host: str) -> bool:
    """Plain http is allowed for these hosts only (RFC 6761 for localhost)."""
    return host in ("127.0.0.1", "::1", "localhost") or host.endswith(".localhost")


def load_settings(
    environment: Mapping[str, str] | None = None, instance_dir: Path | None = None
) -> Settings:
    """Read and check the settings. Raises BadSetting naming the one that is wrong."""
    env = dict(os.environ if environment is None else environment)
    folder = Path(instance_dir or env.get("RV_INSTANCE_DIR") or ROOT / "instance").absolute()
    values = _from_file(folder / "config.py") | {
        key: value for key, value in env.items() if key.startswith("RV_")
    }
    settings = Settings(
        database_url=values.get("RV_DATABASE_URL") or f"sqlite:///{folder}/retailvista.sqlite3",
        base_url=values.get("RV_BASE_URL", "http://retailvista.localhost:8000").rstrip("/"),
        instance=values.get("RV_INSTANCE", ""),
        instance_dir=folder,
        master_key_file=Path(values.get("RV_MASTER_KEY_FILE") or _default_key_file()),
        mail_url=values.get("RV_MAIL_URL") or f"file:{folder}/outbox",
        mail_from=values.get("RV_MAIL_FROM", "RetailVista <noreply@retailvista.localhost>"),
        engine=values.get("RV_ENGINE", "embedded"),
        provider_hosts=_split(values.get("RV_PROVIDER_HOSTS", "")),
        proxy_hops=_number(values.get("RV_PROXY_HOPS", "0"), "RV_PROXY_HOPS"),
        metrics_token=values.get("RV_METRICS_TOKEN", ""),
        exact_client_id=values.get("RV_EXACT_CLIENT_ID", "").strip(),
        exact_client_secret=_secret(values, "RV_EXACT_CLIENT_SECRET"),
        support_url=values.get("RV_SUPPORT_URL", "").strip(),
        variables=_variables(values),
        proxy_url=values.get("RV_PROXY_URL", "").strip().rstrip("/"),
    )
    _check(settings)
    return settings


def check_key_file_place(settings: Settings) -> None:
    """On https the key must not lie in instance/ nor be readable by others; else BadSetting."""
    if not settings.is_https:
        return
    key_file = settings.master_key_file
    if key_file.resolve().is_relative_to(settings.instance_dir.resolve()):
        raise BadSetting("RV_MASTER_KEY_FILE lies inside the instance folder; move it out of it.")
    if key_file.exists() and key_file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadSetting(f"RV_MASTER_KEY_FILE {key_file} is readable by others; use chmod 600.")


def _default_key_file() -> Path:
    system = Path("/etc/retailvista/master.key")
    if system.exists() or (os.geteuid() == 0 and system.parent.is_dir()):
        return system
    return Path.home() / ".config" / "retailvista" / "master.key"


def _from_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    names: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), names)  # noqa: S102  the operator's own file
    return {key: str(value) for key, value in names.items() if key.startswith("RV_")}


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())


def _variables(values: Mapping[str, str]) -> dict[str, str]:
    begin = "RV_VARIABLE_"
    found = {key[len(begin) :]: text for key, text in values.items() if key.startswith(begin)}
    for name in found:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name):
            raise BadSetting(f"{begin}{name} names no variable: letters, digits and _ only.")
    return {name.lower(): text for name, text in found.items()}


def _secret(values: Mapping[str, str], name: str) -> str:
    """The setting itself, or the first line of the file that <name>_FILE names."""
    given, path = values.get(name, "").strip(), values.get(f"{name}_FILE", "")
    if given and path:
        raise BadSetting(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return given
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{name}_FILE {path} cannot be read: {type(error).__name__}.") from error
    if not lines or not lines[0].strip():
        raise BadSetting(f"{name}_FILE {path} is empty.")
    return lines[0].strip()


def _number(text: str, name: str) -> int:
    if not text.isdigit():
        raise BadSetting(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _check(settings: Settings) -> None:
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
        raise BadSetting(f"RV_BASE_URL {settings.base_url!r} is not a plain http(s) address.")
    if parts.scheme == "http" and not is_loopback_host(settings.base_host):
        raise BadSetting("RV_BASE_URL must be https; http is only for *.localhost and loopback.")
    if settings.engine not in ("embedded", "distributed"):
        raise BadSetting("RV_ENGINE must be 'embedded' or 'distributed'.")
    if settings.engine == "distributed" and not settings.database_url.startswith("postgresql"):
        raise BadSetting("RV_ENGINE=distributed needs a PostgreSQL RV_DATABASE_URL.")
    if not settings.database_url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting("RV_DATABASE_URL must start with sqlite:/// or postgresql+psycopg://.")
    if settings.instance and not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", settings.instance):
        raise BadSetting("RV_INSTANCE may hold lower-case letters, digits and hyphens only.")
    if not settings.mail_url.startswith(("smtp://", "smtps://", "file:")):
        raise BadSetting("RV_MAIL_URL must start with smtp://, smtps:// or file:.")
    if settings.support_url and not settings.support_url.startswith(("https://", "mailto:")):
        raise BadSetting("RV_SUPPORT_URL must start with https:// or mailto:.")
    proxy = urlsplit(settings.proxy_url)
    if settings.proxy_url and (
        proxy.scheme != "http" or not proxy.hostname or proxy.username or proxy.path
    ):
        raise BadSetting("RV_PROXY_URL must be http://host:port, without user or password.")
    _check_providers(settings)


def _check_providers(settings: Settings) -> None:
    if bool(settings.exact_client_id) != bool(settings.exact_client_secret):
        raise BadSetting("RV_EXACT_CLIENT_ID and RV_EXACT_CLIENT_SECRET go together; one is empty.")
    for host in settings.provider_hosts:
        # The last names a database that a warehouse may lie on.
        if urlsplit(host).scheme not in HOST_SCHEMES or not urlsplit(host).hostname:
            raise BadSetting(f"RV_PROVIDER_HOSTS: {host!r} is not a base URL.")
