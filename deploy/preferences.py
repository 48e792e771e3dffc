"""From the settings and the database to what may be learnt: the one way for exporting, learning and reporting."""

from adapters.dataset import Dataset, Rules, build, tunes
from adapters.registry import Scope
from deploy.settings import Settings
from storage.db import open_database
from storage.preferences import Preferences

LOCAL = frozenset({"studio", "terminal"})


def assumed(settings: Settings) -> frozenset[str]:
    """The platforms whose people agree to be learnt from unless they said no.

    Who sits at the machine is who has it learn, so asking them is theatre, unless the studio is open to others.
    """
    return LOCAL if settings.assume_consent == "local" and settings.loopback else frozenset()


def rules(settings: Settings, scope: Scope, base: str = "") -> Rules:
    """Whose opinions count, where and how much; with a base, on its texts alone."""
    return Rules(
        scope=scope,
        assumed=assumed(settings),
        reviewers=frozenset(filter(None, (one.strip() for one in settings.reviewers.split(",")))),
        author=settings.weight_author,
        reviewer=settings.weight_reviewer,
        reader=settings.weight_reader,
        base=base,
    )


async def gathered(settings: Settings, scope: Scope, base: str = "", *, music: bool = False) -> Dataset:
    """What may be learnt from in a scope, of texts or of music, as the database stands now."""
    async with open_database(settings.database) as database:
        opinions = await Preferences(database).opinions()
    return (tunes if music else build)(opinions, rules(settings, scope, base))
