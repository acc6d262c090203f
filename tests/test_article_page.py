"""The page that leads from the article to the code: its files are there, and so are its commands with their options."""

import contextlib
import re
from pathlib import Path

from minillm import cli
from minillm.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "article.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_file_that_is_named_is_there():
    named = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    assert len(named) > 40 and not [name for name in named if not (PAGE.parent / name).exists()]


def test_every_section_has_a_lesson_a_command_and_a_file():
    rows = [line.strip("|").split("|") for line in TEXT.splitlines() if re.match(r"\| \d\.", line)]
    assert len(rows) > 20 and all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)


def test_every_command_that_is_named_has_the_options_that_stand_with_it(capsys):
    commands = [cells[2] for line in TEXT.splitlines() if len(cells := line.strip("| ").split(" | ")) == 4]
    words = [word for cell in commands for piece in re.findall(r"`([^`]+)`", cell) for word in piece.split()]
    command, helps = "", {}
    for word in words:
        if word.startswith("--"):
            assert f" {word} " in helps[command], (command, word)
        elif (Path(cli.__file__).parent / f"{word}.py").exists():
            command = word
            if command not in helps:
                with contextlib.suppress(SystemExit):
                    main([command, "--help"])
                helps[command] = capsys.readouterr().out.replace("\n", " ") + " "
                assert "example:" in helps[command], command
    assert {"pretrain", "generate", "fill", "attention", "finetune", "classify", "align"} <= helps.keys()
