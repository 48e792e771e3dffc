"""Recipes that can be cooked again: how a passage was drawn; and passages that were taken from another branch."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Keep beside a passage how it was drawn, and of which one it is a copy."""
    op.add_column("turns", sa.Column("drawn", sa.JSON(), nullable=True))
    op.add_column("turns", sa.Column("origin", sa.String(length=16), nullable=True))
