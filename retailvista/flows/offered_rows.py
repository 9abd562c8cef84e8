"""Rows that the layer above offers as a source of flows: the tables of feeds.

A port. app.py plugs in what the feeds offer; without it a flow reads connectors and our own
records only. Invariant: a page is one reading, and the next one is told in a text that a cursor
can keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy.orm import Session

from retailvista.connectors.outside import Outside
from retailvista.flows.own_data import OwnPage, Wanted

# What the key of such a table begins with.
PREFIX = "feed/"


class Offering(Protocol):
    """Tables for the company in scope."""

    def names(self, session: Session) -> Mapping[str, str]:
        """Keys with names for people. The caller's transaction."""
        ...

    def page(self, outside: Outside, entity: str, wanted: Wanted) -> OwnPage:
        """The page at an address, or the first one; no transaction is open."""
        ...


class Nothing:
    """No feeds."""

    def names(self, session: Session) -> Mapping[str, str]:
        return {}

    def page(self, outside: Outside, entity: str, wanted: Wanted) -> OwnPage:
        raise AssertionError(f"{entity} was not among the names")


_plugged: list[Offering] = [Nothing()]


def plug(offering: Offering) -> None:
    """Put in what is offered in this process; app.py does it once."""
    _plugged[0] = offering


def names(session: Session) -> Mapping[str, str]:
    """What is offered to the company in scope. The caller's transaction."""
    return _plugged[0].names(session)


def page(outside: Outside, entity: str, wanted: Wanted) -> OwnPage:
    """A page of one such table."""
    return _plugged[0].page(outside, entity, wanted)
