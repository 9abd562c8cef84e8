"""Test with the values on the screen, saved or not: nothing of them is stored, whatever comes.

Invariant: a stored secret or login is used only for the place it was stored for; at another
address, or for another app, only what was entered together with it goes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from retailvista import db
from retailvista.connectors import app_keys, grants, registering, testing
from retailvista.connectors.choosing import check_licence, connector_by_number
from retailvista.connectors.connector_facts import ConnectorFacts, as_facts, facts_of
from retailvista.connectors.connector_settings import provider_under
from retailvista.connectors.field_variables import known_to
from retailvista.connectors.fields import FieldProblem
from retailvista.connectors.filled import Filled
from retailvista.connectors.grants import UsableToken
from retailvista.connectors.guidance import BASIC, NO_LOGIN, TOKEN
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.registry import provider_of
from retailvista.connectors.testing import NOT_AUTHORISED, TestResult
from retailvista.connectors.visits import trial_visit
from retailvista.errors import LoginNeeded, Refused
from retailvista.vault import KeyLost, SealBroken, Secret


def try_values(
    outside: Outside, number: int, values: Mapping[str, Any], computed_callback: str = ""
) -> tuple[TestResult | None, list[FieldProblem]]:
    """What a test of these values says; or what is wrong with them, and no call was made."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = connector_by_number(session, number)
            provider = provider_of(row)
            check_licence(session, provider)
            filled = registering.as_filled(
                session, row, values, computed_callback,
                apps=outside.apps, variables=outside.variables,
            )  # fmt: skip
            problems = registering.problems_of(
                session, row, filled, outside.provider_hosts, computed_callback
            )
            if any(not problem.is_warning for problem in problems):
                return None, problems
            settings = filled.settings.resolved(known_to(session, outside.variables, row.number))
            now = db.now(session)
    finally:
        session.close()
    facts = _facts(row, filled, as_facts(settings))
    try:
        token = _token(outside, row, filled, now)
    except (LoginNeeded, SealBroken, KeyLost) as error:
        return TestResult(NOT_AUTHORISED, detail=str(error)), problems
    under = provider_under(provider, settings.advanced)
    by_hand = settings.mode == TOKEN
    try:
        return testing.asked(
            lambda: trial_visit(outside, facts, under, token), by_hand=by_hand
        ), problems
    except Refused as refused:
        return TestResult(testing.REFUSED, {"said": str(refused)}), problems


def _facts(row: Connector, filled: Filled, of_settings: Mapping[str, Any]) -> ConnectorFacts:
    """The connector as it would be."""
    facts = replace(
        facts_of(row),
        site=filled.site,
        client_id=filled.client_id,
        journal_code=filled.journal_code,
        free_site=provider_of(row).free_site,
        **of_settings,
    )
    return facts.at(filled.division or 0)


def _token(outside: Outside, row: Connector, filled: Filled, now: Any) -> UsableToken:
    """What goes along with the calls. LoginNeeded where there is nothing yet."""
    mode = filled.settings.mode
    if mode == NO_LOGIN:
        return grants.standing_token(mode, "", Secret(""), now)
    if mode == BASIC:
        secret = Secret(filled.client_secret)
        if not filled.client_secret and not filled.moves:
            secret = app_keys.client_secret(outside, row)
        return grants.standing_token(mode, filled.client_id, secret, now)
    if filled.settings.entered_by_hand and filled.access_token:
        return grants.token_by_hand(Secret(filled.access_token), now)
    if filled.moves or row.draft or row.grant_id is None:
        raise LoginNeeded("There is no login for these values yet: save, then press oAuth.")
    return grants.usable_token(outside, row.id)
