"""Days that no till file brought, told apart from days on which the shop is closed."""

from __future__ import annotations

from datetime import date

import pytest

from retailvista.journals.completeness import missing_between


@pytest.mark.parametrize(
    ("days", "usual", "closed"),
    [
        # One week: nothing says that the shop is closed on Friday to Sunday.
        ([10, 11, 12, 16], [13, 14, 15], []),
        # Two weeks without a Sunday (the 8th, the 15th) and one Saturday missing (the 14th).
        ([2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 16], [14], [8, 15]),
    ],
)
def test_a_day_that_never_came_is_missing_until_the_calendar_says_closed(
    days: list[int], usual: list[int], closed: list[int]
) -> None:
    found = list(missing_between("1", {date(2026, 3, day) for day in days}))
    assert [one.on.day for one in found if one.usual] == usual
    assert [one.on.day for one in found if not one.usual] == closed
