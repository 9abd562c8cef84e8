"""Release and preview, against the master data of a sandbox that speaks HTTP."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from retailvista.companies.models import Company, Store
from retailvista.connectors.models import Connector
from retailvista.errors import Refused
from retailvista.journals.building import withdraw_journal
from retailvista.journals.links import set_link
from retailvista.journals.models import Export, JournalLine, JournalRow
from retailvista.journals.preview import Preview, preview
from retailvista.journals.releasing import (
    ReleaseResult,
    connector_of_store,
    release,
    release_automatic,
)
from retailvista.sandbox.pytest_plugin import judged
from retailvista.sandbox.server import Sandbox
from tests.journals.shop import GROENHOF, Shop
from tests.stage import Stage, open_stage


@pytest.fixture
def built(stage: Stage) -> Shop:
    """The three days of the garden centre, built, with a connector that is logged in."""
    shop = Shop(stage.sessions, stage.company_id)
    for file in GROENHOF:
        shop.read(file, name=file.name)
    shop.link()
    assert len(shop.build().built) == 3
    return shop


def seen(shop: Shop, sequence: int) -> Preview:
    found = shop.see(preview, sequence)
    assert isinstance(found, Preview)
    return found


def released(result: object) -> tuple[int, ...]:
    assert isinstance(result, ReleaseResult)
    assert result.refused == ()
    return result.released


def test_the_preview_tells_what_is_sent_and_what_must_be_stored(built: Shop) -> None:
    shown = seen(built, 1)
    assert (shown.debit, shown.connector_number, shown.vat_mode) == (1203763, 25, "exact")
    assert shown.problems == ()
    assert sum(line.amount for line in shown.sent) == 108750
    assert sum(line.vat for line in shown.sent) == -108750
    assert shown.expected is not None
    assert shown.expected.net_by_gl["1500"] == -64050 + 2100
    assert shown.expected.net_by_gl["1510"] == -46800
    sources = {line.gl_code: line.source for line in shown.lines}
    assert sources["8210"] == sources["1210"] == sources["1500"] == sources["9411"] == "link"
    assert sources["1655"] == sources["9420"] == "ledger"
    names = {line.gl_code: line.gl_name for line in shown.lines}
    assert names["1210"] == "PIN onderweg"


def test_every_check_is_listed_with_its_result(built: Shop) -> None:
    results = {check.what: check.result for check in seen(built, 1).checks}
    assert results == {
        "balanced": "passed",
        "vat_is_sum": "passed",
        "paid": "passed",
        "cash_sales": "passed",
        "closing_is_opening": "unknown",
        "counted_is_expected": "unknown",
        "gl_account": "passed",
        "vat_code": "passed",
        "period": "passed",
        "journal_code": "passed",
        "currency": "passed",
        "cost_centre": "passed",
    }
    words = {check.result_word("nl") for check in seen(built, 1).checks}
    assert words == {"klopt", "niet vast te stellen"}


def test_a_check_without_master_data_is_unknown(sandbox_without_master: Shop) -> None:
    shown = seen(sandbox_without_master, 1)
    results = {check.what: check.result for check in shown.checks}
    assert results["balanced"] == "passed"
    assert results["gl_account"] == results["period"] == "unknown"
    assert shown.expected is None
    result = sandbox_without_master.do(release, None, "tester")
    assert result.released == () and "master data" in result.refused[0].reason


@pytest.fixture
def sandbox_without_master(tmp_path, clock, request) -> Shop:
    with judged(Sandbox(tmp_path / "sandbox.sqlite", clock=clock), request) as sandbox:
        stage = open_stage(tmp_path, clock, sandbox, master=False)
        shop = Shop(stage.sessions, stage.company_id)
        shop.read(GROENHOF[0])
        shop.link()
        shop.build()
        yield shop
        stage.close()


def test_released_oldest_day_first_with_numbers_reserved(built: Shop) -> None:
    assert released(built.do(release, None, "chef@groenhof.example")) == (1, 2, 3)
    rows = built.journals()
    assert [row.state for row in rows] == ["ready"] * 3
    assert [row.entry_number for row in rows] == [26_000_001, 26_000_002, 26_000_003]
    assert released(built.do(release, None, "tester")) == ()
    again = built.do(release, [2], "tester")
    assert "only a built journal" in again.refused[0].reason
    by = built.see(lambda s: s.scalars(select(JournalRow.released_by)).all())
    assert set(by) == {"chef@groenhof.example"}


def test_what_the_books_would_refuse_stays_with_its_reason(built: Shop) -> None:
    built.do(set_link, "group", "PLANT", "", "9", "8999", "tester")
    built.build()
    result = built.do(release, None, "tester")
    assert result.released == ()
    assert all("8999" in one.reason for one in result.refused)
    rows = built.journals()
    assert {row.state for row in rows} == {"not_ready"}
    assert all("8999" in row.problem for row in rows)
    failed = {c.what for c in seen(built, rows[0].number).checks if c.result == "failed"}
    assert failed == {"gl_account"}
    built.do(set_link, "group", "PLANT", "", "9", "8210", "tester")
    built.build()
    assert len(released(built.do(release, None, "tester"))) == 3


@pytest.mark.statement("R-50")
def test_a_journal_that_does_not_balance_is_shown_with_the_reason(
    stage: Stage, built: Shop
) -> None:
    first = select(JournalRow.id).where(JournalRow.sequence == 1).scalar_subquery()
    one_line = (JournalLine.journal_id == first, JournalLine.nr == 1)
    tampered = update(JournalLine).where(*one_line).values(amount=JournalLine.amount + 1)
    stage.change(lambda s: s.execute(tampered))
    result = built.do(release, [1], "tester")
    assert result.released == ()
    row = built.journals()[0]
    assert (row.state, row.entry_number) == ("not_ready", None)
    assert "debit 12037.64, credit 12037.63" in row.problem


def test_a_released_journal_that_was_not_sent_can_be_withdrawn(built: Shop) -> None:
    built.do(release, [1], "tester")
    built.do(withdraw_journal, 1, "tester")
    live = built.see(lambda s: s.scalars(select(Export.live)).all())
    assert live == [False]
    (again,) = built.build().built
    assert released(built.do(release, [again.sequence], "tester")) == (again.sequence,)


def test_only_automatic_connectors_release_by_themselves(stage: Stage, built: Shop) -> None:
    assert built.do(release_automatic) == ReleaseResult()
    stage.change(lambda s: s.execute(update(Connector).values(automatic=True)))
    assert released(built.do(release_automatic)) == (1, 2, 3)
    by = built.see(lambda s: s.scalars(select(JournalRow.released_by)).all())
    assert set(by) == {"system"}


def test_the_connector_is_the_stores_else_the_only_one_else_a_question(
    stage: Stage, built: Shop
) -> None:
    def chosen(session: Session) -> int:
        store_id = session.scalars(select(Store.id)).one()
        return connector_of_store(session, store_id).number

    def second(session: Session) -> None:
        company = session.scalars(select(Company)).one()
        session.add(
            Connector(
                number=26, draft=False, provider="exact-online", journal_code="92",
                created_at=company.created_at,
            )
        )  # fmt: skip

    assert built.see(chosen) == 25
    stage.change(second)
    with pytest.raises(Refused, match=r"several could post \(25, 26\)"):
        built.see(chosen)
    assert built.do(release_automatic) == ReleaseResult()
    own = select(Connector.id).where(Connector.number == 26).scalar_subquery()
    stage.change(lambda s: s.execute(update(Store).values(connector_id=own)))
    assert built.see(chosen) == 26
    stage.change(
        lambda s: s.execute(
            update(Connector).where(Connector.number == 26).values(deleted_at=stage.clock.now())
        )
    )
    with pytest.raises(Refused, match="was removed"):
        built.see(chosen)


def test_all_of_it_ends_verified(stage: Stage, built: Shop) -> None:
    built.do(release, None, "tester")
    stage.export(until_idle=True)
    assert {row.state for row in built.journals()} == {"verified"}
    late = date(2026, 3, 11)
    assert built.build(until=late).built == ()
