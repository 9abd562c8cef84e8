"""The Test button: a few cheap calls that tell apart what can be wrong with a connector.

A connector that was stopped because the provider refused access goes on after a good test.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from retailvista import db
from retailvista.companies import audit
from retailvista.connectors.choosing import connector_by_number
from retailvista.connectors.connector_settings import ConnectorSettings
from retailvista.connectors.grants import login_state
from retailvista.connectors.guidance import TOKEN
from retailvista.connectors.lanes import LaneClosed
from retailvista.connectors.models import Connector
from retailvista.connectors.outside import Outside
from retailvista.connectors.port import Division
from retailvista.connectors.saying import CONNECTED, Saying
from retailvista.connectors.stopped import ask_for_export, go_on, is_proved_by_access
from retailvista.connectors.visits import Visit, open_visit
from retailvista.errors import Later, LoginNeeded, Refused, Unknown

NOT_SAVED = "not_saved"
NOT_AUTHORISED = "not_authorised"
EXPIRED = "expired"
TOKEN_EXPIRED = "token_expired"
NO_ACCESS = "no_access"
NO_RIGHTS = "no_rights"
NO_DIVISION = "no_division"
DOWN = "provider_down"
BUSY = "busy"
REFUSED = "refused"

RESUMED = "The provider had refused access; it does not any more, so sending goes on."
CALLS = 2
# Only for a connector that was stopped: its rights, and its journal code.
RIGHTS_CALLS = 2

TEXTS = {
    CONNECTED: "Connected as %(user)s: %(division)s",
    NOT_SAVED: "The connector is not saved yet.",
    NOT_AUTHORISED: "The connector is not logged in. Press oAuth.",
    EXPIRED: "The login has expired. Log in again.",
    TOKEN_EXPIRED: "The access token has expired. Enter a new one.",
    NO_ACCESS: "The login works, but has no access to division %(division)s.",
    NO_RIGHTS: "The login works, but it may not read entries in division %(division)s, or journal"
    " code %(journal)s is not there.",
    NO_DIVISION: "The login works. Choose a division.",
    DOWN: "The provider cannot be reached or is out of order. Nothing is wrong with the login.",
    BUSY: "The limit of calls is reached. It will be possible again at %(at)s.",
    REFUSED: "The provider refused the call: %(said)s",
}


@dataclass(frozen=True, slots=True)
class TestResult(Saying):
    """What the test found. `detail` is the provider's own words; `resumed`: it sends again."""

    __test__ = False  # not a test case of pytest
    TEXTS = TEXTS

    detail: str = ""
    divisions: tuple[Division, ...] = ()
    resumed: bool = False
    # What the service has, where each has records of its own.
    catalogue: list[dict[str, Any]] | None = None


def test_connector(outside: Outside, number: int) -> TestResult:
    """Test a connector of the company in scope, within 20 seconds; remembered on its row."""
    session = outside.sessions()
    try:
        with db.reading(session):
            row = connector_by_number(session, number)
            draft, connector_id, state = row.draft, row.id, login_state(session, row)
            refused, by_hand = is_proved_by_access(row), _is_by_hand(row)
        if draft:
            return TestResult(NOT_SAVED)
        if state.kind in ("none", "expired"):
            ended = TOKEN_EXPIRED if by_hand else EXPIRED
            result = TestResult(NOT_AUTHORISED if state.kind == "none" else ended)
        else:
            calls = CALLS + (RIGHTS_CALLS if refused else 0)
            result = asked(
                lambda: open_visit(outside, connector_id, calls, checking=True),
                by_hand=by_hand,
                refused=refused,
            )
        return _remember(session, number, result)
    finally:
        session.close()


test_connector.__test__ = False  # type: ignore[attr-defined]  # nor is this one


def _is_by_hand(row: Connector) -> bool:
    """Whether its access token is one that nothing renews."""
    return ConnectorSettings.of(row.settings).mode == TOKEN


def asked(
    opened: Callable[[], AbstractContextManager[Visit]], *, by_hand: bool, refused: bool = False
) -> TestResult:
    """What the calls of a test say; never raises for what the provider answers."""
    try:
        with opened() as visit:
            return _looked(visit, refused=refused)
    except LoginNeeded as error:
        if by_hand:
            return TestResult(TOKEN_EXPIRED, detail=error.said)
        kind = EXPIRED if "expired" in f"{error} {error.said}".lower() else NOT_AUTHORISED
        return TestResult(kind, detail=error.said or str(error))
    except LaneClosed as error:
        return TestResult(BUSY, {"at": f"{error.not_before:%H:%M} UTC"}, str(error))
    except (Later, Unknown) as error:
        return TestResult(DOWN, detail=error.said or str(error))
    except Refused as error:
        if error.http_status == 403:
            return TestResult(NO_ACCESS, {"division": "?"}, error.said or str(error))
        return TestResult(REFUSED, {"said": error.said or str(error)}, error.said)


def _looked(visit: Visit, *, refused: bool) -> TestResult:
    user = visit.me()
    if visit.provider.catalogue is not None:
        has = visit.provider.catalogue(visit.wire, visit.records_session())
        values = {"user": user.name, "division": f"$metadata ({len(has)})"}
        return TestResult(CONNECTED, values, catalogue=has)
    divisions = tuple(visit.divisions())
    pinned = visit.connector.division
    found = next((division for division in divisions if division.code == pinned), None)
    if not pinned:
        return TestResult(NO_DIVISION, divisions=divisions)
    if found is None:
        return TestResult(NO_ACCESS, {"division": str(pinned)}, divisions=divisions)
    journal = visit.connector.journal_code
    if refused and journal and not visit.sees_entries(journal):
        missing = {"division": str(pinned), "journal": journal}
        return TestResult(NO_RIGHTS, missing, divisions=divisions)
    name = f"{found.code} {found.name}".strip()
    return TestResult(CONNECTED, {"user": user.name, "division": name}, divisions=divisions)


def _remember(session: Session, number: int, result: TestResult) -> TestResult:
    """Keep what was found; a connector that was refused and is not any more goes on."""
    with db.transaction(session):
        row = connector_by_number(session, number)
        if result.ok and is_proved_by_access(row):
            go_on(session, row, "system", by="test")
            ask_for_export(session, number)
            result = replace(result, resumed=True)
        document = dict(row.last_test or {})
        document |= {
            "kind": result.kind,
            "at": db.now(session).isoformat(),
            "values": result.values,
            "detail": result.detail[:300],
            "resumed": result.resumed,
        }
        if result.divisions:
            document["divisions"] = [asdict(found) for found in result.divisions]
            _refresh_division(row, result.divisions)
        row.last_test = document
        if result.catalogue is not None:
            row.settings = {**(row.settings or {}), "catalogue": result.catalogue}
        audit.record(session, "system", "connector_tested", f"connector {number}", kind=result.kind)
    return result


def _refresh_division(row: Connector, divisions: tuple[Division, ...]) -> None:
    for found in divisions:
        if found.code == row.division:
            row.division_name, row.division_currency = found.name, found.currency
