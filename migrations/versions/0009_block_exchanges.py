"""What the block list says beside names: the protected name, and the exchanges, for zone transfers and TAXII.

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("block_entries", sa.Column("protected", sa.Text(), nullable=False, server_default=""))
    op.add_column("block_entries", sa.Column("exchanges", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "block_exchanges",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_block_exchanges"),
        sa.UniqueConstraint("added_at", name="uq_block_exchanges_added_at"),
    )
