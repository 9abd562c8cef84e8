"""What every provider must do, whatever its service is like: one function per promise of the port.

A provider is put to the test as a `Case`: the provider, a service that speaks HTTP on this machine
and goes wrong on request, and what is known of its books. `docs/provider.md` leads through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.connectors import contract_booking, contract_login
from tests.connectors.contract_case import Case

__all__ = ["Case", "checks"]


def checks() -> Iterator[Callable[[Case], None]]:
    """Every promise."""
    for part in (contract_login, contract_booking):
        yield from (check for name, check in vars(part).items() if name.startswith("check_"))
