"""The models that come with minillm: small, whole, described by true cards, and of use."""

import hashlib
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import minillm
from minillm.cli import COMMANDS, main
from minillm.cli.parser import Parser
from minillm.finetuning import class_probabilities, padding_of, tokenize
from minillm.models import GPT, EncoderDecoder, MaskedLM, SequenceClassifier
from minillm.safetensors import read_header
from minillm.weights import SHIPPED, names
from minillm.weights.card import CARD, read_card

ROOT = Path(__file__).parents[2]
MOST = 8_000_000  # bytes, of all models together
# What a path on somebody's disk looks like.
MACHINE = re.compile(r"(?<![\w.:/])/[a-z]\w*/|[A-Z]:\\|~/|\b(localhost|root@)")


@pytest.mark.parametrize("text", ["/home/me/books", "see /work/x", '"/tmp/a"', "C:\\books", "~/books", "--text=/mnt/b"])
def test_a_path_of_a_machine_is_known(text):
    assert MACHINE.search(text)


@pytest.mark.parametrize("text", ["runs/tales", "https://example.org/a/b", "and/or", "1/2", "minillm/weights/"])
def test_what_is_no_path_of_a_machine(text):
    assert not MACHINE.search(text)


def test_all_of_them_together_are_small():
    assert sum(path.stat().st_size for path in SHIPPED.glob("*/*") if path.suffix != ".pyc") <= MOST


def test_every_card_is_whole_and_its_numbers_are_true():
    for name in names():
        card, weights = read_card(SHIPPED / name), SHIPPED / name / "model.safetensors"
        assert card.name == name
        assert card.lacking() == [], name
        assert card.bytes == weights.stat().st_size, name
        assert card.parameters == minillm.load(SHIPPED / name)[0].config.parameter_count(), name
        assert re.match(r"\d+\.\d+ nats a ", card.loss), name


@pytest.mark.parametrize("name", ["kind", "reviews", "translator"])
def test_the_texts_that_minillm_writes_have_the_sums_of_the_card(name):
    card = (SHIPPED / name / CARD).read_text(encoding="utf-8")
    sums = dict(re.findall(r"^\| `([\w.]+)` \| (\w+) \|$", card, re.MULTILINE))
    commands = re.findall(r"^python -m (minillm\.course\..+) > ([\w.]+)$", card, re.MULTILINE)
    written = {
        file: subprocess.run([sys.executable, "-m", *shlex.split(command)], stdout=subprocess.PIPE, check=True).stdout
        for command, file in commands
        if file in sums
    }
    assert sums and sums == {file: hashlib.sha256(text).hexdigest() for file, text in written.items()}


def test_no_card_names_a_place_on_a_machine():
    for name in names():
        found = MACHINE.search((SHIPPED / name / CARD).read_text(encoding="utf-8"))
        assert found is None, f"{name}: {found}"


def test_every_command_can_be_given():
    """Its options are those of today."""
    for name in names():
        program, m, package, command, *options = shlex.split(read_card(SHIPPED / name).command)
        assert (program, m, package) == ("python", "-m", "minillm") and command in COMMANDS, name
        module = importlib.import_module(f"minillm.cli.{command}")
        parser = Parser(prog=command, description="")
        module.add_arguments(parser)
        assert parser.parse_args(options).out, name


def test_their_weights_are_int8_and_nothing_is_there_that_only_training_needs():
    for name in names():
        dtypes = {stored.dtype for stored in read_header(SHIPPED / name / "model.safetensors", "").tensors.values()}
        assert dtypes == {"I8", "F16"}, name
        there = {path.name for path in (SHIPPED / name).iterdir()}
        assert there <= {
            "config.json",
            "tokenizer.json",
            "model.safetensors",
            CARD,
            "labels.json",
            "generation_config.json",
        }


def test_each_of_them_is_of_use():
    for name in names():
        model, tokenizer = minillm.load(SHIPPED / name)
        if isinstance(model, GPT | EncoderDecoder):
            assert minillm.write(model, tokenizer, "The", 8), name
        elif isinstance(model, MaskedLM):
            ((best, *_),) = minillm.fill(model, tokenizer, "The [MASK] was old.")
            assert best[0].strip(), name
        else:
            assert isinstance(model, SequenceClassifier), name
            rows = tokenize(["The end was good."], tokenizer, model.config.body.context).rows
            assert class_probabilities(model, rows, padding_of(tokenizer)).shape == (1, len(model.labels)), name


def test_a_wheel_takes_the_whole_package_along():
    """hatchling leaves out what a table for every target excludes, and what one for wheels does."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '\n[tool.hatch.build.targets.wheel]\npackages = ["minillm"]\n\n' in project
    assert "[tool.hatch.build]" not in project


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_git_ignores_none_of_their_files():
    """hatchling leaves out of a wheel what .gitignore names, even where git already tracks it."""
    files = [str(path) for path in SHIPPED.glob("*/*") if path.parent.name != "__pycache__"]
    command = ["git", "-c", f"core.excludesFile={os.devnull}", "check-ignore", "--no-index", *files]
    ignored = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert files and (ignored.stdout, ignored.stderr) == ("", "")


def test_the_first_commands_of_the_page_on_them_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.tsv").write_text("a kind tale\tgood\na dull one\tbad\n" * 10, encoding="utf-8")
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for line in re.search(r"```\n(.*?)```", page, re.DOTALL)[1].splitlines():
        python, m, package, *arguments = shlex.split(line)
        trains = arguments[0] == "finetune" and "--freeze" not in arguments
        quick = ["--steps=1", "--batch=2", "--workers=1"] if trains else []
        quick += ["--max-tokens=3"] if arguments[0] == "generate" else []
        assert (python, m, package) == ("python", "-m", "minillm")
        assert main([*arguments, *quick]) == 0, line
