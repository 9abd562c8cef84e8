"""JSON as providers send it: exact numbers, none of them larger than a computer's numbers are.

Invariant: what cannot be an honest answer is a ValueError, whatever was done to it: inner parts
without end, NaN, and 1e999999999, which takes a gigabyte when it is written out. Texts can be
stored: half a character becomes a question mark, else its record would stop all after it.
"""

from __future__ import annotations

import json
import re
from decimal import Context, DecimalException, Inexact, InvalidOperation, Overflow
from decimal import Underflow as TooSmall
from typing import Any, NoReturn

# A double reaches to 1.8e308 (IEEE 754), and an exact number of OData has up to 29 digits.
EXPONENT_MAX = 400
DIGITS_MAX = 1_000

# Half of a character that takes two (RFC 8259, 8.2) can only come in as an escape.
HALF = re.compile(r"\\u[dD][89abcdefABCDEF]")


def read(body: bytes) -> Any:
    """The value of a body. ValueError for what is none.

    >>> read(b'{"Amount": 1.50}')
    {'Amount': Decimal('1.50')}
    """
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, parse_float=_exact(), parse_constant=_refused)
        return _mended(value) if HALF.search(text) else value
    except (DecimalException, RecursionError) as error:
        raise ValueError("no answer that can be kept") from error


def _exact() -> Any:
    """Reads a number exactly, or raises DecimalException. Of its own per answer: it has a state."""
    return Context(
        prec=DIGITS_MAX,
        Emin=-EXPONENT_MAX,
        Emax=EXPONENT_MAX,
        traps=[Inexact, InvalidOperation, Overflow, TooSmall],
    ).create_decimal


def _refused(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _mended(value: Any) -> Any:
    """The same with texts that UTF-8 can hold."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    return [_mended(inner) for inner in value] if isinstance(value, list) else value
