"""Alembic's entry: runs migrations on the connection that `service.db.migrations` opened."""

from alembic import context
from sqlalchemy import Connection

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


def _migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
    context.run_migrations()


_migrate(context.config.attributes["connection"])
