"""The two proofs of the guided set-up: is our number honoured, and is a used one refused.

Both are facts of the posting seat (administration and journal code); without them a lost answer
is never followed by a second send, but by a question to a person.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from retailvista.connectors.models import PROOF_NO, PROOF_UNKNOWN, PROOF_YES, Connector, PostingSeat


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One proof as a step of setting up; `offer` = it can be done now."""

    title: str
    text: str
    ready: bool
    offer: bool = False


def proof_steps(session: Session, connector: Connector, provider: str) -> list[ProofStep]:
    """The steps of the first journal and of the second proof."""
    seat = session.scalar(
        select(PostingSeat)
        .where(PostingSeat.connector_id == connector.id)
        .where(PostingSeat.division == (connector.division or 0))
        .where(PostingSeat.journal_code == connector.journal_code)
    )
    honoured = seat.number_honoured if seat else PROOF_UNKNOWN
    refused = seat.used_refused if seat else PROOF_UNKNOWN
    return [
        ProofStep(
            _("The first journal goes alone"),
            _first_words(honoured, provider),
            honoured == PROOF_YES,
        ),
        ProofStep(
            _("Does %(provider)s refuse a number that is used?", provider=provider),
            _second_words(refused, provider),
            refused == PROOF_YES,
            offer=honoured == PROOF_YES and refused == PROOF_UNKNOWN,
        ),
    ]


def _first_words(honoured: str, provider: str) -> str:
    if honoured == PROOF_YES:
        return _(
            "It was read back and is equal; %(provider)s keeps the entry number that we give.",
            provider=provider,
        )
    if honoured == PROOF_NO:
        return _(
            "%(provider)s gave it another number. After a lost answer a person is always asked.",
            provider=provider,
        )
    return _("Release one journal. It is sent, read back and compared before the next one goes.")


def _second_words(refused: str, provider: str) -> str:
    if refused == PROOF_YES:
        return _("Yes. After a lost answer the product may send again by itself, without risk.")
    if refused == PROOF_NO:
        return _("No. After a lost answer a person is always asked before anything is sent again.")
    return _(
        "Not known yet. With your consent the checked entry is sent a second time; %(provider)s"
        " should refuse it. Without this proof a person is asked after a lost answer.",
        provider=provider,
    )
