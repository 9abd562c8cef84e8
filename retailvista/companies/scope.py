"""Company scope: every query on tenant tables is filtered, or raises.

Default deny: outside company_scope() a query on a CompanyOwned class is an AssertionError.
across_companies() is the one exit and is easy to find by searching for its name.
`session.get` is banned on CompanyOwned classes: it answers from the identity map unfiltered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import ForeignKey, event
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    UOWTransaction,
    mapped_column,
    with_loader_criteria,
)

ACROSS = -1
_scope: ContextVar[int | None] = ContextVar("company_scope", default=None)


class CompanyOwned:
    """Mixin of every tenant table: company_id, never null."""

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), nullable=False, index=True)


@contextmanager
def company_scope(company_id: int) -> Iterator[None]:
    """Work for one company. Scopes nest; leaving one restores the one before."""
    assert company_id > 0, "a company id is positive"
    token = _scope.set(company_id)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def across_companies() -> Iterator[None]:
    """Leave the scope on purpose: start-up, the engine's look for due work, operator commands."""
    token = _scope.set(ACROSS)
    try:
        yield
    finally:
        _scope.reset(token)


def scoped_company_id() -> int:
    """The company of the scope. AssertionError outside one."""
    company_id = _scope.get()
    assert company_id is not None, "no company scope is set"
    assert company_id != ACROSS, "the scope spans all companies; enter one first"
    return company_id


def enter_scope(company_id: int) -> None:
    """Set the scope for the rest of this context (a web request). Tests use company_scope."""
    _scope.set(company_id)


def leave_scope() -> None:
    """Undo enter_scope at the end of a request."""
    _scope.set(None)


@event.listens_for(Session, "do_orm_execute")
def _filter_by_company(state: ORMExecuteState) -> None:
    owned = any(issubclass(mapper.class_, CompanyOwned) for mapper in state.all_mappers)
    if not owned or state.is_column_load or state.is_relationship_load:
        return
    company_id = _scope.get()
    assert company_id is not None, "a query on tenant data needs company_scope()"
    if company_id == ACROSS:
        return
    # The id is passed as a closure variable, so that the statement cache stays valid.
    state.statement = state.statement.options(
        with_loader_criteria(
            CompanyOwned, lambda cls: cls.company_id == company_id, include_aliases=True
        )
    )


@event.listens_for(Session, "before_flush")
def _own_new_rows(session: Session, _context: UOWTransaction, _instances: object) -> None:
    for row in session.new:
        if not isinstance(row, CompanyOwned):
            continue
        company_id = _scope.get()
        assert company_id is not None, "a new tenant row needs company_scope()"
        if row.company_id is None:
            row.company_id = scoped_company_id()
        assert company_id in (ACROSS, row.company_id), "a row of another company"
    for row in session.dirty | session.deleted:
        if isinstance(row, CompanyOwned):
            assert _scope.get() in (ACROSS, row.company_id), "a row of another company"
