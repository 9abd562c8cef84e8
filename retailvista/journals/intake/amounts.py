"""Texts of a till file as numbers, without Decimal on the hot path.

Invariant: an amount becomes whole ten-thousandths or a ValueError; digits are never dropped
unless they are zeros.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

_AMOUNT = re.compile(r"([+-]?)(\d{1,13})(?:\.(\d{0,4})0*)?\Z", re.ASCII)
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?\Z", re.ASCII)
_TIME = re.compile(
    r"((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?)(?:Z|[+-]\d{2}:\d{2})?\Z", re.ASCII
)


@lru_cache(maxsize=65536)
def fine_amount(text: str) -> int:
    """Ten-thousandths.

    >>> fine_amount("-224.1000"), fine_amount("0.5"), fine_amount("7")
    (-2241000, 5000, 70000)
    """
    match = _AMOUNT.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no amount with at most four decimals")
    sign, whole, fraction = match.groups()
    fine = int(whole) * 10_000 + int((fraction or "").ljust(4, "0"))
    return -fine if sign == "-" else fine


@lru_cache(maxsize=4096)
def written_date(text: str) -> date:
    """The day as written; an offset is cut off, not converted.

    >>> written_date("2018-04-19+02:00")
    datetime.date(2018, 4, 19)
    """
    match = _DATE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no date")
    return date.fromisoformat(match[1])


def written_time(text: str) -> str:
    """The time as written without its offset; sorts within one day.

    >>> written_time("15:00:43.6500000+01:00")
    '15:00:43.65'
    """
    match = _TIME.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time")
    return match[1].rstrip("0").rstrip(".") if "." in match[1] else match[1]


@lru_cache(maxsize=256)
def rate_bp(text: str) -> int:
    """Basis points of a percentage.

    >>> rate_bp("25"), rate_bp("9.000"), rate_bp("2.5")
    (2500, 900, 250)
    """
    fine = fine_amount(text)
    if fine % 100 or not 0 <= fine <= 1_000_000:
        raise ValueError(f"{text!r} is no VAT percentage")
    return fine // 100


@lru_cache(maxsize=64)
def flag(text: str | None) -> bool:
    """
    >>> flag("true"), flag("0"), flag(None)
    (True, False, False)
    """
    if text is None:
        return False
    word = text.strip().lower()
    if word not in {"true", "false", "1", "0", ""}:
        raise ValueError(f"{text!r} is no true or false")
    return word in {"true", "1"}
