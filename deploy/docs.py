"""Writes the parts of docs/ that are made from tables, and checks that none has gone stale.

`docs/commands.md` is made from the commands table and the wording, `docs/settings.md` from the settings. With `--check`
nothing is written; the exit status is 1 if a page is not what the tables say.
"""

import sys
from pathlib import Path

from bot import commands, wording
from bot.calls import Takes
from deploy import settings

DOCS = Path(__file__).parent.parent / "docs"


def pages() -> dict[str, str]:
    """File name to content, for every page that is made."""
    return {"commands.md": _commands(), "settings.md": _settings()}


def _commands() -> str:
    lines = [
        "# Commands",
        "",
        "The same in Telegram, Discord, the studio and the terminal; other messages go on with the piece, words first.",
        "Made from `bot/commands` by `make docs`.",
        "",
        "| command | what it does | 中文 |",
        "|---|---|---|",
    ]
    words = {Takes.NOTHING: "", Takes.MAYBE: " [words]", Takes.TEXT: " words"}
    for command in commands.TABLE:
        en, zh = (wording.say(f"command_{command.name}", language) for language in wording.LANGUAGES)
        lines.append(f"| `/{command.name}{words[command.takes]}` | {en} | {zh} |")
    return "\n".join(lines) + "\n"


def _settings() -> str:
    lines = [
        "# Settings",
        "",
        "Environment variables, or the same in `ghostnote.toml` in the folder Ghostnote is started in (there",
        "without the prefix, in small letters: `port = 8421`). The environment wins.",
        "`ghostnote settings` shows them as they are.",
        "Made from `deploy/settings` by `make docs`.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    for name, _, default, meaning in settings.describe(settings.Settings.model_construct()):
        shown = "the user's data folder" if name.endswith("_HOME") else f"`{default}`" if default else "none"
        lines.append(f"| `{name}` | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    stale = [name for name, text in pages().items() if not _same(DOCS / name, text)]
    if "--check" in sys.argv[1:]:
        for name in stale:
            sys.stderr.write(f"docs/{name} is stale; `make docs` writes it anew.\n")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name], "utf-8")
    return 0


def _same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
