"""The whole control plane: priorities, drains, scopes of keys, clusters, webhooks with their outbox

Revision ID: 2026_11_26_control_plane
Revises: 2026_11_24_facts
"""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_control_plane"
down_revision = "2026_11_24_facts"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
TIME = sa.DateTime(timezone=True)
FILTERS = ("arm", "outcome", "point")
"""What a page of trials is filtered by, beside the state."""


def upgrade() -> None:
    op.add_column("sweeps", Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("sweeps", Column("generation", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("sweeps", Column("priority", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sweeps", Column("paused_seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("sweeps", Column("reopened_at", TIME, nullable=True))
    op.add_column("sweeps", Column("deletion_began_at", TIME, nullable=True))
    op.add_column("trials", Column("losses", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("trials", Column("search_attributes", JSON, nullable=False, server_default="{}"))
    op.create_index("ix_trials_progress", "trials", ["sweep_id", "arm", "state", "outcome", "device_seconds", "score"])
    for name in FILTERS:
        op.create_index(f"ix_trials_sweep_id_{name}_number", "trials", ["sweep_id", name, "number"])
    op.add_column("runners", Column("is_draining", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runners", Column("is_external", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runners", Column("asked_at", TIME, nullable=True))
    op.add_column("runners", Column("heard_seconds", sa.Double(), nullable=False, server_default="0"))
    op.add_column("attempts", Column("heard_before", sa.Double(), nullable=False, server_default="0"))
    op.create_index("ix_runners_cluster_state", "runners", ["cluster", "state"])
    op.create_index("ix_attempts_runner_id_ended_at", "attempts", ["runner_id", "ended_at"])
    op.add_column("projections", Column("is_stale", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("projections", Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("projections", Column("problem", sa.Text(), nullable=True))
    _count_images_with(sa.BigInteger(), sa.Integer())
    _scope_keys()
    _let_idempotency_keys_make_anything()
    _create_clusters()
    _name_the_service()
    _create_webhooks()
    _keep_what_was_spent()


def downgrade() -> None:
    _count_images_with(sa.Integer(), sa.BigInteger())
    op.drop_index("ix_deliveries_due_at", "deliveries")
    op.drop_table("deliveries")
    op.drop_index("ix_webhooks_owner", "webhooks")
    op.drop_table("webhooks")
    op.drop_index("ix_spent_owner", "spent")
    op.drop_table("spent")
    op.drop_table("instance")
    op.drop_table("clusters")
    _bind_idempotency_keys_to_sweeps()
    for name in ("name", "scopes", "version", "expires_at", "last_used_at", "revoked_at"):
        op.drop_column("api_keys", name)
    for name in ("is_stale", "failures", "problem"):
        op.drop_column("projections", name)
    op.drop_index("ix_attempts_runner_id_ended_at", "attempts")
    op.drop_index("ix_runners_cluster_state", "runners")
    op.drop_column("attempts", "heard_before")
    for name in ("is_draining", "is_external", "asked_at", "heard_seconds"):
        op.drop_column("runners", name)
    for name in FILTERS:
        op.drop_index(f"ix_trials_sweep_id_{name}_number", "trials")
    op.drop_index("ix_trials_progress", "trials")
    op.drop_column("trials", "search_attributes")
    op.drop_column("trials", "losses")
    for name in ("version", "generation", "priority", "paused_seconds", "reopened_at", "deletion_began_at"):
        op.drop_column("sweeps", name)


def _count_images_with(new: sa.Integer, old: sa.Integer) -> None:
    """A thousand epochs of ImageNet in two views are more than 32 bits hold; SQLite has but one size."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("trials", "results"):
            op.alter_column(table, "image_passes", type_=new, existing_type=old, existing_nullable=False)


def _scope_keys() -> None:
    """Keys made before may do what they could do then: everything."""
    op.add_column("api_keys", Column("name", sa.String(length=100), nullable=False, server_default=""))
    all_scopes = '["read", "write", "admin"]'
    op.add_column("api_keys", Column("scopes", JSON, nullable=False, server_default=all_scopes))
    op.add_column("api_keys", Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("api_keys", Column("expires_at", TIME, nullable=True))
    op.add_column("api_keys", Column("last_used_at", TIME, nullable=True))
    op.add_column("api_keys", Column("revoked_at", TIME, nullable=True))


def _let_idempotency_keys_make_anything() -> None:
    op.add_column("idempotency_keys", Column("resource", sa.String(length=200), nullable=False, server_default=""))
    op.execute("UPDATE idempotency_keys SET resource = 'sweeps/' || sweep_id")
    with op.batch_alter_table("idempotency_keys") as table:
        table.drop_constraint("fk_idempotency_keys_sweep_id", type_="foreignkey")
        table.drop_column("sweep_id")


def _bind_idempotency_keys_to_sweeps() -> None:
    """What made something else than a sweep is forgotten: it may then be made a second time."""
    op.execute("DELETE FROM idempotency_keys WHERE resource NOT LIKE 'sweeps/%'")
    op.execute("DELETE FROM idempotency_keys WHERE substr(resource, 8) NOT IN (SELECT id FROM sweeps)")
    op.add_column("idempotency_keys", Column("sweep_id", sa.String(length=32), nullable=False, server_default=""))
    op.execute("UPDATE idempotency_keys SET sweep_id = substr(resource, 8)")
    with op.batch_alter_table("idempotency_keys") as table:
        table.create_foreign_key("fk_idempotency_keys_sweep_id", "sweeps", ["sweep_id"], ["id"], ondelete="CASCADE")
        table.drop_column("resource")


def _create_clusters() -> None:
    op.create_table(
        "clusters",
        Column("name", sa.String(length=100), nullable=False),
        Column("address", sa.Text(), nullable=False),
        Column("sealed_token", sa.Text(), nullable=True),
        Column("labels", JSON, nullable=False),
        Column("verify_tls", sa.Boolean(), nullable=False),
        Column("ca_certificate", sa.Text(), nullable=True),
        Column("is_from_settings", sa.Boolean(), nullable=False),
        Column("is_draining", sa.Boolean(), nullable=False),
        Column("version", sa.Integer(), nullable=False),
        Column("created_at", TIME, nullable=False),
        Column("check_due_at", TIME, nullable=False),
        Column("orphans_due_at", TIME, nullable=False),
        Column("checked_at", TIME, nullable=True),
        Column("is_healthy", sa.Boolean(), nullable=True),
        Column("health_since", TIME, nullable=True),
        Column("problem", sa.Text(), nullable=True),
        Column("ray_version", sa.String(length=50), nullable=True),
        Column("nodes", sa.Integer(), nullable=True),
        Column("cpus_total", sa.Double(), nullable=True),
        Column("cpus_free", sa.Double(), nullable=True),
        Column("gpus_total", sa.Double(), nullable=True),
        Column("gpus_free", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_clusters"),
    )


def _name_the_service() -> None:
    table = op.create_table(
        "instance",
        Column("id", sa.String(length=32), nullable=False),
        Column("api_signed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    op.bulk_insert(table, [{"id": secrets.token_hex(8)}])


def _create_webhooks() -> None:
    op.create_table(
        "webhooks",
        Column("id", sa.String(length=32), nullable=False),
        Column("owner", sa.String(length=100), nullable=False),
        Column("url", sa.Text(), nullable=False),
        Column("sealed_secret", sa.Text(), nullable=False),
        Column("sealed_previous_secret", sa.Text(), nullable=True),
        Column("previous_secret_ends_at", TIME, nullable=True),
        Column("secret_number", sa.Integer(), nullable=False),
        Column("kinds", JSON, nullable=False),
        Column("is_enabled", sa.Boolean(), nullable=False),
        Column("problem", sa.Text(), nullable=True),
        Column("version", sa.Integer(), nullable=False),
        Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_owner", "webhooks", ["owner"])
    op.create_table(
        "deliveries",
        Column("id", sa.String(length=32), nullable=False),
        Column("webhook_id", sa.String(length=32), nullable=False),
        Column("sweep_id", sa.String(length=32), nullable=True),
        Column("sequence", sa.Integer(), nullable=True),
        Column("kind", sa.String(length=40), nullable=False),
        Column("payload", JSON, nullable=False),
        Column("created_at", TIME, nullable=False),
        Column("due_at", TIME, nullable=True),
        Column("attempts", sa.Integer(), nullable=False),
        Column("claimed_by", sa.String(length=100), nullable=True),
        Column("claimed_until", TIME, nullable=True),
        Column("delivered_at", TIME, nullable=True),
        Column("last_status", sa.Integer(), nullable=True),
        Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_deliveries_webhook_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_deliveries_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("webhook_id", "sweep_id", "sequence", name="uq_deliveries_webhook_id_sweep_id_sequence"),
    )
    op.create_index("ix_deliveries_due_at", "deliveries", ["due_at"])
    op.create_index("ix_deliveries_created_at", "deliveries", ["created_at"])


def _keep_what_was_spent() -> None:
    op.create_table(
        "spent",
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("owner", sa.String(length=100), nullable=False),
        Column("device_seconds", sa.Double(), nullable=False),
        Column("last_started_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_spent"),
    )
    op.create_index("ix_spent_owner", "spent", ["owner"])
