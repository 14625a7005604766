"""Keep why a delivery failed as one of a closed set, and that some of its recipients have the message.

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("failure", sa.Text(), nullable=True))
    op.add_column("deliveries", sa.Column("partly_accepted", sa.Boolean(), nullable=False, server_default=sa.false()))
