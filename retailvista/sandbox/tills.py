"""A till that writes files: `python -m retailvista.sandbox.tills --lines 100000 --seed 1 FILE`.

Invariant: the same arguments write the same bytes. Stands alone, standard library only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

from retailvista.sandbox.till_days import days_from, register_of
from retailvista.sandbox.till_example import EXAMPLE_ON, example_register
from retailvista.sandbox.till_lines import Head
from retailvista.sandbox.till_writer import write_till_file

COMPANY = "Tuincentrum Groenhof B.V."
LOCATION = "Groenhof Lisse"
LINES_A_DAY = 1200


def write_days(  # noqa: PLR0913  the facts of a file
    out: TextIO,
    *,
    seed: int,
    lines: int,
    registers: int,
    first_on: date,
    lines_a_day: int,
    first_nrs: Sequence[int] = (),
) -> None:
    """A file with about `lines` receipt lines, spread over days and registers."""
    per_register = max(1, lines // registers)
    count = max(1, -(-per_register // lines_a_day))
    per_day = -(-per_register // count)
    days = days_from(first_on, count)
    made_on = days[-1] + timedelta(days=1)
    head = Head(
        COMPANY, LOCATION, days[0].isoformat(), days[-1].isoformat(), made_on.isoformat(),
        "06:00:00",
    )  # fmt: skip
    starts = [*first_nrs, *[None] * registers][:registers]
    tills = (
        register_of(seed, f"K{nr}", days, per_day, start) for nr, start in enumerate(starts, 1)
    )
    write_till_file(out, head, tills)


def write_example(out: TextIO) -> None:
    """The worked example of a store day, to the cent."""
    on = EXAMPLE_ON.isoformat()
    write_till_file(out, Head(COMPANY, LOCATION, on, on, on, "18:30:00"), [example_register("K1")])


def main(argv: Sequence[str] | None = None) -> int:
    ask = argparse.ArgumentParser(prog="tills", description="Write XAA 3.1 till files.")
    ask.add_argument("file", type=Path)
    ask.add_argument("--lines", type=int, default=1000, help="receipt lines, about")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--registers", type=int, default=1)
    ask.add_argument("--first-day", type=date.fromisoformat, default=date(2026, 1, 5))
    ask.add_argument("--lines-a-day", type=int, default=LINES_A_DAY, help="per register")
    ask.add_argument(
        "--first-nr", type=int, action="append", default=[],
        help="first receipt number; once per register, in their order",
    )  # fmt: skip
    ask.add_argument("--example", action="store_true", help="the worked example instead")
    asked = ask.parse_args(argv)
    if asked.lines < 1 or asked.registers < 1 or asked.lines_a_day < 1:
        ask.error("lines, registers and lines a day are at least 1")
    with asked.file.open("w", encoding="utf-8") as out:
        if asked.example:
            write_example(out)
        else:
            write_days(
                out, seed=asked.seed, lines=asked.lines, registers=asked.registers,
                first_on=asked.first_day, lines_a_day=asked.lines_a_day,
                first_nrs=asked.first_nr,
            )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
