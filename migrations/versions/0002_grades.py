"""Grades of resemblances.

Revision: 0002, after 0001. Rows that exist get `warn`: they are neither hidden nor blocked until they are judged again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("resemblances") as batch:
        batch.add_column(sa.Column("grade", sa.Text(), nullable=False, server_default="warn"))
        batch.add_column(sa.Column("grade_reason", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("resemblances") as batch:
        batch.drop_column("grade_reason")
        batch.drop_column("grade")
