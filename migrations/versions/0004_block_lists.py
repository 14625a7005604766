"""Who said `blocked`, and the block list as it was handed out."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lookalikes_triage_at", "lookalikes", ["triage_at"])
    op.create_table(
        "block_votes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("voter", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["lookalikes.name"], name="fk_block_votes_name_lookalikes", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("name", "voter", name="pk_block_votes"),
    )
    op.create_table(
        "block_entries",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_block_entries"),
        sa.UniqueConstraint("added_at", name="uq_block_entries_added_at"),
    )
    op.create_index("ix_block_entries_removed_at", "block_entries", ["removed_at"])
    op.create_table(
        "block_changes",
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("serial", "name", name="pk_block_changes"),
    )
    # Before, one person's word was enough: it counts as the first vote.
    op.execute(
        "INSERT INTO block_votes (name, voter, at) SELECT name, coalesce(triage_by, ''), triage_at FROM lookalikes "
        "WHERE triage = 'blocked' AND triage_at IS NOT NULL"
    )
