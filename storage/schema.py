"""The tables as they are now. How a database gets here from any older version is told by `storage/migrations`.

Nothing is ever deleted from `turns`, `moves` or `edits`, unless a person wants to be forgotten (`erasure`). A piece has
one `clock`: every change of its tree takes the next number, so turns, moves and "what was last shown" are all ordered
by it, and whoever read an older number is told.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Integer, SmallInteger, String, Table, Text

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.types.TypeDecorator[datetime]):
    """A point in time, always in UTC, on databases that know time zones and on those that do not."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Times go in as UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Times come out as UTC."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


Id = String(16)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created", Moment, nullable=False),
    sa.UniqueConstraint("platform", "account"),
)

consents = Table(
    "consents",  # no row: never asked, never answered
    metadata,
    Column("person", Id, ForeignKey("people.id"), primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("updated", Moment, nullable=False),
)

pieces = Table(
    "pieces",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("memory", Text, nullable=False),
    Column("memory_by", Id),  # who wrote it last; SQLite cannot add a foreign key to a table that is there
    Column("note", Text, nullable=False),
    Column("note_by", Id),
    Column("genre", Text, nullable=False, server_default=""),
    Column("genre_by", Id),
    Column("mood", Text, nullable=False, server_default=""),
    Column("teller", Text, nullable=False, server_default=""),  # who tells it, as `engine/text/flavour` writes it
    Column("teller_by", Id),  # whose words are in it
    Column("head", Id),  # the live end; no foreign key, because turns already point here
    Column("step", Integer, nullable=False),  # the move that undo takes back; 0 when there is none
    Column("clock", Integer, nullable=False),
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    Column("deleted", Moment),
    sa.Index(None, "platform", "chat", "thread"),
)

lore = Table(
    "lore",  # what a piece knows of somebody or something, shown to the model when a key of it is named
    metadata,
    Column("piece", Id, ForeignKey("pieces.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("keys", sa.JSON, nullable=False),
    Column("also", sa.JSON, nullable=False),  # groups of keys; one of each must be named, too
    Column("never", sa.JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("always", Boolean, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("sticky", Integer, nullable=False),
    Column("person", Id, ForeignKey("people.id")),  # who wrote it last
    Column("updated", Moment, nullable=False),
    sa.Index(None, "person"),
)

motifs = Table(
    "motifs",  # short melodies that stand for somebody or some place in a piece
    metadata,
    Column("piece", Id, ForeignKey("pieces.id"), primary_key=True),
    Column("key", Text, primary_key=True),  # the name in small letters
    Column("name", Text, nullable=False),
    Column("notes", sa.JSON, nullable=False),  # as `engine/music/motif` writes them
    Column("person", Id, ForeignKey("people.id")),  # who tied it
    Column("updated", Moment, nullable=False),
    sa.Index(None, "person"),
)

places = Table(
    "places",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("thread", Text, primary_key=True),
    Column("piece", Id, ForeignKey("pieces.id")),  # the open one
)

turns = Table(
    "turns",
    metadata,
    Column("id", Id, primary_key=True),
    Column("piece", Id, ForeignKey("pieces.id"), nullable=False),
    Column("number", Integer, nullable=False),  # the piece's clock when it was written
    Column("shown", Integer, nullable=False),  # the piece's clock when it was last the live end
    Column("changed", Integer, nullable=False),  # the piece's clock when anything in this row last changed
    Column("parent", Id, ForeignKey("turns.id")),
    Column("depth", Integer, nullable=False),  # passages from the first to this one
    Column("kind", Text, nullable=False),  # "person" | "model"
    Column("person", Id, ForeignKey("people.id")),
    Column("form", Text, nullable=False),
    Column("starts", Boolean, nullable=False),  # a section of the piece begins here
    Column("edited", Boolean, nullable=False),
    Column("created", Moment, nullable=False),
    Column("model", Text, nullable=False),
    Column("adapter", Text, nullable=False),
    Column("seed", sa.BigInteger, nullable=False),
    Column("finish", Text),
    Column("text", Text, nullable=False),
    # What follows is heavy and only read one turn at a time.
    Column("completion", Text, nullable=False),  # as the model wrote it
    Column("prompt", Text, nullable=False),  # as the model saw it
    Column("sampling", sa.JSON, nullable=False),
    Column("sections", sa.JSON, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("window", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("drawn", sa.JSON(none_as_null=True)),  # what was drawn from: `engine/text/recipes`; else `music/orders`
    Column("origin", Id),  # the passage of another branch that this is a copy of
    sa.UniqueConstraint("piece", "number"),
    sa.Index(None, "piece", "changed"),
    sa.Index(None, "parent"),
)

scores = Table(
    "scores",
    metadata,
    Column("turn", Id, ForeignKey("turns.id"), primary_key=True),
    Column("score", sa.JSON, nullable=False),  # notes and wish, as `engine/music/score` writes them
    Column("midi", sa.LargeBinary, nullable=False),  # the file as it was sent; sound and picture are made from these
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("turn", Id, ForeignKey("turns.id"), nullable=False),
    Column("created", Moment, nullable=False),
    sa.Index(None, "turn"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("platform", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("thread", Text, primary_key=True),
    Column("delivery", Text, primary_key=True),
    Column("piece", Id, ForeignKey("pieces.id"), nullable=False),
    Column("turn", Id, ForeignKey("turns.id")),  # the person's words, if there were any
    Column("reply", Id, ForeignKey("turns.id")),  # what was written for them; null until it is
    Column("move", Integer),  # the step the reply will complete
    Column("cancelled", Boolean, nullable=False),  # somebody stopped it: there will be no reply
    Column("created", Moment, nullable=False),
)

arrivals = Table(
    "arrivals",  # messages whose words are not stored yet, on platforms that tell of a message once
    metadata,
    Column("platform", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("message", Text, primary_key=True),
    Column("created", Moment, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("turn", Id, ForeignKey("turns.id"), primary_key=True),
    Column("person", Id, ForeignKey("people.id"), primary_key=True),
    Column("value", SmallInteger, nullable=False),
    Column("sign", Text),  # the native reaction that cast it; null: a button, a command
    Column("created", Moment, nullable=False),
    Column("updated", Moment, nullable=False),
    sa.CheckConstraint("value IN (-1, 1)", name="preferences_value"),
)

picks = Table(
    "picks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("turn", Id, ForeignKey("turns.id"), nullable=False),  # the version that was chosen
    Column("over", Id, ForeignKey("turns.id"), nullable=False),  # the version that was left
    Column("person", Id, ForeignKey("people.id"), nullable=False),
    Column("created", Moment, nullable=False),
)

retries = Table(
    "retries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("turn", Id, ForeignKey("turns.id"), nullable=False),  # the version that was turned away
    Column("reply", Id, ForeignKey("turns.id"), nullable=False),  # the one written in its place
    Column("person", Id, ForeignKey("people.id"), nullable=False),
    Column("created", Moment, nullable=False),
)

edits = Table(
    "edits",
    metadata,
    Column("id", Id, primary_key=True),
    Column("turn", Id, ForeignKey("turns.id"), nullable=False),
    Column("person", Id, ForeignKey("people.id"), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("first", Boolean, nullable=False),  # the text was as written until this edit
    Column("created", Moment, nullable=False),
    sa.Index(None, "turn"),
)

moves = Table(
    "moves",
    metadata,
    Column("piece", Id, ForeignKey("pieces.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # the piece's clock when it was made
    Column("previous", Integer, nullable=False),  # the move that was undoable before this one; 0 for none
    Column("kind", Text, nullable=False),  # "reply" | "continue" | "retry" | "swipe" | "edit" | "branch" ...
    Column("before", Id, ForeignKey("turns.id")),  # the live end before
    Column("after", Id, ForeignKey("turns.id")),  # the live end after
    Column("edit", Id, ForeignKey("edits.id")),
    Column("person", Id, ForeignKey("people.id")),
    Column("created", Moment, nullable=False),
    sa.Index(None, "piece", "previous"),
)

settings = Table(
    "settings",
    metadata,
    Column("scope", Text, primary_key=True),  # whose: "person:…", "chat:…", "piece:…" or "everyone"
    Column("name", Text, primary_key=True),
    Column("value", sa.JSON, nullable=False),
    Column("updated", Moment, nullable=False),
)

personas = Table(
    "personas",  # tellers that people made, for themselves or for a chat
    metadata,
    Column("scope", Text, primary_key=True),  # "person:…" or "chat:…"
    Column("key", Text, primary_key=True),  # its name in small letters
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("sample", Text, nullable=False),
    Column("person", Id, ForeignKey("people.id"), nullable=False),  # whose words these are
    Column("created", Moment, nullable=False),
    sa.Index(None, "person"),
)

outbox = Table(
    "outbox",  # what is to be said in a chat without a message that it answers
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),  # in the order in which it happened
    Column("platform", Text, nullable=False),
    Column("chat", Text, nullable=False),
    Column("thread", Text, nullable=False),
    Column("piece", Id, ForeignKey("pieces.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("fields", sa.JSON, nullable=False),
    Column("language", Text, nullable=False),
    Column("turn", Id, ForeignKey("turns.id")),  # the passage that is to be shown
    Column("person", Id, ForeignKey("people.id")),  # whom it is about
    Column("created", Moment, nullable=False),
    Column("due", Moment, nullable=False),  # not before; whoever is saying it puts this off
    Column("told", Moment),  # null until it was said
    Column("messages", sa.JSON, nullable=False),  # which messages say it
    sa.Index(None, "platform", "told", "due"),
    sa.Index(None, "piece"),
)

gatherings = Table(
    "gatherings",  # pieces that several people write by rules
    metadata,
    Column("piece", Id, ForeignKey("pieces.id"), primary_key=True),
    Column("version", Integer, nullable=False),  # grows with every change: whoever read an older one is told
    Column("mover", Id, ForeignKey("people.id")),  # whose turn it is, if it is a person's
    Column("last", Id, ForeignKey("people.id")),  # who wrote last
    Column("state", sa.JSON, nullable=False),  # the rest, as `engine/together/keeping` writes it; no names in it
)

members = Table(
    "members",
    metadata,
    Column("piece", Id, ForeignKey("gatherings.piece"), primary_key=True),
    Column("person", Id, ForeignKey("people.id"), primary_key=True),
    Column("pen", Text, nullable=False),
    Column("role", Text, nullable=False),  # "host" | "writer" | "reader"
    Column("seat", Integer, nullable=False),
    Column("here", Boolean, nullable=False),
)

ballots = Table(
    "ballots",
    metadata,
    Column("piece", Id, ForeignKey("gatherings.piece"), primary_key=True),
    Column("person", Id, ForeignKey("people.id"), primary_key=True),
    Column("turn", Id, ForeignKey("turns.id")),  # null: no opinion
)

timers = Table(
    "timers",  # a clock that has run out is taken away in the transaction of what follows, so it acts once
    metadata,
    Column("id", Id, primary_key=True),
    Column("piece", Id, ForeignKey("gatherings.piece"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),  # what it was set for
    Column("due", Moment, nullable=False),
    sa.Index(None, "due"),
    sa.Index(None, "piece"),
)

links = Table(
    "links",  # the chats in which a piece is written that several write; also the one in which it began
    metadata,
    Column("piece", Id, ForeignKey("pieces.id"), primary_key=True),
    Column("platform", Text, primary_key=True),
    Column("chat", Text, primary_key=True),
    Column("thread", Text, primary_key=True),
    Column("language", Text, nullable=False),  # what is said there by itself
    Column("before", Id),  # what was open there; no foreign key, because that one may be erased
    Column("person", Id, ForeignKey("people.id")),  # who linked it
    Column("created", Moment, nullable=False),
    sa.Index(None, "platform", "chat", "thread"),
)

link_codes = Table(
    "link_codes",
    metadata,
    Column("code", Text, primary_key=True),
    Column("piece", Id, ForeignKey("pieces.id"), nullable=False),
    Column("person", Id, ForeignKey("people.id"), nullable=False),
    Column("language", Text, nullable=False),
    Column("expires", Moment, nullable=False),
    Column("used", Moment),
    sa.Index(None, "piece"),
)

link_guesses = Table(
    "link_guesses",  # wrong codes of the last while, so that nobody tries them all
    metadata,
    Column("id", Id, primary_key=True),
    Column("person", Id, ForeignKey("people.id"), nullable=False),
    Column("created", Moment, nullable=False),
    sa.Index(None, "person"),
)
