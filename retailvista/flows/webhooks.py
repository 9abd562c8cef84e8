"""Webhooks: topics of a division that the provider announces to us, and what a notice does.

Invariants: a notice carries no data of ours and changes none: it only asks for runs of the flows
that read what it names, so that duplicates, a wrong order and lost ones are harmless. It is
believed only when its signature fits. The address of a subscription holds a secret of its own and
is in the database before the provider is asked, since it calls that address at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista import db as database
from retailvista.companies import audit
from retailvista.companies.scope import company_scope, scoped_company_id
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.models import Connector
from retailvista.connectors.notices import Notice, NoticeRefused, Notices
from retailvista.connectors.outside import Outside
from retailvista.connectors.registry import provider_of
from retailvista.connectors.sealing import webhook_place
from retailvista.errors import NotFound, Refused
from retailvista.flows.keeping import list_flows, spec_of_row
from retailvista.flows.models import Flow, WebhookSubscription
from retailvista.flows.starting import ask_flow
from retailvista.runs.asking import ask
from retailvista.vault import KeyLost, SealBroken, Secret, Vault

ASKED, ACTIVE, ENDING, FAILED = "asked", "active", "ending", "failed"
WEBHOOK_RUN = "webhook"
# Many changes come together: one run for all of them.
GATHERING = timedelta(seconds=15)
NO_FIT = "The signature does not fit: is this the webhook secret of the app?"


@dataclass(frozen=True, slots=True)
class Wish:
    """A topic of a division that somebody wants to hear of. `callback` ends with a slash."""

    connector: int
    topic: str
    division: int
    callback: str


def notices_of(row: Connector) -> Notices:
    """How a connector's provider announces changes. Refused when it does not."""
    provider = provider_of(row)
    if provider.notices is None:
        raise Refused(f"{provider.name} does not announce changes.")
    return provider.notices


def subscribe(session: Session, vault: Vault, wish: Wish, secret: str, actor: str) -> int:
    """Ask for a subscription; the number of the run that makes it. Refused says what is wrong."""
    secret = secret.strip()
    if not secret:
        raise Refused("Enter the webhook secret of the app; it stands beside its client secret.")
    with database.transaction(session):
        connector = connector_by_number(session, wish.connector)
        _check(connector, wish)
        row = _row(session, connector.id, wish)
        if row is None:
            row = WebhookSubscription(
                connector_id=connector.id,
                topic=wish.topic,
                division=wish.division,
                address_hash=f"new-{connector.id}-{wish.division}-{wish.topic}"[:64],
                created_at=database.now(session),
            )
            session.add(row)
            session.flush()
        row.secret_sealed = vault.seal(Secret(secret), webhook_place(row.company_id, row.id))
        row.state, row.problem = ASKED, ""
        audit.record(session, actor, "webhook_asked", f"connector {connector.number}",
                     topic=wish.topic, division=wish.division)  # fmt: skip
        return _ask(session, connector, row, actor, wish.callback)


def unsubscribe(session: Session, number: int, subscription_id: int, actor: str) -> int:
    """Ask for the end of a subscription; the number of the run that ends it."""
    with database.transaction(session):
        connector = connector_by_number(session, number)
        row = subscription(session, connector.id, subscription_id)
        row.state = ENDING
        audit.record(session, actor, "webhook_ended", f"connector {number}",
                     topic=row.topic, division=row.division)  # fmt: skip
        return _ask(session, connector, row, actor, "")


def subscription(session: Session, connector_id: int, subscription_id: int) -> WebhookSubscription:
    """One of a connector. NotFound otherwise."""
    found = session.scalar(
        select(WebhookSubscription)
        .where(
            WebhookSubscription.id == subscription_id,
            WebhookSubscription.connector_id == connector_id,
        )
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("There is no such subscription.")
    return found


def subscriptions_of(session: Session, connector_id: int) -> list[WebhookSubscription]:
    """All of a connector, by division and topic. The caller's transaction."""
    query = select(WebhookSubscription).where(WebhookSubscription.connector_id == connector_id)
    order = (WebhookSubscription.division, WebhookSubscription.topic)
    return list(session.scalars(query.order_by(*order)))


def take_notice(session: Session, outside: Outside, token: str, body: bytes) -> list[int]:
    """What came at the address of a subscription; the numbers of the runs that were asked for.

    An empty body only asks whether somebody is here. NotFound for an address that is not ours,
    NoticeRefused for what is not signed.
    """
    with database.transaction(session):
        found = session.scalar(
            select(WebhookSubscription).where(WebhookSubscription.address_hash == hashed(token))
        )
        if found is None:
            raise NotFound("There is no such subscription.")
        if not body.strip():
            return []
        connector = session.scalars(
            select(Connector).where(Connector.id == found.connector_id)
        ).one()
        try:
            notice = _read(outside.vault, connector, found, body)
        except NoticeRefused as refused:
            problem = str(refused)
        else:
            found.rings += 1
            found.last_ring_at = database.now(session)
            found.problem = ""
            return _ring(session, connector, notice)
        found.problem = NO_FIT if "signature" in problem else problem
    raise NoticeRefused(problem)


def hashed(token: str) -> str:
    """What is kept of the secret part of an address."""
    return hashlib.sha256(token.encode()).hexdigest()


def reseal(session: Session, vault: Vault, company_id: int) -> int:
    """Seal the secrets of a company again with the newest key; how many changed."""
    changed = 0
    with company_scope(company_id), database.transaction(session):
        for row in session.scalars(select(WebhookSubscription).with_for_update()):
            if not row.secret_sealed or row.secret_sealed.startswith(f"{vault.key_id}:"):
                continue
            place = webhook_place(company_id, row.id)
            try:
                row.secret_sealed = vault.seal(vault.unseal(row.secret_sealed, place), place)
            except SealBroken:
                continue
            changed += 1
    return changed


def _read(vault: Vault, connector: Connector, row: WebhookSubscription, body: bytes) -> Notice:
    try:
        secret = vault.unseal(row.secret_sealed, webhook_place(row.company_id, row.id))
    except (SealBroken, KeyLost) as error:
        raise NoticeRefused("The webhook secret cannot be read; enter it again.") from error
    notice = notices_of(connector).read(body, secret)
    if (notice.topic, notice.division) != (row.topic, row.division):
        raise NoticeRefused("The notice is of another topic or division.")
    return notice


def _ring(session: Session, connector: Connector, notice: Notice) -> list[int]:
    """Ask for a run of every flow that reads what changed."""
    asked = []
    soon = database.now(session) + GATHERING
    for flow, entities in _listening(session, connector, notice):
        asked.append(
            ask_flow(
                session,
                flow,
                "webhook",
                entities=entities,
                divisions=(notice.division,),
                sooner=False,
                not_before=soon,
            )
        )
    return asked


def _listening(
    session: Session, connector: Connector, notice: Notice
) -> Iterable[tuple[Flow, tuple[str, ...]]]:
    notices = notices_of(connector)
    for flow in list_flows(session):
        if flow.disabled or flow.source_connector_id != connector.id:
            continue
        source = spec_of_row(flow).source
        if notice.division not in (source.divisions or (connector.division,)):
            continue
        entities = tuple(key for key in source.entities if notice.topic in notices.topics_of(key))
        if entities:
            yield flow, entities


def _check(connector: Connector, wish: Wish) -> None:
    if wish.topic not in notices_of(connector).topics():
        raise Refused(f"{wish.topic!r} is no topic of {provider_of(connector).name}.")
    known = {found["code"] for found in (connector.last_test or {}).get("divisions", [])}
    if wish.division != connector.division and wish.division not in known:
        raise Refused(f"Connector {connector.number} has no division {wish.division}.")
    if connector.grant_id is None:
        raise Refused(f"Connector {connector.number} is not logged in: press oAuth there first.")


def _row(session: Session, connector_id: int, wish: Wish) -> WebhookSubscription | None:
    return session.scalar(
        select(WebhookSubscription).where(
            WebhookSubscription.connector_id == connector_id,
            WebhookSubscription.topic == wish.topic,
            WebhookSubscription.division == wish.division,
        )
    )


def _ask(
    session: Session, connector: Connector, row: WebhookSubscription, actor: str, callback: str
) -> int:
    assert row.company_id == scoped_company_id(), "a row of the company in scope"
    args = {"subscription": row.id} | ({"callback": callback} if callback else {})
    return ask(
        session,
        WEBHOOK_RUN,
        f"{connector.number}/{row.division}/{row.topic}",
        args,
        asked_by=actor,
        connector_number=connector.number,
    )
