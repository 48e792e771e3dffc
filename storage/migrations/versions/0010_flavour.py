"""What a piece is to be like (genre, mood, who tells it), and the personas that people made."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the choices to the pieces, and make the table of personas."""
    for name in ("genre", "mood", "teller"):
        op.add_column("pieces", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for name in ("genre_by", "teller_by"):
        op.add_column("pieces", sa.Column(name, sa.String(length=16), nullable=True))
    op.create_table(
        "personas",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_personas_person_people")),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_personas")),
    )
    op.create_index(op.f("ix_personas_person"), "personas", ["person"])
