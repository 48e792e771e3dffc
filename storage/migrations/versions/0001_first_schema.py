"""The first schema: people, pieces, turns as a tree, and everything people say about them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table of the first release."""
    _pieces()
    _turns()
    _moves()
    _platforms()
    _opinions()


def _pieces() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("platform", "account", name=op.f("uq_people_platform_account")),
    )
    op.create_table(
        "pieces",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("head", sa.String(length=16), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("clock", sa.Integer(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deleted", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pieces")),
    )
    op.create_index(op.f("ix_pieces_platform_chat_thread"), "pieces", ["platform", "chat", "thread"], unique=False)
    op.create_table(
        "places",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("piece", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_places_piece_pieces")),
        sa.PrimaryKeyConstraint("platform", "chat", "thread", name=op.f("pk_places")),
    )
    op.create_table(
        "settings",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name=op.f("pk_settings")),
    )


def _turns() -> None:
    op.create_table(
        "turns",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(length=16), nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("starts", sa.Boolean(), nullable=False),
        sa.Column("edited", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("adapter", sa.Text(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("finish", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("completion", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("sampling", sa.JSON(), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["turns.id"], name=op.f("fk_turns_parent_turns")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_turns_person_people")),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_turns_piece_pieces")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("piece", "number", name=op.f("uq_turns_piece_number")),
    )
    op.create_index(op.f("ix_turns_piece_changed"), "turns", ["piece", "changed"], unique=False)
    op.create_index(op.f("ix_turns_parent"), "turns", ["parent"], unique=False)


def _moves() -> None:
    op.create_table(
        "edits",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("first", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_edits_person_people")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_edits_turn_turns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edits")),
    )
    op.create_index(op.f("ix_edits_turn"), "edits", ["turn"], unique=False)
    op.create_table(
        "moves",
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("previous", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("before", sa.String(length=16), nullable=True),
        sa.Column("after", sa.String(length=16), nullable=True),
        sa.Column("edit", sa.String(length=16), nullable=True),
        sa.Column("person", sa.String(length=16), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["after"], ["turns.id"], name=op.f("fk_moves_after_turns")),
        sa.ForeignKeyConstraint(["before"], ["turns.id"], name=op.f("fk_moves_before_turns")),
        sa.ForeignKeyConstraint(["edit"], ["edits.id"], name=op.f("fk_moves_edit_edits")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_moves_person_people")),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_moves_piece_pieces")),
        sa.PrimaryKeyConstraint("piece", "number", name=op.f("pk_moves")),
    )
    op.create_index(op.f("ix_moves_piece_previous"), "moves", ["piece", "previous"], unique=False)


def _platforms() -> None:
    op.create_table(
        "deliveries",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_deliveries_turn_turns")),
        sa.PrimaryKeyConstraint("platform", "chat", "message", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_turn"), "deliveries", ["turn"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("piece", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=True),
        sa.Column("reply", sa.String(length=16), nullable=True),
        sa.Column("move", sa.Integer(), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["piece"], ["pieces.id"], name=op.f("fk_inbox_piece_pieces")),
        sa.ForeignKeyConstraint(["reply"], ["turns.id"], name=op.f("fk_inbox_reply_turns")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_inbox_turn_turns")),
        sa.PrimaryKeyConstraint("platform", "chat", "thread", "delivery", name=op.f("pk_inbox")),
    )


def _opinions() -> None:
    op.create_table(
        "preferences",
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("value", sa.SmallInteger(), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name="preferences_value"),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_preferences_person_people")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_preferences_turn_turns")),
        sa.PrimaryKeyConstraint("turn", "person", name=op.f("pk_preferences")),
    )
    op.create_table(
        "picks",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("over", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["over"], ["turns.id"], name=op.f("fk_picks_over_turns")),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_picks_person_people")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_picks_turn_turns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picks")),
    )
    op.create_table(
        "retries",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("turn", sa.String(length=16), nullable=False),
        sa.Column("reply", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=16), nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name=op.f("fk_retries_person_people")),
        sa.ForeignKeyConstraint(["reply"], ["turns.id"], name=op.f("fk_retries_reply_turns")),
        sa.ForeignKeyConstraint(["turn"], ["turns.id"], name=op.f("fk_retries_turn_turns")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retries")),
    )
