"""The page that leads from the article to the code: its files are there, and so are its commands with their options."""

import contextlib
import re
from pathlib import Path

from minillm import cli
from minillm.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "article.md"
TEXT = PAGE.read_text(encoding="utf-8")


def headings(page: Path) -> list[str]:
    """The headings of a page as links name them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines]


def test_every_link_leads_to_a_file_and_to_a_heading_in_it():
    links = [link.partition("#")[::2] for link in re.findall(r"\]\(([^)]+)\)", TEXT)]
    assert len(links) > 60
    assert not [name for name, _ in links if not (PAGE.parent / name).exists()]
    assert not [link for link in links if link[1] and link[1] not in headings(PAGE.parent / link[0])]


def test_every_section_has_a_lesson_a_command_and_a_file():
    rows = [line.strip("|").split("|") for line in TEXT.splitlines() if re.match(r"\| \d\.", line)]
    assert len(rows) > 23 and all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
    sections = {row[0].split()[0].rstrip(".") for row in rows}
    assert sections == {"1", "2.1", "2.2", "2.3", "3.1", "3.2", "4", "4.1", "4.2", "5", "6", "7", "8"}


def test_what_the_article_names_is_named():
    named = {"PyTorch", "TensorBoard", "Papers With Code", "BERT", "GPT-2", "T5", "mBERT", "45 TB", "355 years"}
    assert not [name for name in named if name not in TEXT]


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
