"""Log lines as JSON on stderr, one per event, and never a secret.

Keys that name a secret are blanked whatever their value; the values themselves are kept out by
vault.Secret, which does not show itself. Libraries' own lines take the same road.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAME = re.compile(
    r"password|secret|authori[sz]ation|cookie|token|api_?key|^code$|^state$", re.IGNORECASE
)
# Tokens and codes in the query of a URL that a library logs.
SECRET_IN_URL = re.compile(r"([?&](?:code|state|access_token|refresh_token)=)[^&\s\"']+")


def without_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Blank what has the name of a secret, also one level down and inside URLs."""
    for name, value in list(event.items()):
        if SECRET_NAME.search(name):
            event[name] = "<sealed>"
        elif isinstance(value, dict):
            event[name] = dict(without_secrets(None, "", dict(value)))
        elif isinstance(value, str):
            event[name] = SECRET_IN_URL.sub(r"\1<sealed>", value)
    return event


SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class _Stderr(logging.Handler):
    """Writes to the stderr of the moment: a test or a daemon may replace it."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(self.format(record) + "\n")


def configure(level: str = "INFO") -> None:
    """Send structlog and the standard library's logging to stderr as JSON."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(SHARED),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                without_secrets,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in ("alembic", "urllib3", "waitress.queue"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # A tick that is skipped because the last one still looks is as it should be.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
