"""Count the claims of a delivery, so that a process that lost its lease cannot record a failure.

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("epoch", sa.Integer(), nullable=False, server_default="0"))
