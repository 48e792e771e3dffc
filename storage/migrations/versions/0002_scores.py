"""Music: passages that are scores."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table that holds the music of passages."""
    op.create_table(
        "scores",
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("score", sa.JSON(), nullable=False),
        sa.Column("midi", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_scores_turn_turns")),
        sa.PrimaryKeyConstraint("turn", name=op.f("pk_scores")),
    )
