"""Tokens that a person entered: an access token alone, or with the refresh token that renews it.

Invariant: they go into a grant like those of a login, sealed, and belong to one company only. Who
they are of is not known before the first call, so they are told apart by themselves.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors import chains
from retailvista.connectors.expiry import valid_until
from retailvista.connectors.holding import held_by_key, holder_key, take_over
from retailvista.connectors.models import Connector, Grant
from retailvista.connectors.port import Provider
from retailvista.connectors.sealing import access_place, refresh_place
from retailvista.vault import Secret, Vault

ENDED = "The access token has expired; enter a new one at the connector."


def keep(
    session: Session, vault: Vault, provider: Provider, row: Connector, access: str, refresh: str
) -> Grant:
    """Give a connector the tokens. The caller's transaction. Refused for another company's."""
    mark = chains.fingerprint(Secret(refresh or access))
    who = f"by hand {mark[:16]}"
    key = holder_key(row.site, row.client_id, who)
    grant = held_by_key(session, key)
    if grant is None:
        grant = Grant(holder_key=key, site=row.site, client_id=row.client_id, provider_user_id=who)
        session.add(grant)
        session.flush()
    else:
        grant.chain += 1
    now, company_id = db.now(session), row.company_id
    grant.access_sealed = vault.seal(Secret(access), access_place(company_id, grant.id))
    grant.refresh_sealed = (
        vault.seal(Secret(refresh), refresh_place(company_id, grant.id)) if refresh else ""
    )
    grant.refresh_fingerprint = mark
    # How old they are nobody knows: one that can be renewed is renewed at its first use.
    grant.requested_at = grant.answered_at = None if refresh else now
    grant.access_until = None if refresh else now
    grant.valid_until = valid_until(now, provider.authorizer.grant_life) if refresh else None
    grant.login_needed_at, grant.login_needed_why = None, ""
    grant.refreshing_since, grant.not_before, grant.represented = None, None, 0
    take_over(session, row, grant)
    audit.record(session, "system", "tokens_entered", f"connector {row.number}")
    return grant
