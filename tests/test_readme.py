"""What the README says, happens: its commands run, its Python runs, its paths exist."""

import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from minillm.cli import main
from minillm.course.outline import outlines
from minillm.layers import PreNormBlock, causal_mask
from minillm.models import GPT, EncoderConfig, GPTConfig, MaskedLM
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters
from tests.conversations import conversations, write_conversations
from tests.questions import questions, write_questions

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line
    for language, block in BLOCKS
    if not language
    for line in block.splitlines()
    if "python -m minillm" in line[:20]
]
PYTHON = [block for language, block in BLOCKS if language == "python"]

# The same commands on a run that ends within a second.
QUICKER = {
    "--objective masked": "--objective masked --overwrite --steps 2 --text book.txt --merges 20 --preset tiny",
    "--objective denoise": "--objective denoise --overwrite --steps 2 --text book.txt --merges 20 --preset tiny",
    "--minutes 5": "--minutes 0.01 --preset tiny --eval-batches 2",
    "--steps 4000": "--steps 4 --eval-batches 2",
    "lesson 01": "lesson 01 --quick --out figures",
    "--preference conditional": "--preference conditional --overwrite --steps 2 --preset tiny --text book.txt --reward personal",
    "--pairs pairs.jsonl": "--pairs pairs.jsonl --overwrite --steps 2 --batch 2",
    "--data pairs.tsv": "--data pairs.tsv --overwrite --steps 2 --batch 4",
    "--minutes 3": "--overwrite --steps 2 --batch 4",
    "--data chats.jsonl --out": "--data chats.jsonl --overwrite --steps 1 --batch 1 --out",
    "chat --checkpoint runs/chat": "chat --checkpoint runs/chat --max-tokens 4",
    "--data squad.json": "--data squad.json --overwrite --steps 2 --batch 4",
    "--data reviews.tsv": "--data reviews.tsv --overwrite",
    "--lora 4": "--lora 4 --steps 2 --batch 4",
    "--out runs/everything": "--out runs/everything --steps 2 --batch 4",
}


@pytest.fixture(scope="module", autouse=True)
def no_curves():
    """Without loss.png, which would take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("minillm.cli.session.draw_curve", lambda job: None)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the main job has been done, with a model of the default sizes."""
    folder = tmp_path_factory.mktemp("readme")
    words = ["The value of the name", "A class is a tree", "def f(x): return [x]\n\n", "In short, it is so.\n"]
    text = " ".join(np.random.default_rng(0).choice(words, 300))
    (folder / "book.txt").write_text(text, encoding="utf-8")
    run = [
        "--steps",
        "2",
        "--eval-batches",
        "2",
        "--out",
        str(folder / "runs/first"),
        "--text",
        str(folder / "book.txt"),
    ]
    assert main(["pretrain", *run]) == 0
    for objective in ("masked", "denoise"):
        assert (
            main(
                [
                    "pretrain",
                    *run[:-4],
                    "--objective",
                    objective,
                    "--merges",
                    "20",
                    "--out",
                    str(folder / "runs" / objective),
                    *run[-2:],
                ]
            )
            == 0
        )
    (folder / "reviews.tsv").write_text("a warm and funny film\tgood\nit is too long\tbad\n" * 20, encoding="utf-8")
    (folder / "held_out.tsv").write_text("a warm film\tgood\nit is long\tbad\n", encoding="utf-8")
    finetune = ["finetune", "--checkpoint", str(folder / "runs/masked"), "--data", str(folder / "reviews.tsv")]
    assert main([*finetune, "--steps", "2", "--out", str(folder / "runs/reviews")]) == 0
    pairs = "".join(f"dog {i}\tHund {i}\n" for i in range(20))
    for task, name, run_folder in (("translate", "pairs", "german"), ("summarise", "reports", "short")):
        (folder / f"{name}.tsv").write_text(pairs, encoding="utf-8")
        learn = ["finetune", "--task", task, "--data", str(folder / f"{name}.tsv"), "--steps", "2", "--batch", "4"]
        assert main([*learn, "--out", str(folder / "runs" / run_folder)]) == 0
    write_questions(folder / "squad.json", questions(10))
    (folder / "village.txt").write_text("Ann went to Rome in May.\n", encoding="utf-8")
    finetune = ["finetune", "--task", "answer", "--checkpoint", str(folder / "runs/masked"), "--steps", "2"]
    assert main([*finetune, "--data", str(folder / "squad.json"), "--out", str(folder / "runs/answerer")]) == 0
    write_conversations(folder / "chats.jsonl", conversations(10))
    finetune = [
        "finetune",
        "--task",
        "chat",
        "--checkpoint",
        str(folder / "runs/first"),
        "--steps",
        "1",
        "--batch",
        "1",
    ]
    assert main([*finetune, "--data", str(folder / "chats.jsonl"), "--out", str(folder / "runs/chat")]) == 0
    polite = ["--text", str(folder / "book.txt"), "--reward", "personal", "--preset", "tiny", "--steps", "2"]
    assert main(["pretrain", "--preference", "conditional", *polite, "--out", str(folder / "runs/polite")]) == 0
    pairs = [{"prompt": "The value", "chosen": " of the name", "rejected": " is so"} for _ in range(20)]
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    pretrained_by_others(folder)
    return folder


def pretrained_by_others(folder):
    """A GPT-2 and a BERT, smaller than those that the README fetches, in the same files."""
    vocab = {token: i for i, token in enumerate([*byte_characters(), "<|endoftext|>"])}
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "is", "on", "table", "."]
    sizes = {"context": 64, "layers": 2, "heads": 2, "d_model": 8}
    save_pretrained(GPT(GPTConfig(len(vocab), **sizes)), folder / "gpt2")
    for name in ("bert", "minilm"):
        save_pretrained(MaskedLM(EncoderConfig(len(words), **sizes)), folder / name)
        (folder / name / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    (folder / "gpt2/vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (folder / "gpt2/merges.txt").write_text("#version: 0.2\n", encoding="utf-8")


def test_the_readme_has_commands_and_python():
    assert len(COMMANDS) >= 6 and len(PYTHON) == 4


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(command, folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Who?\n"), encoding="utf-8"))
    for slow, quick in QUICKER.items():
        command = command.replace(slow, quick)
    monkeypatch.setattr("minillm.cli.lesson.run_lesson", lambda *args, **options: 0)  # each runs in a test of its own
    if "doctor" in command:
        monkeypatch.setattr("minillm.cli.doctor.speed", lambda: "not measured here")
    python, minus_m, program, *arguments = shlex.split(command)
    assert (python, minus_m, program) == ("python", "-m", "minillm")
    unsolved = arguments[0] == "check"  # nobody has written the exercises yet
    assert main(arguments) == (1 if unsolved else 0)


def test_the_lines_for_a_program_run_as_they_stand(folder, monkeypatch, capsys):
    """But for the steps, of which there are fewer."""
    monkeypatch.chdir(folder)
    assert len([line for line in PYTHON[0].splitlines() if line and not line.startswith("import")]) == 9
    exec(PYTHON[0].replace("steps=600", "steps=10").replace('preset="tiny"', 'preset="tiny", steps=4'), {})
    out = capsys.readouterr().out
    assert out.startswith("The value of") and (folder / "runs/small/model.safetensors").exists()


def test_the_block_in_the_readme_is_the_block_in_the_library():
    """Run the README's class beside the library's own, on the same weights."""
    names: dict = {}
    exec("from minillm.layers.block import *\nfrom minillm.layers.block import Block, BlockSaved\n" + PYTHON[2], names)
    ours, theirs = (kind(6, 2, 10, np.random.default_rng(1)) for kind in (PreNormBlock, names["PreNormBlock"]))
    x, dy = np.random.default_rng(2).standard_normal((2, 2, 5, 6))
    results = []
    for block in (ours, theirs):
        y, saved = block.forward(x, mask=causal_mask(5, 5))
        results.append((y, block.backward(dy, saved), *(p.grad for p in block.parameters())))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_gradient_check_in_the_readme_passes(capsys):
    exec(PYTHON[3], {})
    errors = eval(capsys.readouterr().out, {"np": np, "nan": float("nan")})
    assert set(errors) >= {"x", "gamma", "beta"} and max(errors.values()) < 1e-7


def test_the_table_of_lessons_has_each_number_with_its_title():
    named = dict(re.findall(r"^\| \[(\d\d)\]\(\S+\) \| ([^|]+) \|", README, re.MULTILINE))
    assert named == {lesson.name: lesson.title.split(" (")[0] for lesson in outlines()}


def test_every_path_that_is_named_exists():
    named = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"^\| `([^`]+)`", README, re.MULTILINE)
    assert len(named) > 10
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
