"""Numbers from outside: plain digits that fit a column of the database, anything else is none.

Python takes digits of every script and of any length; a database and our throttles do not.
"""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.routing import IntegerConverter

DIGITS = "[0-9]{1,9}"
# What a column holds; the division of a Sage business may come up to it.
HIGHEST = 2**31 - 1


class Number(IntegerConverter):
    """<int:...> in a route; what is no such number is not found."""

    regex = DIGITS


def install(app: Flask) -> None:
    app.url_map.converters["int"] = Number


def whole(text: str) -> int:
    """A number of a query or a form. ValueError for what is none.

    >>> whole("025")
    25
    >>> whole("²")
    Traceback (most recent call last):
    ...
    ValueError: not a plain number
    """
    if not re.fullmatch("[0-9]{1,10}", text) or int(text) > HIGHEST:
        raise ValueError("not a plain number")
    return int(text)
