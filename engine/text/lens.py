"""What a taste goes by, as far as the engine knows better than letters do."""

from pathlib import Path

from adapters import taste
from engine.text import rhyme

_MEASURES: taste.Measures = {**taste.MEASURES, "rhyme": lambda text: taste.rhyming(text, rhyme.rhymes)}


def load(base: Path) -> taste.Lens:
    """Rhymes as they sound, and what the base in a folder knows of words; BadAdapter if it holds no model."""
    from adapters import subjects  # noqa: PLC0415  # torch takes seconds to import

    return taste.Lens(_MEASURES, subjects.load(base))
