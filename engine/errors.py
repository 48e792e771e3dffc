"""Everything the engine can refuse or fail at, drawn as one tree.

EngineError
├── Refused                 a person asked for what cannot be; nothing changed
│   ├── EmptyText · TextTooLong · BadValue · UnknownForm · BrokenForm · UnknownFormat
│   ├── NotOwner · UnknownAdapter
│   ├── BadLore             an entry of the lore that cannot be
│   ├── BadPersona          a file that holds none; see engine/text/persona_file
│   ├── BadFile             no piece can be made of it
│   ├── NoReplay            a recipe that cannot be followed here
│   ├── NotYourTurn · NotHost       of pieces that several people write by rules
│   ├── NotFound            no such piece, passage or version here (also: not yours to see)
│   ├── Impossible          nothing to undo, redo, retry, edit; no further version
│   └── UnclearWish · BadMidi · BadNotes · NothingToEdit     of music; see engine/music/errors
├── Busy                    the inbox is full; says for how many it is waiting
├── RequestCancelled        somebody cancelled, or went away
├── TooLate                 it would have come after everybody stopped waiting for it
├── Unsafe                  the text may not go out (memorised, moderated)
├── NoWeights               of music or pictures: missing or damaged; see engine/music/errors
└── GeneratorFailed         the device or model broke; the words are kept

Errors carry facts, never sentences for people: bot/wording has one for each `code`, filled with `fields`.
"""

from functools import partial
from typing import ClassVar


class EngineError(Exception):
    """Any error of the engine. `code` names it for machines and for bot/wording; `fields` fill its sentence."""

    code: ClassVar[str] = "engine_error"

    def __init__(self, **fields: str | int) -> None:
        super().__init__(f"{self.code} {fields}" if fields else self.code)
        self.fields = fields

    def __reduce__(self) -> tuple[partial["EngineError"], tuple[()]]:
        """Errors travel between processes; pickle would give the message to a class that takes fields."""
        return partial(type(self), **self.fields), ()


class Refused(EngineError):
    """A person's mistake, or a wish that cannot be; nothing was changed."""

    code = "refused"


class EmptyText(Refused):
    """There are no words to go on from."""

    code = "empty_text"


class TextTooLong(Refused):
    """Fields: `limit` and `length`, both in characters."""

    code = "text_too_long"


class BadValue(Refused):
    """A value outside what is allowed. Fields: `name`, `value`, `allowed`."""

    code = "bad_value"


class UnknownForm(Refused):
    """Fields: `form`, `forms`."""

    code = "unknown_form"


class BrokenForm(Refused):
    """A form's own file is wrong. Fields: `form`, and `reason`, with the file's name and the line."""

    code = "broken_form"


class UnknownFormat(Refused):
    """Fields: `format`, `formats`."""

    code = "unknown_format"


class NotFound(Refused):
    """No such thing here. Fields: `what` ("piece" | "passage" | "branch" | "lore" | "motif" | "persona" | "recipe"),
    `id`."""

    code = "not_found"


class BadLore(Refused):
    """An entry of the lore that cannot be. Fields: `why` (one of `WHYS`), and what its sentence names."""

    code = "bad_lore"
    WHYS = ("entries", "key_all", "key_long", "keys", "no_keys", "order", "several", "sticky", "text")


class NotOwner(Refused):
    """Only owners may do that. Field: `you`, the account that asked, as the setting of owners writes it."""

    code = "not_owner"


class NotYourTurn(Refused):
    """Somebody or something else is waited for. Fields: `why`, one of the names below, and mostly a `name`."""

    code = "not_your_turn"

    WHYS: ClassVar[tuple[str, ...]] = ("other", "not_last", "ghost", "vote", "stranger", "reader")


class NotHost(Refused):
    """Only the host of the piece may do that. Field: `name`, the host's."""

    code = "not_host"


class BadFile(Refused):
    """A file that no piece can be made of. Field: `why`, one of the names below; with most of them a number or two."""

    code = "bad_file"

    WHYS: ClassVar[tuple[str, ...]] = (
        *("kind", "bytes", "encoding", "empty", "json", "foreign", "newer", "broken", "many"),
    )


class NoReplay(Refused):
    """A recipe that cannot be followed. Fields: `recipe`, `why`, and with "base" `model` and `base`, with "voice"
    and "taste" `adapter`."""

    code = "no_replay"

    WHYS: ClassVar[tuple[str, ...]] = ("person", "stopped", "erased", "old", "base", "voice", "taste")


class UnknownAdapter(Refused):
    """Field: `adapter`."""

    code = "unknown_adapter"


class Impossible(Refused):
    """Nothing to act on. Field: `why`, one of the names below."""

    code = "impossible"

    WHYS: ClassVar[tuple[str, ...]] = (
        "nothing_written",
        "nothing_to_undo",
        "nothing_to_redo",
        "nothing_to_retry",
        "not_a_model_passage",
        "first_version",
        "last_version",
        "nothing_to_cancel",
        "no_file",
        "same_branch",
        "no_text",
        "no_arc",
        "no_music_yet",
        "one_music_only",
        "not_music",
        "nothing_to_sing",
        "no_motif",
        "many_motifs",
        "song_too_long",
        "not_words",
        "not_words_look",
        "no_musician",
        "no_painter",
        "no_voices",
        "nothing_to_compare",
        "nothing_compared",
        "nothing_to_roll_back",
        "already_joined",
        "pen_taken",
        "nobody_so_called",
        "kick_oneself",
        "host_stays",
        "same_role",
        "no_turns",
        "nothing_to_pass",
        "vote_over",
        "corpse_so_already",
        "not_together",
        "hidden_until_the_end",
        "not_linked",
        "link_not_home",
        "link_not_yours",
        "link_guest",
        "link_unknown",
        "link_used",
        "link_expired",
        "link_own",
        "link_already",
        "link_near",
        "link_other",
        "link_writing",
        "link_vote",
        "link_too_many",
    )


class Busy(EngineError):
    """The inbox is full; nothing was begun. Fields: `waiting`; `why` is "kept" if the person's words are stored."""

    code = "busy"


class RequestCancelled(EngineError):
    """The request was cancelled before it wrote anything worth keeping."""

    code = "cancelled"


class TooLate(EngineError):
    """Field: `seconds`, for which it was waited."""

    code = "too_late"


class Unsafe(EngineError):
    """What came out may not be sent. Field: `why`."""

    code = "unsafe"


class GeneratorFailed(EngineError):
    """The model or device broke in the middle of a request; other requests go on."""

    code = "generator_failed"

    @classmethod
    def of(cls, problem: BaseException) -> "GeneratorFailed":
        """With its cause, but without that one's frames, which would keep the device's memory."""
        failure = cls()
        failure.__cause__ = problem.with_traceback(None)
        return failure
