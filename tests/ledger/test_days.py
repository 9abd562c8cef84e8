"""Every text in days/ comes out as it is written there."""

import pytest

from tests.ledger.day_case import DAYS, DayCase, read_case

CASES = sorted(path for path in DAYS.glob("*.txt") if path.name != "links.txt")


@pytest.mark.statement("R-48")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_day_comes_out_as_written(path):
    case = read_case(path)
    assert case.receipts, f"{path.name} has no receipts"
    assert case.expected, f"{path.name} says no outcome"
    assert case.outcome() == case.expected


def test_a_case_that_says_something_else_is_found_out():
    case: DayCase = read_case(DAYS / "exchange.txt")
    case.expected[1] = case.expected[1].replace("12.10", "12.11")
    assert case.outcome() != case.expected
