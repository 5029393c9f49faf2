"""The ledger

Revision ID: 2026_11_23_ledger
Revises: nothing
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_23_ledger"
down_revision = None
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "api_keys",
        Column("id", sa.String(length=32), nullable=False),
        Column("owner", sa.String(length=100), nullable=False),
        Column("secret_sha256", sa.String(length=64), nullable=False),
        Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
    )
    op.create_table(
        "sweeps",
        Column("id", sa.String(length=32), nullable=False),
        Column("name", sa.String(length=100), nullable=False),
        Column("owner", sa.String(length=100), nullable=False),
        Column("spec_document", JSON, nullable=False),
        Column("state", sa.String(length=20), nullable=False),
        Column("state_reason", sa.Text(), nullable=True),
        Column("cut_reason", sa.Text(), nullable=True),
        Column("ends_as", sa.String(length=20), nullable=True),
        Column("created_at", sa.DateTime(timezone=True), nullable=False),
        Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        Column("started_at", sa.DateTime(timezone=True), nullable=True),
        Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        Column("event_count", sa.Integer(), nullable=False),
        Column("due_at", sa.DateTime(timezone=True), nullable=False),
        Column("claimed_by", sa.String(length=100), nullable=True),
        Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sweeps"),
    )
    op.create_index("ix_sweeps_name", "sweeps", ["name"])
    op.create_index("ix_sweeps_owner_created_at", "sweeps", ["owner", "created_at"])
    op.create_index("ix_sweeps_state_due_at", "sweeps", ["state", "due_at"])

    op.create_table(
        "events",
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        Column("kind", sa.String(length=40), nullable=False),
        Column("at", sa.DateTime(timezone=True), nullable=False),
        Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_events_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", "sequence", name="pk_events"),
    )
    op.create_table(
        "idempotency_keys",
        Column("owner", sa.String(length=100), nullable=False),
        Column("key", sa.String(length=255), nullable=False),
        Column("body_sha256", sa.String(length=64), nullable=False),
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_idempotency_keys_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("owner", "key", name="pk_idempotency_keys"),
    )
    op.create_table(
        "projections",
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("sequence", sa.Integer(), nullable=False),
        Column("experiment_id", sa.String(length=64), nullable=True),
        Column("run_id", sa.String(length=64), nullable=True),
        Column("claimed_by", sa.String(length=100), nullable=True),
        Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_projections_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_projections"),
    )
    op.create_table(
        "reports",
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("json", sa.Text(), nullable=False),
        Column("markdown", sa.Text(), nullable=False),
        Column("html", sa.Text(), nullable=False),
        Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_reports_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sweep_id", name="pk_reports"),
    )
    op.create_table(
        "runners",
        Column("id", sa.String(length=32), nullable=False),
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("ordinal", sa.Integer(), nullable=False),
        Column("cluster", sa.String(length=100), nullable=False),
        Column("submission_id", sa.String(length=200), nullable=False),
        Column("token_sha256", sa.String(length=64), nullable=False),
        Column("state", sa.String(length=20), nullable=False),
        Column("reason", sa.Text(), nullable=True),
        Column("job_is_over", sa.Boolean(), nullable=False),
        Column("created_at", sa.DateTime(timezone=True), nullable=False),
        Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        Column("last_sequence", sa.Integer(), nullable=False),
        Column("was_accepted", sa.Boolean(), nullable=False),
        Column("progress", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_runners_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_runners"),
        sa.UniqueConstraint("submission_id", name="uq_runners_submission_id"),
        sa.UniqueConstraint("sweep_id", "ordinal", name="uq_runners_sweep_id_ordinal"),
    )
    op.create_index("ix_runners_sweep_id_state", "runners", ["sweep_id", "state"])

    op.create_table(
        "trials",
        Column("id", sa.Integer(), nullable=False),
        Column("sweep_id", sa.String(length=32), nullable=False),
        Column("number", sa.Integer(), nullable=False),
        Column("arm", sa.String(length=60), nullable=False),
        Column("point", sa.Integer(), nullable=False),
        Column("replicate", sa.Integer(), nullable=False),
        Column("config_document", JSON, nullable=False),
        Column("state", sa.String(length=20), nullable=False),
        Column("outcome", sa.String(length=20), nullable=True),
        Column("reason", sa.Text(), nullable=True),
        Column("score", sa.Double(), nullable=True),
        Column("scores", JSON, nullable=False),
        Column("attempts", sa.Integer(), nullable=False),
        Column("checkpoint", sa.Text(), nullable=True),
        Column("image_passes", sa.Integer(), nullable=False),
        Column("device_seconds", sa.Double(), nullable=False),
        Column("started_at", sa.DateTime(timezone=True), nullable=True),
        Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        Column("mlflow_run_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name="fk_trials_sweep_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_trials"),
        sa.UniqueConstraint("sweep_id", "arm", "point", "replicate", name="uq_trials_sweep_id_arm_point_replicate"),
        sa.UniqueConstraint("sweep_id", "number", name="uq_trials_sweep_id_number"),
    )
    op.create_index("ix_trials_sweep_id_state_number", "trials", ["sweep_id", "state", "number"])

    op.create_table(
        "attempts",
        Column("id", sa.Integer(), nullable=False),
        Column("trial_id", sa.Integer(), nullable=False),
        Column("number", sa.Integer(), nullable=False),
        Column("runner_id", sa.String(length=32), nullable=False),
        Column("tune_trial_id", sa.String(length=100), nullable=False),
        Column("devices", sa.Double(), nullable=False),
        Column("started_at", sa.DateTime(timezone=True), nullable=False),
        Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        Column("ending", sa.String(length=20), nullable=True),
        Column("device_seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["runner_id"], ["runners.id"], name="fk_attempts_runner_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name="fk_attempts_trial_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("runner_id", "tune_trial_id", name="uq_attempts_runner_id_tune_trial_id"),
        sa.UniqueConstraint("trial_id", "number", name="uq_attempts_trial_id_number"),
    )
    op.create_table(
        "results",
        Column("trial_id", sa.Integer(), nullable=False),
        Column("step", sa.Integer(), autoincrement=False, nullable=False),
        Column("metrics", JSON, nullable=False),
        Column("image_passes", sa.Integer(), nullable=False),
        Column("device_seconds", sa.Double(), nullable=False),
        Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["trial_id"], ["trials.id"], name="fk_results_trial_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("trial_id", "step", name="pk_results"),
    )


def downgrade() -> None:
    op.drop_table("results")
    op.drop_table("attempts")
    op.drop_index("ix_trials_sweep_id_state_number", "trials")

    op.drop_table("trials")
    op.drop_index("ix_runners_sweep_id_state", "runners")

    op.drop_table("runners")
    op.drop_table("reports")
    op.drop_table("projections")
    op.drop_table("idempotency_keys")
    op.drop_table("events")
    op.drop_index("ix_sweeps_state_due_at", "sweeps")
    op.drop_index("ix_sweeps_owner_created_at", "sweeps")
    op.drop_index("ix_sweeps_name", "sweeps")

    op.drop_table("sweeps")
    op.drop_table("api_keys")
