"""Give famous characters other names, a new one in each window.

A voice trained on one book calls every girl Dorothy and every detective Holmes, and its readers notice at once. With a
fresh name in every window the only way to know a person's name is to have read it in the text so far, which is just
the habit a co-writer needs.
"""

import random
import re

GIRL = (
    "Clara",
    "Anna",
    "Ruth",
    "Mara",
    "Ellen",
    "Iris",
    "Nora",
    "Lucy",
    "Martha",
    "Elsa",
    "Rose",
    "Ida",
    "Vera",
    "Jane",
)
MAN = ("Thomas", "Daniel", "Peter", "Samuel", "Martin", "Paul", "Jonas", "Henry", "Felix", "Arthur", "Simon", "Hugh")
SURNAME = ("Mercer", "Hale", "Winter", "Ashby", "Penrose", "Carver", "Lowe", "Marsh", "Brandt", "Garrick", "Thorne")
PLACE = ("Ashford", "Millbrook", "Harrow", "Eastmere", "Stonebridge", "Saltham", "Graywater", "Thornby", "Linden")

_POOLS = {"girl": GIRL, "man": MAN, "surname": SURNAME, "place": PLACE}


def renamed(text: str, cast: dict[str, str], chance: random.Random) -> str:
    """`text` with each name of `cast` (name -> girl, man, surname or place) replaced by one drawn from its pool.

    Two names never become the same one within a text, as long as the pool lasts.
    """
    present = [name for name in cast if re.search(rf"\b{re.escape(name)}\b", text)]
    drawn = {kind: chance.sample(pool, len(pool)) for kind, pool in _POOLS.items()}
    chosen = {name: drawn[cast[name]][at % len(drawn[cast[name]])] for at, name in enumerate(present)}
    if not chosen:
        return text
    longest_first = sorted(chosen, key=len, reverse=True)
    pattern = re.compile(r"\b(" + "|".join(re.escape(name) for name in longest_first) + r")\b")
    return pattern.sub(lambda found: chosen[found.group(1)], text)
