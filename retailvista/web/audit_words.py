"""What the audit's actions are called on the screen."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

ACTIONS: dict[str, Any] = {
    "company added": _l("Company added"),
    "company changed": _l("Company changed"),
    "licences set": _l("Licences set"),
    "store added": _l("Store added"),
    "store changed": _l("Store changed"),
    "user added": _l("User added"),
    "user added elsewhere": _l("User also added at another company"),
    "user removed": _l("User removed"),
    "e-mail changed": _l("E-mail address changed by the person"),
    "session refused": _l("Session shown elsewhere and refused"),
    "user blocked": _l("User blocked"),
    "user let in": _l("User let in again"),
    "role changed": _l("Role changed"),
    "token made": _l("Access token made"),
    "token revoked": _l("Access token revoked"),
    "connector_reserved": _l("Connector number reserved"),
    "connector_saved": _l("Connector saved"),
    "connector_tested": _l("Connector tested"),
    "connector_resumed": _l("Connector sends again"),
    "connector resumed": _l("Connector sends again"),
    "connector_removed": _l("Connector deleted"),
    "division_chosen": _l("Administration chosen"),
    "release_mode": _l("Automatic sending switched"),
    "login_started": _l("Login begun"),
    "login_returned": _l("Came back from the provider"),
    "login_failed": _l("Login failed"),
    "login_needed": _l("Login needed"),
    "logged_in": _l("Logged in"),
    "token_emptied": _l("API token emptied"),
    "help judged": _l("Help judged"),
    "schedule changed": _l("Schedule changed"),
    "schedule switched": _l("Schedule switched"),
    "file.read": _l("Till file read"),
    "file.refused": _l("Till file refused"),
    "day.closed": _l("Day closed"),
    "link.set": _l("Ledger link set"),
    "link.removed": _l("Ledger link removed"),
    "links.imported": _l("Ledger links imported"),
    "links.initialised": _l("Ledger links initialised"),
    "journal.built": _l("Journal built"),
    "journal.build_again": _l("Journal to be built again"),
    "journal.released": _l("Journal released"),
    "journal.withdrawn": _l("Journal withdrawn"),
    "journal reversed": _l("Journal reversed"),
    "feed.added": _l("Feed added"),
    "feed.removed": _l("Feed deleted"),
    "feed.tables_added": _l("Tables added to a feed"),
    "feed.table_changed": _l("Table of a feed changed"),
    "feed.table_removed": _l("Table taken out of a feed"),
    "feed.permitted": _l("Readers of a feed set"),
    "export opened": _l("Entry number reserved"),
    "export renumbered": _l("New entry number given"),
    "export try_again": _l("Decision: try again"),
    "export it_is_ours": _l("Decision: it is ours"),
    "export not_ours_new_number": _l("Decision: not ours, new number"),
    "export booked_by_hand": _l("Decision: booked by hand"),
}


def action_word(action: str) -> Any:
    return ACTIONS.get(action, action)


# Names of details that are no names of fields.
DETAILS: dict[str, Any] = {
    "reason": _l("reason"),
    "why": _l("reason"),
    "text": _l("what was said"),
    "user": _l("user"),
    "role": _l("role"),
    "before": _l("before"),
    "divisions": _l("administrations"),
    "division": _l("administration"),
    "helpful": _l("helpful"),
    "missing": _l("missing"),
    "tables": _l("tables"),
    "users": _l("users"),
    "filter": _l("condition"),
    "secret": _l("client secret"),
    "proof": _l("what was proven"),
}


def detail_word(name: str) -> Any:
    return DETAILS.get(name, name.replace("_", " "))
