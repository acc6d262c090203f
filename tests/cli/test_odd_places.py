"""Names that are not UTF-8, which Linux allows and old archives have; and a working folder that has been deleted."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minillm.cli import main
from minillm.cli.terminal import shell_word
from minillm.training import Run
from minillm.training.checkpoint import write_json
from tests.words import WORDS

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no such names")

ODD = os.fsdecode(b"\xff\xe9 'b")
QUICK = ["--batch=4", "--steps=3", "--eval-every=3", "--workers=1"]
SAMPLED = ["--method=reinforce", "--prompts=TEXT", "--group=2", "--prompt-tokens=4", "--answer-tokens=4"]
RUNS = {
    "pretrain": ["pretrain", "--text=TEXT", "--preset=tiny", "--context=16", "--d-model=16"],
    "finetune": ["finetune", "--checkpoint=RUN", "--data=DATA", "--dev=DATA"],
    "pairs": ["align", "--checkpoint=RUN", "--pairs=PAIRS"],
    "banned words": ["align", "--checkpoint=RUN", "--reward=words:WORDS", *SAMPLED],
    "a function": ["align", "--checkpoint=RUN", "--reward=FUNCTION:short", *SAMPLED],
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """odd(words) -> the same, with files of odd names in the place of their names."""
    folder = tmp_path_factory.mktemp("data") / ODD
    folder.mkdir()
    lines = "\n".join(" ".join(WORDS[i % 7 : i % 7 + 3]) for i in range(300))
    pairs = [{"prompt": "the ", "chosen": word, "rejected": word[::-1] + "e"} for word in WORDS if len(word) < 9] * 2
    contents = {
        "TEXT": lines,
        "DATA": "\n".join(f"{word} {WORDS[i % 3]}\t{'ab'[i % 2]}" for i, word in enumerate(WORDS * 6)),
        "PAIRS": "\n".join(map(json.dumps, pairs)),
        "WORDS": "the\n",
        "FUNCTION": "def short(texts):\n    return [-len(text) for text in texts]\n",
    }
    places = {name: folder / f"{ODD}{name}{'.py' * (name == 'FUNCTION')}" for name in contents}
    for name, path in places.items():
        path.write_text(contents[name], encoding="utf-8")
    sizes = ["--layers=1", "--heads=2", "--d-model=16", "--context=16", "--batch=4", "--steps=2", "--eval-every=2"]
    assert main(["pretrain", f"--text={places['TEXT']}", *sizes, f"--out={folder / 'run'}"]) == 0
    places["RUN"] = folder / "run"

    def fill_in(words):
        for name, path in places.items():
            words = [re.sub(f"=(words:)?{name}", lambda match, path=path: f"={match[1] or ''}{path}", w) for w in words]
        return words

    return fill_in


@pytest.mark.parametrize("kind", RUNS)
def test_a_run_of_files_of_odd_names_begins_and_goes_on(kind, odd, call, monkeypatch, tmp_path):
    argv, out = odd(RUNS[kind]), tmp_path / ODD
    code, _, err = call(*argv, *QUICK, "--stop-at=1", "--out", out)
    assert code == 0, err
    _, facts = Run(out).read_options()
    assert "\\udcff" in json.dumps(dataclasses.asdict(facts)), "or this test shows nothing"
    again = [word for word in argv if word.startswith("--reward=") and ".py:" in word]  # a file's code must be named
    code, _, err = call(argv[0], "--resume", *again, "--out", out)
    assert code == 0 and "done " in err, err


def test_the_command_to_go_on_can_be_copied(call, tiny, plain, tmp_path):
    out = tmp_path / ODD
    _, _, err = call(*tiny, "--stop-at=1", "--out", out)
    word = re.search(r"--resume --out (.*)", err)[1]
    answer = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert answer.stdout == os.fsencode(out)


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash")
@pytest.mark.parametrize("text", [b"\xff", b"a'\xff\\", b"\xff1", b"\xc3\xa9\xff", b"\x1b[0m", b"a\nb\t", b"$(id)\xfe"])
def test_bash_reads_a_word_of_any_bytes_as_it_was_meant(text):
    word = shell_word(os.fsdecode(text))
    assert word.isprintable()
    assert subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout == text


def test_json_keeps_what_is_not_utf_8_and_leaves_other_text_readable(tmp_path):
    value = {"name": ODD, "注意力": ["é", "\\udcff", "\ud800"]}
    write_json(tmp_path / "x.json", value)
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == value
    assert "注意力" in (tmp_path / "x.json").read_text(encoding="utf-8")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A working folder that is no more."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize(
    "argv",
    [
        ["pretrain", "--text=TEXT", "--preset=tiny", "--out=run"],
        ["pretrain", "--text=TEXT", "--preset=tiny"],
        ["pretrain", "--resume", "--out=run"],
        ["finetune", "--checkpoint=RUN", "--data=DATA", "--out=run"],
        ["align", "--checkpoint=RUN", "--pairs=PAIRS", "--out=run"],
        ["generate", "--checkpoint=run"],
        ["attention", "--checkpoint=RUN", "--text=the", "--out=map.png"],
        ["attention", "--checkpoint=RUN", "--text=the", "--out=map.html"],
        ["lesson", "01", "--to", "ipynb"],
        ["check", "01"],
    ],
    ids=str,
)
def test_a_working_folder_that_was_deleted(refused, odd, argv):
    assert "run" in (said := " ".join(refused(*odd(argv)))) or "Name another folder." in said


@pytest.mark.usefixtures("nowhere")
def test_what_needs_no_working_folder_does_without(call, finished_run, monkeypatch, tmp_path):
    monkeypatch.setattr("minillm.cli.doctor.speed", lambda: "fast")
    code, out, _ = call("doctor")
    assert code == 0 and re.search(r"\[LOOK\] disk +the working folder cannot be written", out)
    assert call("lesson")[0] == 0 and call()[0] == 0
    assert call("attention", "--checkpoint", finished_run, "--text=the", "--out", tmp_path / "map.png")[0] == 0
    code, _, err = call("pretrain", "--resume", "--out", shutil.copytree(finished_run, tmp_path / "run"))
    assert code == 0 and "finished" in err
    assert Path(tmp_path / "map.png").exists()
