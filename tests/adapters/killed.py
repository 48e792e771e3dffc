"""A process to be killed: it publishes and rolls back without end, and says on its standard output when it begins."""

import sys
from pathlib import Path

from adapters.registry import Registry, Scope


def main(home: Path, weights: Path) -> None:
    registry = Registry(home, home / "none")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        registry.publish(weights, "sea", scope=Scope())
        registry.publish(weights, "sea", scope=Scope("form", "story"))
        registry.rollback(Scope("form", "story"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
