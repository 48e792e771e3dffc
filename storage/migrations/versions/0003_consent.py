"""Consent: who lets others learn from them; and who wrote the memory and the note of a piece."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table of consents, and name the authors of what a piece remembers."""
    op.create_table(
        "consents",
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_consents_person_people")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_consents")),
    )
    op.add_column("pieces", sa.Column("memory_by", sa.String(length=16), nullable=True))
    op.add_column("pieces", sa.Column("note_by", sa.String(length=16), nullable=True))
