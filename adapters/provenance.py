"""Which versions learnt from whom. Pure, over manifests; ids of people tell nobody outside the database anything."""

from collections.abc import Collection, Iterable

from adapters.manifest import Manifest

PEOPLE = "people"  # in a manifest's data: the ids of everybody whose votes or words it was trained on


def people_of(manifest: Manifest) -> frozenset[str]:
    """Everybody whose votes or words this version itself was trained on."""
    found = manifest.data.get(PEOPLE, ())
    return frozenset(map(str, found)) if isinstance(found, list | tuple) else frozenset()


def seen_by(versions: Iterable[Manifest], reference: str) -> frozenset[str]:
    """Everybody whom a version learnt from, itself or through the versions it began from."""
    known = {one.reference: one for one in versions}
    todo, done, found = [reference], set[str](), set[str]()
    while todo:
        if (name := todo.pop()) in known and name not in done:
            done.add(name)
            found |= people_of(known[name])
            todo += known[name].parents
    return frozenset(found)


def saw(versions: Collection[Manifest], person: str) -> tuple[str, ...]:
    """The versions that learnt from this person, themselves or through those they began from."""
    return tuple(one.reference for one in versions if person in seen_by(versions, one.reference))


def untainted(versions: Collection[Manifest], reference: str, agreeing: Collection[str]) -> str:
    """The newest version on the way from `reference` to its beginnings that learnt only from people who still agree.

    "" if there is none: then training begins from the base. So who took their consent back, or was forgotten, is left
    out by the next training, and not only by its data.
    """
    known = {one.reference: one for one in versions}
    todo, done = [reference], set[str]()
    while todo:
        if (name := todo.pop(0)) in known and name not in done:
            done.add(name)
            if seen_by(versions, name) <= frozenset(agreeing):
                return name
            todo += known[name].parents
    return ""
