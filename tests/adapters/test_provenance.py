from adapters.manifest import Manifest
from adapters.provenance import saw, seen_by, untainted


def made(version: str, people: object, *parents: str) -> Manifest:
    return Manifest("taste", version, "base", "", {"people": people}, {}, parents)


FIRST = made("0001", ["ann"], "story@shipped")
SECOND = made("0002", ["ben"], FIRST.reference)
THIRD = made("0003", ["cid"], SECOND.reference, "lost@0009")
SHIPPED = Manifest("story", "shipped", "base", "")
ALL = [SHIPPED, FIRST, SECOND, THIRD]


def test_who_taught_a_version_taught_all_that_began_from_it() -> None:
    assert seen_by(ALL, THIRD.reference) == {"ann", "ben", "cid"}
    assert seen_by(ALL, "lost@0009") == set()
    assert saw(ALL, "ann") == (FIRST.reference, SECOND.reference, THIRD.reference)
    assert saw(ALL, "cid") == (THIRD.reference,)
    assert saw(ALL, "nobody") == ()


def test_training_goes_on_from_where_everybody_still_agrees() -> None:
    assert untainted(ALL, THIRD.reference, {"ann", "ben", "cid"}) == THIRD.reference
    assert untainted(ALL, THIRD.reference, {"ann", "ben"}) == SECOND.reference
    assert untainted(ALL, THIRD.reference, {"ben", "cid"}) == SHIPPED.reference
    assert untainted([FIRST, SECOND], SECOND.reference, {"ben"}) == ""


def test_versions_that_name_nobody_or_go_in_circles_harm_nothing() -> None:
    odd = made("0001", "ann", "taste@0002"), made("0002", None, "taste@0001")
    assert seen_by(odd, "taste@0001") == set()
    assert untainted(odd, "taste@0001", set()) == "taste@0001"
