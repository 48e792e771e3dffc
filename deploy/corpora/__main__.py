"""`python -m deploy.corpora STYLE --data DIR`: build corpora/STYLE.jsonl from packages and a folder of books.

It prints each source with version, hash and licence, what was left out and why, and the share of held-out 8-word runs
that training saw; over one per cent it refuses to write.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from adapters import passages
from deploy.corpora import couplets, haiku, limericks, poems, songs, stories
from deploy.corpora.sources import Source, read
from deploy.corpora.split import LIMIT, leakage

Builder = Callable[[Callable[[Source], bytes], Callable[[str], None], int], Iterator[passages.Passage]]
STYLES: dict[str, Builder] = {
    "haiku": haiku.build,
    "limerick": limericks.build,
    "lyrics": songs.build,
    "poem": poems.build,
    "rhyme": couplets.build,
    "story": stories.build,
}


def main(arguments: list[str] | None = None) -> int:
    """Build one corpus; exit status 1 with a sentence if nothing could be built or the split leaks."""
    parser = argparse.ArgumentParser(prog="python -m deploy.corpora", description=__doc__)
    parser.add_argument("style", choices=sorted(STYLES))
    parser.add_argument("--data", type=Path, help="folder with books/ and verse/")
    parser.add_argument("--cache", type=Path, default=Path("corpora/.cache"), help="where downloads are kept")
    parser.add_argument("--out", type=Path, default=Path("corpora"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)

    def fetch(source: Source) -> bytes:
        found = read(source, options.data, options.cache)
        _say(f"source: {source.client} {source.label}, SHA-256 {source.sha256[:16]}…, {source.licence}")
        return found

    built = list(STYLES[options.style](fetch, _say, options.seed))
    if not any(row.split == "train" for row in built):
        _say("no training text could be built from the sources that are here")
        return 1
    training = [row.text for row in built if row.split == "train"]
    share = leakage(training, (row.text for row in built if row.split != "train"))
    _say(f"{dict(Counter(row.split for row in built))} rows; {share:.2%} of held-out 8-word runs occur in training")
    if share > LIMIT:
        _say(f"refused: more than {LIMIT:.0%} would make the held-out numbers flatter the voice")
        return 1
    path = options.out / f"{options.style}.jsonl"
    _say(f"{passages.write(path, built)} rows in {path}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
