"""What outgoing mail shows: messages to lookalikes, refusals, domains often written to.

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "written",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("message", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.BigInteger(), nullable=True),
        sa.Column("fate", sa.Text(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("domain", "message", name="pk_written"),
    )
    op.create_index("ix_written_day", "written", ["day"])
    op.create_table(
        "refusals",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("protected", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("domain", "protected", "hour", "action", name="pk_refusals"),
    )
    op.create_index("ix_refusals_hour", "refusals", ["hour"])
    op.create_table(
        "recipients",
        sa.Column("hash", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "day", name="pk_recipients"),
    )
    op.create_index("ix_recipients_day", "recipients", ["day"])
