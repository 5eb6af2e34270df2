"""which turn, request or job caused a message."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("trace", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Undo."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_column("trace")
