"""Count the claims of a delivery, so that a process that lost its lease cannot record a failure.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
