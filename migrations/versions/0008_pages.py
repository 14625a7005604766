"""What the pages need: browser sessions, saved filters, an audit, and an order of lookalikes that a list can follow.

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_RANKS = """UPDATE lookalikes SET severity_rank = CASE severity
 WHEN 'critical' THEN 0 WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END"""
_WILDCARD = """UPDATE lookalikes SET wildcard_of = CASE WHEN basis = 'registry_wildcard' THEN public_suffix
 WHEN registrable_domain <> name THEN registrable_domain END
 WHERE basis = 'registry_wildcard' OR CAST(verdict AS TEXT) LIKE '%"wildcard"%'"""


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_table(
        "filters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_filters"),
    )
    op.add_column("lookalikes", sa.Column("severity_rank", sa.Integer(), nullable=False, server_default="4"))
    op.add_column("lookalikes", sa.Column("wildcard_of", sa.Text(), nullable=True))
    op.execute(_RANKS)
    op.execute(_WILDCARD)
    op.create_index("ix_lookalikes_wildcard_of", "lookalikes", ["wildcard_of", "name"])
    op.create_index("ix_lookalikes_worst", "lookalikes", ["relation", "severity_rank", "name"])
    op.create_index("ix_lookalikes_newest", "lookalikes", ["relation", "first_seen_at", "name"])
