"""Leases with epochs on shards and looks, work that one process at a time does, and the processes themselves.

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shards", sa.Column("lease_owner", sa.Text(), nullable=True))
    op.add_column("shards", sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("shards", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("shards", sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("lookalikes", sa.Column("claim_epoch", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("doing", sa.Text(), nullable=False),
        sa.Column("doing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolvers", sa.JSON(), nullable=False),
        sa.Column("sees_dns", sa.Boolean(), nullable=False),
        sa.Column("skew_seconds", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
    )
