"""Motifs: short melodies that stand for somebody or some place in a piece."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "motifs",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=True),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_motifs_piece_pieces")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_motifs_person_people")),
        sa.PrimaryKeyConstraint("piece", "key", name=op.f("pk_motifs")),
    )
    op.create_index(op.f("ix_motifs_person"), "motifs", ["person"])
