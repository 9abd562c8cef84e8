"""What every provider must do, whatever its service is like: one function per promise of the port.

A provider is put to the test as a `Case`: the provider, a service that speaks HTTP on this machine
and goes wrong on request, and what is known of its books. `docs/provider.md` leads through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from retailvista.connectors.port import Provider
from tests.connectors import contract_booking, contract_books, contract_login, contract_records
from tests.connectors.contract_case import Case, RecordsCase

__all__ = ["Case", "RecordsCase", "checks"]


def checks(provider: Provider | None = None) -> Iterator[Callable[[Case], None]]:
    """Every promise of a provider; without one, those of a provider that keeps books alone."""
    parts = [contract_login]
    if provider is None or provider.keeps_books:
        parts += [contract_books, contract_booking]
    if provider is not None and provider.records is not None:
        parts.append(contract_records)
    for part in parts:
        yield from (check for name, check in vars(part).items() if name.startswith("check_"))
