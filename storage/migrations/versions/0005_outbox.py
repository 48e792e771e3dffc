"""The outbox: what is to be said in a chat without a message that it answers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table of what is to be said."""
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=True),
        sa.Column("person", sa.String(length=16), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told", sa.DateTime(timezone=True), nullable=True),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_outbox_piece_pieces")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_outbox_turn_turns")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_outbox_person_people")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_outbox")),
    )
    op.create_index(op.f("ix_outbox_platform_told_due"), "outbox", ["platform", "told", "due"])
    op.create_index(op.f("ix_outbox_piece"), "outbox", ["piece"])
