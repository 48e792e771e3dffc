"""Writing together: who takes part in a piece, by which rules, whose turn it is, votes, and clocks."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the four tables."""
    _gatherings()
    op.create_table(
        "members",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("pen", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("here", sa.Boolean(), nullable=False),
        *_of_a_person("members"),
    )
    op.create_table(
        "ballots",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=True),
        *_of_a_person("ballots"),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_ballots_turn_turns")),
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["gatherings.piece"], name=op.f("fk_timers_piece_gatherings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
    )
    op.create_index(op.f("ix_timers_due"), "timers", ["due"])
    op.create_index(op.f("ix_timers_piece"), "timers", ["piece"])


def _gatherings() -> None:
    op.create_table(
        "gatherings",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mover", sa.String(length=16), nullable=True),
        sa.Column("last", sa.String(length=16), nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_gatherings_piece_pieces")),
        sa.ForeignKeyConstraint(["mover"], ["people.id"], name=op.f("fk_gatherings_mover_people")),
        sa.ForeignKeyConstraint(["last"], ["people.id"], name=op.f("fk_gatherings_last_people")),
        sa.PrimaryKeyConstraint("piece", name=op.f("pk_gatherings")),
    )


def _of_a_person(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(["piece"], ["gatherings.piece"], name=op.f(f"fk_{table}_piece_gatherings")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f(f"fk_{table}_person_people")),
        sa.PrimaryKeyConstraint("piece", "person", name=op.f(f"pk_{table}")),
    )
