"""What a trial ran on

Revision ID: 2026_11_24_facts
Revises: 2026_11_23_ledger
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_24_facts"
down_revision = "2026_11_23_ledger"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("trials", Column("facts", JSON, nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("trials", "facts")
