"""Alembic environment: runs on the connection it is given (db.upgrade, or Flask-Migrate's app)."""

from __future__ import annotations

from alembic import context
from sqlalchemy.engine import Connection

import retailvista.companies.models
import retailvista.connectors.models
import retailvista.feed.models
import retailvista.flows.models
import retailvista.journals.models
import retailvista.runs.models
from retailvista.db import Base

MODELS = (
    retailvista.companies.models,
    retailvista.connectors.models,
    retailvista.feed.models,
    retailvista.flows.models,
    retailvista.journals.models,
    retailvista.runs.models,
)


def migrate(connection: Connection) -> None:
    """Run the steps, each in its own transaction; SQLite rebuilds tables in batches."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    from flask import current_app

    with current_app.extensions["migrate"].db.engine.connect() as own:
        migrate(own)
        own.commit()
