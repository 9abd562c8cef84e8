"""The list of screens; a module that is not here is not served."""

from __future__ import annotations

from flask import Flask

from retailvista.web import (
    api,
    audit_trail,
    companies,
    connector_panel,
    connectors,
    control,
    endpoints,
    feed_tables,
    feeds,
    flow_files,
    flow_form,
    flow_preview,
    flow_schedules,
    flows,
    guide,
    inbox,
    journal,
    journals,
    ledger_links,
    oauth,
    odata,
    profile,
    receipts,
    runs,
    schedules,
    search,
    start,
    store_days,
    stores,
    till_files,
    usage,
    users,
    variables,
    webhooks,
)

SCREENS = (
    api.screen,
    audit_trail.screen,
    companies.screen,
    connector_panel.screen,
    connectors.screen,
    control.screen,
    feed_tables.screen,
    feeds.screen,
    endpoints.screen,
    flow_files.screen,
    flow_form.screen,
    flow_preview.screen,
    flow_schedules.screen,
    flows.screen,
    guide.screen,
    inbox.screen,
    journal.screen,
    journals.screen,
    ledger_links.screen,
    oauth.screen,
    odata.screen,
    profile.screen,
    receipts.screen,
    runs.screen,
    schedules.screen,
    search.screen,
    start.screen,
    store_days.screen,
    stores.screen,
    till_files.screen,
    usage.screen,
    users.screen,
    variables.screen,
    webhooks.screen,
)


def install(app: Flask) -> None:
    for screen in SCREENS:
        app.register_blueprint(screen)
