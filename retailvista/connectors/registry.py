"""The providers there are, by their key. A new one adds its line here."""

from __future__ import annotations

from retailvista.connectors.exact_online.provider import EXACT_ONLINE
from retailvista.connectors.models import Connector
from retailvista.connectors.odata.provider import ODATA
from retailvista.connectors.port import Provider
from retailvista.connectors.records import Records
from retailvista.connectors.sage_accounting.provider import SAGE_ACCOUNTING
from retailvista.errors import Refused

PROVIDERS: dict[str, Provider] = {
    provider.key: provider for provider in (EXACT_ONLINE, SAGE_ACCOUNTING, ODATA)
}


def provider_of(connector: Connector) -> Provider:
    """The provider of a connector row. Refused when this version does not have it."""
    return provider_named(connector.provider)


def provider_named(key: str) -> Provider:
    """The provider with this key."""
    found = PROVIDERS.get(key)
    if found is None:
        raise Refused(f"There is no provider {key!r}; known: {', '.join(sorted(PROVIDERS))}.")
    return found


def records_of(key: str) -> Records:
    """The records of a provider. Refused when it has none to read or write."""
    provider = provider_named(key)
    if provider.records is None:
        raise Refused(f"{provider.name} has no records that a flow can read or write.")
    return provider.records


def records_for(connector: Connector) -> Records | None:
    """The records behind a connector; None where its provider has none."""
    provider = PROVIDERS.get(connector.provider)
    if provider is None or provider.records_for is None:
        return provider.records if provider else None
    return provider.records_for((connector.settings or {}).get("catalogue"))
