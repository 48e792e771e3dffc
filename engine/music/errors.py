"""What can go wrong in music, as one small exception tree; each instance's text is one clear sentence.

It stands apart from `engine/errors` so that the music folder can be read, tested and moved alone; the conversation
catches `MusicError` at its own line and turns it into the words a person sees.
"""


class MusicError(Exception):
    """Anything a person asked of the music engine that cannot be done."""


class UnclearWish(MusicError):
    """The words contradict each other, or ask for something that does not exist."""


class BadMidi(MusicError):
    """The bytes are not a MIDI file this engine can read within its limits."""


class NothingToEdit(MusicError):
    """The edit names bars, lanes or notes that the piece does not have."""


class NoWeights(MusicError):
    """The trained weights are missing, damaged, or made for another version of the network."""
