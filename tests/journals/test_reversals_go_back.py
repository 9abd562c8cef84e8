"""A reversal goes into the books that hold what it takes back, wherever the store posts today."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista.companies.models import Company, Store
from retailvista.connectors.depending import what_depends_on
from retailvista.connectors.models import Connector
from retailvista.journals.models import Export
from retailvista.journals.preview import Preview, preview
from retailvista.journals.releasing import NotReleased, ReleaseResult, release, release_automatic
from retailvista.journals.reversing import reverse_journal
from tests.journals.export_steps import warm
from tests.stage import Stage

ELSEWHERE = 26


@pytest.fixture
def moved(stage: Stage) -> int:
    """A journal is in the books of 25, the store posts to 26 since; the number of its reversal."""
    warm(stage, days=0)
    stage.change(post_elsewhere)
    made = stage.ask(lambda s: reverse_journal(s, 1, "wrong day", "bo"))
    assert isinstance(made, int)
    return made


def post_elsewhere(session: Session) -> None:
    company = session.scalars(select(Company)).one()
    other = Connector(
        number=ELSEWHERE, draft=False, provider="exact-online", journal_code="92",
        automatic=True, created_at=company.created_at,
    )  # fmt: skip
    session.add(other)
    session.flush()
    session.execute(update(Store).values(connector_id=other.id))


def set_connector(stage: Stage, **values: object) -> None:
    change = update(Connector).where(Connector.number == 25).values(**values)
    stage.change(lambda s: s.execute(change))


def refused(stage: Stage, number: int) -> str:
    result = stage.ask(lambda s: release(s, [number], "bo"))
    assert isinstance(result, ReleaseResult)
    assert result.released == ()
    (one,) = result.refused
    assert isinstance(one, NotReleased)
    return one.reason


def test_it_goes_where_the_journal_went_and_takes_it_back(stage: Stage, moved: int) -> None:
    shown = stage.ask(lambda s: preview(s, moved))
    assert isinstance(shown, Preview)
    assert shown.connector_number == 25
    stage.release([moved])
    stage.export()
    assert stage.states() == ["verified", "verified"]
    assert len({(export.division, export.journal_code) for export in stage.exports()}) == 1
    assert round(stage.sandbox.store.rows("SELECT sum(AmountFC) FROM line")[0][0], 2) == 0


def test_it_is_released_by_itself_when_its_own_connector_is_automatic(
    stage: Stage, moved: int
) -> None:
    assert stage.ask(release_automatic) == ReleaseResult(), "26 is, and it has no say"
    set_connector(stage, automatic=True)
    assert stage.ask(release_automatic) == ReleaseResult(released=(moved,))


@pytest.mark.parametrize("change", [{"journal_code": "93"}, {"division": 2000001}])
def test_a_connector_that_posts_elsewhere_by_now_does_not_take_it(
    stage: Stage, moved: int, change: dict[str, object]
) -> None:
    set_connector(stage, **change)
    why = refused(stage, moved)
    assert "connector 25 posts elsewhere by now" in why
    shown = stage.ask(lambda s: preview(s, moved))
    assert isinstance(shown, Preview)
    assert shown.no_connector == why


def test_after_its_connector_it_goes_into_no_other_books(stage: Stage, moved: int) -> None:
    set_connector(stage, deleted_at=stage.clock.now())
    assert "was removed; its reversal goes into no other books" in refused(stage, moved)


def test_without_a_trace_of_where_the_journal_went_it_goes_nowhere(
    stage: Stage, moved: int
) -> None:
    stage.change(lambda s: s.execute(update(Export).values(live=False)))
    assert "Nothing tells which books hold the journal" in refused(stage, moved)


@pytest.mark.statement("J-17")
def test_its_connector_is_needed_until_it_is_there(stage: Stage, moved: int) -> None:
    def reasons(session: Session) -> list[str]:
        row = session.scalars(select(Connector).where(Connector.number == 25)).one()
        return what_depends_on(session, row)

    assert stage.ask(reasons) == ["Journals that are not verified yet: 1."]
    stage.release([moved])
    stage.export()
    assert stage.ask(reasons) == []
