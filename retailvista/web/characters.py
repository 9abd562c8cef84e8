"""Characters no keyboard types: NUL and its kin are refused at the door, in every field.

PostgreSQL cannot store a NUL, SQLite can; a list or a mail that holds other control characters
shows something else than it says. Tab and the ends of lines are text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from flask import Flask, current_app, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from retailvista.web import failures
from retailvista.web.access import TOKEN, access_of
from retailvista.web.csrf import SAFE_METHODS

UNTYPED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def install(app: Flask) -> None:
    app.before_request(check_characters)


def check_characters() -> tuple[Response | str, int] | None:
    """Refuse the request that holds such a character, before any view looks at it."""
    if request.endpoint is None or not any(UNTYPED.search(text) for text in _texts()):
        return None
    return failures.page(400, _(
        "A field holds a character that no keyboard types. Remove it and send the form again."
    ))  # fmt: skip


def _texts() -> Iterator[str]:
    """What people and programs filled in; the body of a program is a file, never a form."""
    yield from map(str, (request.view_args or {}).values())
    yield from chain.from_iterable(request.args.listvalues())
    if request.method in SAFE_METHODS or access_of(current_app, request.endpoint or "") == TOKEN:
        return
    yield from chain.from_iterable(request.form.listvalues())
    for file in chain.from_iterable(request.files.listvalues()):
        yield file.filename or ""
