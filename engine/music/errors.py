"""What can go wrong in music: a branch of the tree in `engine/errors`, with a `why` that chooses the sentence.

The sentences stand in bot/words under [error] as `<code>_<why>`, filled with the fields. Fields called `instrument`,
`style`, `mood` or `key` (a digit may follow) hold our English names, which `bot/wording` says in the reader's language.
"""

from engine.errors import EngineError, Refused


class MusicError(EngineError):
    """Anything that the music engine refuses or fails at."""

    code = "music"


class UnclearWish(MusicError, Refused):
    """The words contradict each other, or ask for something that does not exist. Field: `why`."""

    code = "unclear_wish"


class BadMidi(MusicError, Refused):
    """The bytes are not a MIDI file this engine can read within its limits. Field: `why`."""

    code = "bad_midi"


class BadNotes(MusicError, Refused):
    """The text is not ABC, and not a row of note names. Field: `why`."""

    code = "bad_notes"


class NothingToEdit(MusicError, Refused):
    """The edit names bars, lanes or notes that the piece does not have. Field: `why`."""

    code = "nothing_to_edit"


class NoWeights(MusicError):
    """Trained weights, of music or of pictures, are missing, damaged, or of another version. Fields: `why`, `file`."""

    code = "no_weights"
