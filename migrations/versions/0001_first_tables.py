"""The first tables.

Revision: 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_created_at", "alerts", ["created_at"])
    op.create_table(
        "probes",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("domain", name="pk_probes"),
    )
    op.create_index("ix_probes_asked_at", "probes", ["asked_at"])
    op.create_table(
        "raw_replies",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "fetched_at", name="pk_raw_replies"),
    )
    op.create_index("ix_raw_replies_fetched_at", "raw_replies", ["fetched_at"])
    op.create_table(
        "events",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("registrable_domain", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("protected", sa.JSON(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_at", "events", ["at"])
    op.create_index("ix_events_kind", "events", ["kind"])
    op.create_index("ix_events_name", "events", ["name"])
    op.create_index("ix_events_registrable_domain", "events", ["registrable_domain"])
    op.create_table(
        "facts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_facts"),
    )
    op.create_table(
        "lookalikes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("registrable_domain", sa.Text(), nullable=True),
        sa.Column("public_suffix", sa.Text(), nullable=False),
        sa.Column("unicode", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), server_default="lookalike", nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("ability", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("severity_reasons", sa.JSON(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("attempted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_outcome", sa.Text(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration", sa.JSON(), nullable=True),
        sa.Column("registration_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("triage", sa.Text(), server_default="new", nullable=False),
        sa.Column("triage_note", sa.Text(), server_default="", nullable=False),
        sa.Column("triage_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("triage_by", sa.Text(), nullable=True),
        sa.Column("verdict", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_lookalikes"),
    )
    op.create_index("ix_lookalikes_ability", "lookalikes", ["ability"])
    op.create_index("ix_lookalikes_first_seen_at", "lookalikes", ["first_seen_at"])
    op.create_index("ix_lookalikes_next_look_at", "lookalikes", ["next_look_at"])
    op.create_index("ix_lookalikes_registrable_domain", "lookalikes", ["registrable_domain"])
    op.create_index("ix_lookalikes_registration_next_at", "lookalikes", ["registration_next_at"])
    op.create_index("ix_lookalikes_severity", "lookalikes", ["severity"])
    op.create_table(
        "own",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_triage", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_own"),
    )
    op.create_table(
        "protected",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_protected"),
    )
    op.create_table(
        "silences",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("by_triage", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_silences"),
    )
    op.create_table(
        "tokens",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("mendable", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_deliveries_alert_id_alerts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint("alert_id", "channel", name="uq_deliveries_alert_id_channel"),
    )
    op.create_index("ix_deliveries_due", "deliveries", ["status", "next_attempt_at"])
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("group_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("alert_id", sa.Text(), nullable=True),
        sa.Column("part", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name="fk_outbox_alert_id_alerts", ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_outbox_event_id_events", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_alert_id", "outbox", ["alert_id"])
    op.create_index("ix_outbox_part", "outbox", ["part"])
    op.create_index("ix_outbox_waiting", "outbox", ["decision", "group_key", "created_at"])
    op.create_table(
        "resemblances",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("techniques", sa.JSON(), nullable=False),
        sa.Column("likelihood", sa.Float(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["name"], ["lookalikes.name"], name="fk_resemblances_name_lookalikes", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "protected", name="pk_resemblances"),
    )
    op.create_index("ix_resemblances_protected", "resemblances", ["protected"])
    op.create_table(
        "shards",
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("enumeration_version", sa.Text(), nullable=False),
        sa.Column("last_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_version", sa.Text(), nullable=True),
        sa.Column("settled_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unsettled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_settled", sa.Integer(), nullable=True),
        sa.Column("first_total", sa.Integer(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["protected"], ["protected.name"], name="fk_shards_protected_protected", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("protected", "tier", name="pk_shards"),
    )
    op.create_table(
        "first_tiers",
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("candidates", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["protected"], ["protected.name"], name="fk_first_tiers_protected_protected", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("protected", name="pk_first_tiers"),
    )


def downgrade() -> None:
    op.drop_table("first_tiers")
    op.drop_table("shards")
    op.drop_table("resemblances")
    op.drop_table("outbox")
    op.drop_table("deliveries")
    op.drop_table("tokens")
    op.drop_table("silences")
    op.drop_table("raw_replies")
    op.drop_table("protected")
    op.drop_table("probes")
    op.drop_table("own")
    op.drop_table("lookalikes")
    op.drop_table("facts")
    op.drop_table("events")
    op.drop_table("alerts")
