"""Folders as commands read them, and ways to damage their files at random: for `test_fuzz`."""

import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.cli import main
from minillm.gradcheck import randomize
from minillm.models import (
    GPT,
    T5,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    T5Config,
)
from minillm.models.huggingface import save_pretrained
from minillm.text.gpt2 import byte_characters
from minillm.training import load, save
from tests.questions import questions, write_questions
from tests.words import WORDS

QUICK = [
    "--layers=1",
    "--heads=2",
    "--d-model=8",
    "--batch=4",
    "--steps=2",
    "--eval-every=2",
    "--eval-batches=1",
    "--workers=1",
]
ENCODER = EncoderConfig(vocab_size=40, context=16, layers=1, heads=2, d_model=8)
TEXT = "the model reads"
GENERATE = ["generate", "--max-tokens=3", "--prompt=the", "--checkpoint"]
ATTENTION = ["attention", "--text=the model", "--out=map.html", "--checkpoint"]
FILL = ["fill", "--text=the [MASK] reads", "--beams=1", "--checkpoint"]
TRANSLATE = ["translate", "--text=the model", "--max-tokens=3", "--checkpoint"]
CLASSIFY = ["classify", "--text=the model", "--checkpoint"]


class Target(NamedTuple):
    """A folder, and the commands that read it: the last word of each is the option that the folder is the value of."""

    folder: Path
    commands: list[list[str]]


def make_targets(root: Path) -> list[Target]:
    """A folder of every kind: runs of pretrain, finetune and align, and models of Hugging Face."""
    text, labelled, pairs = root / "text.txt", root / "labelled.tsv", root / "pairs.jsonl"
    text.write_text(
        "\n".join(" ".join(WORDS[i % 7 : i % 7 + 3]) + "\n" * (i % 5 == 0) for i in range(200)), encoding="utf-8"
    )
    labelled.write_text(
        "".join(f"{WORDS[i % 9]} {WORDS[i % 7]}\t{'good' if i % 2 else 'bad'}\n" for i in range(40)), encoding="utf-8"
    )
    records = [{"prompt": "the ", "chosen": WORDS[2 + i % 5], "rejected": "a"} for i in range(12)]
    pairs.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")

    def run(name: str, *argv) -> Path:
        argv = [str(word) for word in argv]
        assert main([*argv, f"--out={root / name}"]) == 0
        return root / name

    def resume(command: str) -> list[str]:
        return [command, "--resume", "--stop-at=3", "--steps=4", "--out"]

    pretrain = ["pretrain", f"--text={text}", "--context=24", *QUICK]
    causal = run("causal", *pretrain)
    quick = ["--batch=4", "--steps=2", "--eval-every=2"]
    sampled = ["--reward=length:10", "--prompt-tokens=3", "--answer-tokens=3", "--group=2", *quick]
    align = ["align", *sampled, f"--out={root / 'new'}", "--overwrite", "--checkpoint"]
    finetune = [
        "finetune",
        f"--data={labelled}",
        "--freeze=body",
        f"--out={root / 'new'}",
        "--overwrite",
        "--checkpoint",
    ]
    preference = ["--preference=conditional", "--reward=length:10", "--threshold=-1"]
    masked = run("masked", *pretrain, "--objective=masked", "--merges=20")
    denoise = run("denoise", *pretrain, "--objective=denoise", "--merges=20")
    classifier = run("classifier", "finetune", f"--data={labelled}", f"--checkpoint={masked}", "--workers=1", *quick)
    translator = run("translator", "finetune", "--task=translate", f"--data={labelled}", "--merges=9", *QUICK)
    asked = write_questions(root / "questions.json", questions(10))
    answerer = run(
        "answerer", "finetune", "--task=answer", f"--data={asked}", f"--checkpoint={masked}", "--workers=1", *quick
    )
    answer = ["answer", f"--context={text}", "--question=the model", "--checkpoint"]
    frozen = run("frozen", "finetune", f"--data={labelled}", f"--checkpoint={causal}", "--freeze=body")
    dpo = run("dpo", "align", f"--checkpoint={causal}", f"--pairs={pairs}", "--workers=1", *quick)
    ppo = run("ppo", "align", f"--checkpoint={causal}", f"--prompts={text}", "--method=ppo", *sampled)
    judge = run(
        "judge", "align", f"--checkpoint={causal}", f"--pairs={pairs}", "--method=reward", "--workers=1", *quick
    )
    evaluate, on_lines, on_questions = (
        ["evaluate", f"--data={data}", "--checkpoint"] for data in (text, labelled, asked)
    )
    return [
        Target(causal, [GENERATE, ATTENTION, evaluate, resume("pretrain"), align, finetune]),
        Target(int8(causal, root / "int8"), [GENERATE, ATTENTION, align, finetune]),
        Target(run("preference", *pretrain, *preference), [GENERATE, resume("pretrain"), align]),
        Target(masked, [FILL, ATTENTION, evaluate, resume("pretrain"), finetune]),
        Target(denoise, [FILL, GENERATE, resume("pretrain")]),
        Target(classifier, [CLASSIFY, on_lines, ATTENTION, resume("finetune")]),
        Target(translator, [TRANSLATE, on_lines, resume("finetune")]),
        Target(answerer, [answer, on_questions, resume("finetune")]),
        Target(frozen, [CLASSIFY]),
        Target(dpo, [GENERATE, resume("align")]),
        Target(ppo, [GENERATE, resume("align")]),
        Target(judge, [resume("align")]),
        Target(gpt2(root / "gpt2"), [GENERATE, ATTENTION, align]),
        Target(sharded(gpt2(root / "sharded")), [GENERATE]),
        Target(bert(root / "bert", MaskedLM(ENCODER)), [FILL, ATTENTION, finetune]),
        Target(
            bert(root / "classes", SequenceClassifier(ClassifierConfig(ENCODER, classes=3, pooler=True))), [CLASSIFY]
        ),
        Target(bert(root / "answers", QuestionAnswering(QuestionAnsweringConfig(ENCODER))), [answer]),
        Target(t5(root / "t5"), [FILL, GENERATE, TRANSLATE]),
    ]


def int8(trained: Path, folder: Path) -> Path:
    save(folder, *load(trained), int8=True)
    return folder


def gpt2(folder: Path) -> Path:
    model = GPT(GPTConfig(vocab_size=258, context=16, layers=1, heads=2, d_model=8))
    save_pretrained(randomize(model, np.random.default_rng(0)), folder)
    vocab = {token: i for i, token in enumerate([*byte_characters(), "th", "<|endoftext|>"])}
    (folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nt h\n", encoding="utf-8")
    settings = {"tokenizer_class": "GPT2Tokenizer", "eos_token": "<|endoftext|>", "add_prefix_space": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps({"eos_token": "<|endoftext|>"}), encoding="utf-8")
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [257]}), encoding="utf-8")
    return folder


def sharded(folder: Path) -> Path:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00001.safetensors")
    raw = (folder / "model-00001-of-00001.safetensors").read_bytes()
    names = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")]).keys() - {"__metadata__"}
    index = {"metadata": {}, "weight_map": dict.fromkeys(names, "model-00001-of-00001.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder


def bert(folder: Path, model) -> Path:
    labels = ["good", "bad", "odd"] if isinstance(model, SequenceClassifier) else None
    save_pretrained(randomize(model, np.random.default_rng(0)), folder, labels=labels)
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *"abcdefgh"]
    (folder / "vocab.txt").write_text("\n".join([*words, ""]), encoding="utf-8")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "mask_token": {"content": "[MASK]"}}
    settings["added_tokens_decoder"] = {"4": {"content": "[MASK]", "special": True, "lstrip": False}}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "added_tokens.json").write_text(json.dumps({"[MASK]": 4}), encoding="utf-8")
    return folder


def t5(folder: Path) -> Path:
    """Its tokenizer.json needs the package tokenizers; without it, commands say so."""
    sizes = {"vocab_size": 40, "layers": 1, "decoder_layers": 1, "heads": 2, "d_model": 8, "d_kv": 4, "d_ff": 8}
    save_pretrained(randomize(T5(T5Config(**sizes)), np.random.default_rng(0)), folder)
    words = ["<pad>", "</s>", "<unk>", "[MASK]", "<extra_id_0>", *WORDS]
    special = [
        {
            "id": i,
            "content": words[i],
            "special": True,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for i in (0, 1, 2, 3, 4)
    ]
    model = {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(words)}, "unk_token": "<unk>"}
    whole = {"version": "1.0", "added_tokens": special, "pre_tokenizer": {"type": "Whitespace"}, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(whole), encoding="utf-8")
    return folder


# Damage ---------------------------------------------------------------------------------------------------------------

DEEP: list = []
for _ in range(500):
    DEEP = [DEEP]
# as JSON, so that each damage gets a value of its own
VALUES = [json.dumps(value) for value in [
    None, True, False, 0, 1, -1, 2, 3, 7, 1.5, -0.0, 1e308, -1e308, float("inf"), float("nan"), 1e-320, 2**31, 2**53 + 1, 2**63, -(2**63),
    10**18, 10**400, "", " ", "x", "1", "[MASK]", "\ud800", "\udcff", "\0", "a\0b", "\x1b]0;PWN\x07", "\u202e", "我", "y" * 100_000,
    [], {}, [[]], [None], ["x"], [0], [[1, [2]]], {"a": 1}, {"": {}}, DEEP, list(range(1000)), "/dev/zero", "/", ".", "..", "-", "\n",
    "style", "words:/dev/zero", "x.py:f", "gpt", "gpt2", "bert", "masked", "causal", "alignment", "none", "body",
]]  # fmt: skip


def places(value: object, path: tuple = ()) -> list[tuple]:
    """The way to every part of a JSON value."""
    found = [path]
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value[:20]):
            found += places(part, (*path, key))
    return found


def damaged_json(value: object, rng: random.Random) -> bytes:
    value = copy.deepcopy(value)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        path = rng.choice(places(value))
        if not path:
            value = value if rng.random() < 0.9 else json.loads(rng.choice(VALUES))
            continue
        holder = value
        for key in path[:-1]:
            holder = holder[key]
        key, kind = path[-1], rng.random()
        if kind < 0.15:
            del holder[key]
        elif kind < 0.25 and isinstance(holder, dict):
            holder[rng.choice(["x", "\x1b[2J", "kind", "", "\ud800", *map(str, list(holder)[:9])])] = holder.pop(key)
        elif kind < 0.35:
            holder[key] = [holder[key]]
        elif kind < 0.45 and isinstance(holder[key], int | float):
            holder[key] = holder[key] * rng.choice([-1, 2, 0.5, 10, 10**6])
        else:
            holder[key] = json.loads(rng.choice(VALUES))
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if rng.random() < 0.1:  # a name twice
        text = text.replace("{", '{"a": 1, "a": 2, ', 1)
    return text.encode("utf-8", "surrogatepass")


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    content, kind = bytearray(content), rng.random()
    at = rng.randrange(len(content) + 1)
    if kind < 0.3:
        for _ in range(rng.choice([1, 3, 30])):
            if content:
                content[rng.randrange(min(len(content), rng.choice([16, 400, len(content)])))] = rng.randrange(256)
    elif kind < 0.5:
        del content[at:]
    elif kind < 0.6:
        del content[at : at + rng.choice([1, 2, 10, 100])]
    elif kind < 0.75:
        content[at:at] = rng.choice(
            [b"\0", b"\xff", b"\n", b"\r", b"{", b"[" * 200_000, b"\xed\xa0\x80", b" " * 10_000, b'"', b"\xef\xbb\xbf"]
        )
    elif kind < 0.85:
        content[at:at] = content[: rng.choice([1, 10, 1000])]
    else:
        content[:] = rng.choice(
            [b"", b"\n", b"{}", b"[]", b"null", b"1", b'"x"', b"\0" * 1000, b"1" * 5000, bytes(range(256)) * 4]
        )
    return bytes(content)


def damaged_header(content: bytes, rng: random.Random) -> bytes:
    """A safetensors file with another header: its length in eight bytes, and JSON."""
    length = int.from_bytes(content[:8], "little")
    header, body = json.loads(content[8 : 8 + length]), content[8 + length :]
    if "__metadata__" in header and rng.random() < 0.4:
        for name, text in header["__metadata__"].items():
            if rng.random() < 0.7 and text.startswith("{"):
                header["__metadata__"][name] = damaged_json(json.loads(text), rng).decode("utf-8", "replace")
        raw = json.dumps(header).encode("utf-8")
    else:
        raw = damaged_json(header, rng)
    length = len(raw) if rng.random() < 0.9 else rng.choice([0, 1, len(raw) - 1, len(raw) + 1, 2**31, 2**63, 2**64 - 1])
    return length.to_bytes(8, "little") + raw + body


def damaged_lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.split(b"\n")
    odd = [
        b"",
        b"{",
        b"[" * 50_000,
        b'{"step": 1}',
        b'{"step": 1e999}',
        b'{"step": %s}' % (b"9" * 400),
        b'{"step": 0, "loss": NaN}',
    ]
    odd += [
        b'{"step": 0, "validation": -1e308}',
        b"\xff",
        b"a b c",
        b" ",
        b"[MASK]",
        "\u2028".encode(),
        b"t h",
        b"x" * 100_000,
    ]
    for _ in range(rng.choice([1, 2, 5])):
        at, kind = rng.randrange(len(lines)), rng.random()
        if kind < 0.3:
            lines[at] = rng.choice(odd)
        elif kind < 0.6:
            lines.insert(at, rng.choice([*odd, *lines]))
        elif kind < 0.8 and len(lines) > 1:
            del lines[at]
        else:
            lines[at] = damaged_bytes(lines[at], rng)
    return b"\n".join(lines)


def damage(path: Path, rng: random.Random) -> None:
    """Damage one file."""
    content, kind = path.read_bytes(), rng.random()
    if kind < 0.04:
        path.unlink()
        replace: list[Callable] = [lambda: None, path.mkdir]
        if os.name == "posix":
            replace += [lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), lambda: path.symlink_to(path)]
        rng.choice(replace)()
        return
    if kind < 0.25:
        content = damaged_bytes(content, rng)
    elif path.suffix == ".json":
        content = damaged_json(json.loads(content), rng)
    elif path.suffix == ".safetensors":
        content = damaged_header(content, rng)
    else:
        content = damaged_lines(content, rng)
    path.write_bytes(content)


class Case(NamedTuple):
    """A command on a folder with damaged files."""

    argv: list[str]
    told: str  # what it is, for whoever looks into it


def damaged_folder(targets: list[Target], where: Path, seed: int) -> Case:
    """A folder of which a file or two are damaged, and a command that reads it: all follows from the seed."""
    rng = random.Random(seed)
    target = rng.choice(targets)
    shutil.rmtree(where, ignore_errors=True)
    shutil.copytree(target.folder, where)
    files = sorted(path for path in where.iterdir() if path.suffix != ".png" and not path.name.startswith("."))
    weights = [1 if path.suffix == ".safetensors" else 4 for path in files]
    chosen = {*rng.choices(files, weights, k=rng.choice([1, 1, 1, 2]))}
    for path in sorted(chosen):
        damage(path, rng)
    command = rng.choice(target.commands)
    names = " and ".join(sorted(path.name for path in chosen))
    return Case(
        [*command[:-1], f"{command[-1]}={where}"],
        f"seed {seed}: {command[0]} of {target.folder.name} with another {names}",
    )
