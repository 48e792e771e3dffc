"""Votes by native reactions: which one cast a vote, so that taking it away takes no other vote back."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keep the reaction beside the vote that it cast."""
    op.add_column("preferences", sa.Column("sign", sa.Text(), nullable=True))
