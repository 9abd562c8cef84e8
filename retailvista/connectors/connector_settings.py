"""What a connector keeps besides its columns: way to log in, proxy, addresses, advanced keys.

Invariant: none of it is a secret. Texts stand here as they were entered, with their [variables];
the columns of the row hold what these came to when the connector was saved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from retailvista.connectors import field_variables
from retailvista.connectors.guidance import BASIC, FULL, NO_LOGIN, AdvancedKey
from retailvista.connectors.port import Budget, Provider

TEXT_MAX = 500
ROWS_MAX = 50
BY_HAND = "by_hand"
# Columns of a connector that may be written with variables.
PATTERNS = ("site", "client_id")


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """The rest of the screen. `patterns` are columns as they were entered, where they differ.

    The addresses of the login take no variables: whoever changes one enters the secret again.
    """

    mode: str = FULL
    use_proxy: bool = False
    advanced: Mapping[str, str] = field(default_factory=dict)
    authorise_url: str = ""
    token_url: str = ""
    scope: str = ""
    patterns: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Self:
        """As it is stored; what is not there has its default."""
        kept = document or {}
        return cls(
            mode=str(kept.get("mode") or FULL),
            use_proxy=kept.get("use_proxy") is True,
            advanced=_texts(kept.get("advanced")),
            authorise_url=str(kept.get("authorise_url") or ""),
            token_url=str(kept.get("token_url") or ""),
            scope=str(kept.get("scope") or ""),
            patterns=_texts(kept.get("patterns")),
        )

    @property
    def document(self) -> dict[str, Any]:
        """To be stored."""
        return asdict(self)

    @property
    def entered_by_hand(self) -> bool:
        """Whether somebody enters the tokens."""
        return self.mode not in (FULL, NO_LOGIN, BASIC)

    def texts(self) -> Iterator[tuple[str, str]]:
        """Every text that may hold variables, with its place on the screen."""
        yield from self.patterns.items()
        yield from ((f"advanced.{name}", text) for name, text in self.advanced.items())
        yield "scope", self.scope

    def resolved(self, known: Mapping[str, str]) -> Self:
        """With its variables filled in. Refused names one that nobody knows."""
        return replace(
            self,
            advanced=field_variables.filled_mapping(self.advanced, known, "advanced"),
            scope=field_variables.filled(self.scope, known, "scope"),
            patterns={
                name: field_variables.filled(text, known, name)
                for name, text in self.patterns.items()
            },
        )


def provider_under(provider: Provider, advanced: Mapping[str, str]) -> Provider:
    """The provider with the ceiling that the connector sets, where it sets one."""
    minute, day = advanced.get("calls_per_minute", ""), advanced.get("calls_per_day", "")
    if not minute and not day:
        return provider
    budget = provider.budget
    per_minute = int(minute) if _fits(provider, "calls_per_minute", minute) else budget.per_minute
    per_day = int(day) if _fits(provider, "calls_per_day", day) else budget.per_day
    return replace(provider, budget=_ceiling(budget, per_minute, per_day))


def _ceiling(budget: Budget, per_minute: int, per_day: int) -> Budget:
    """Another ceiling; posting keeps its reserve, at most a quarter of a low one."""
    return replace(
        budget,
        per_minute=per_minute,
        per_day=per_day,
        posting_reserve_minute=min(budget.posting_reserve_minute, per_minute // 4),
        posting_reserve_day=min(budget.posting_reserve_day, per_day // 4),
    )


def _fits(provider: Provider, name: str, text: str) -> bool:
    found = advanced_key(provider, name)
    return found is not None and found.fits(text)


def advanced_key(provider: Provider, name: str) -> AdvancedKey | None:
    """A key of the table that the provider knows."""
    return next((key for key in provider.advanced if key.name == name), None)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): str(text) for name, text in value.items()}
