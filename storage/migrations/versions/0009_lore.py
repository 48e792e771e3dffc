"""Lore: what a piece knows, shown to the model when it is named."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "lore",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("also", sa.JSON(), nullable=False),
        sa.Column("never", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("always", sa.Boolean(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("sticky", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_lore_piece_pieces")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_lore_person_people")),
        sa.PrimaryKeyConstraint("piece", "number", name=op.f("pk_lore")),
    )
    op.create_index(op.f("ix_lore_person"), "lore", ["person"])
