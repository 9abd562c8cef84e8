"""Random filters over random rows: the database and the evaluator keep the same rows.

A database may leave a part to the evaluator; what it takes over it must do exactly alike. How
much it takes over is counted, so that a back end that leaves everything would be found.
"""

from __future__ import annotations

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event

from retailvista.feed.failures import BadQuery
from retailvista.feed.language import evaluating
from tests.feed import stock
from tests.feed.random_filters import all_rows, filters

EXAMPLES = int(os.environ.get("RV_TEST_FILTERS", "60"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request):
    if request.param == "sqlite":
        made = create_engine("sqlite://")
    else:
        made = create_engine(request.getfixturevalue("postgres_database"))
        event.listen(made, "connect", _far_away)
    stock.make_tables(made)
    yield made
    made.dispose()


def _far_away(connection, _record):
    """A zone of the session that shows where a stamp is not read in UTC."""
    connection.execute("SET TIME ZONE 'Pacific/Auckland'")
    connection.commit()


def agree(engine: Engine, text: str, rows, seen: Counter) -> None:
    term = stock.filter_of(text)
    try:
        expected = stock.kept(term, rows)
    except BadQuery:
        seen["no result"] += 1
        return
    found, left = stock.found_by_sql(engine, term, rows)
    if left is not None:
        keeps = evaluating.keeps(left)
        found = [row["Id"] for row in stock.nested(rows) if row["Id"] in found and keeps(row)]
    assert found == expected, text
    seen["all" if left is None else "part"] += 1


def test_a_database_keeps_what_the_evaluator_keeps(engine):
    seen: Counter[str] = Counter()

    # The message names the filter, which is short: no need to look for a shorter one.
    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(rows=all_rows(), texts=st.lists(filters(), min_size=4, max_size=8))
    def every_filter(rows, texts):
        seen["sets of rows"] += 1
        stock.fill(engine, rows)
        for text in texts:
            agree(engine, text, rows, seen)

    try:
        every_filter()
    finally:
        sys.stdout.write(f"{engine.dialect.name}: {dict(seen)}\n")
    assert seen["all"] > EXAMPLES, seen
