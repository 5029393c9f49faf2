"""Alembic's entry: runs migrations on the connection that `service.db.migrations` opened."""

from alembic import context
from sqlalchemy import Connection, text

import service.db.clusters
import service.db.events
import service.db.instance
import service.db.keys
import service.db.projections
import service.db.reports
import service.db.results
import service.db.runners
import service.db.trials
import service.db.webhooks  # noqa: F401  # every table, so that autogenerate sees them
from service.db.base import Base

# Any constant: it keeps two processes that start at once from migrating side by side.
MIGRATION_LOCK = 7_263_511


def _migrate(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
    context.run_migrations()


_migrate(context.config.attributes["connection"])
