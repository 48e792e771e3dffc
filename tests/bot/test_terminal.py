import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot import terminal_app
from engine.conversation import Conversation

ROOT = Path(__file__).parents[2]


async def talk(conversation: Conversation, *lines: str, terminal: bool = False) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100)
    await terminal_app.chat(conversation, io.StringIO("".join(f"{line}\n" for line in lines)), console, "en")
    return output.getvalue()


async def test_every_line_of_a_pipe_gets_its_passage(conversation: Conversation) -> None:
    output = await talk(conversation, "/story A lighthouse keeper finds a letter.", "She opens it.", "/retry", "👍")
    piece = await conversation.piece(terminal_app.KEY)
    assert [turn.kind for turn in piece.turns] == ["person", "model", "person", "model"]
    assert piece.turns[-1].likes == 1
    assert piece.turns[-1].versions == 2
    for turn in piece.turns:
        if turn.kind == "model":
            assert "".join(turn.text.split()) in "".join(output.split())


async def test_a_terminal_ends_with_the_same_text(conversation: Conversation) -> None:
    output = await talk(conversation, "/story A fox.", terminal=True)
    (_, answer) = (await conversation.piece(terminal_app.KEY)).turns
    assert answer.text.split()[0] in output


async def test_mistakes_are_one_sentence_and_change_nothing(conversation: Conversation) -> None:
    output = await talk(conversation, "/retry", "/stroy a fox", "/switch 99", "/alternatives many", "/open nowhere")
    assert "Did you mean /story?" in output
    assert "Traceback" not in output
    assert len([line for line in output.splitlines() if line.strip()]) == 5
    assert (await conversation.piece(terminal_app.KEY)).turns == ()


async def test_quit_ends_it(conversation: Conversation) -> None:
    await talk(conversation, "/quit", "/story A fox.")
    assert (await conversation.pieces(terminal_app.KEY)) == ()


async def test_markup_in_words_is_only_text(conversation: Conversation) -> None:
    output = await talk(conversation, "/story [bold]A[/bold] [/nothing] fox <b>", "/memory [red]x[/red]", "/memory")
    assert "[red]x[/red]" in output


async def test_an_exported_piece_never_overwrites_a_file(
    conversation: Conversation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await talk(conversation, "/story A fox.", "/export json", "/export json")
    assert len(list(tmp_path.glob("*.json"))) == 2


def test_the_command_reads_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy", "chat"],
        input="/story A fox walks by.\n/undo\n",
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"GHOSTNOTE_HOME": str(tmp_path), "GHOSTNOTE_TEXT_MODEL": "echo", "LANG": "zh_CN.UTF-8", "PATH": ""},
        check=True,
    )
    assert "/redo" in done.stdout
    assert not done.stderr
