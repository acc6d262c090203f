"""Every kind of run whose folder goes while it trains ends saved, and goes on as if nothing had happened."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from minillm.cli import main
from minillm.training import Run, Trainer
from tests.words import WORDS

QUICK = ["--batch=4", "--steps=6", "--eval-every=3", "--workers=1"]
SAMPLED = ["--reward=length:4", "--group=2", "--prompt-tokens=4", "--answer-tokens=4"]
RUNS = {
    "pretrain": ["pretrain", "--text=TEXT", "--preset=tiny", "--context=16", "--d-model=16"],
    "masked": ["pretrain", "--text=TEXT", "--objective=masked", "--preset=tiny", "--context=24", "--merges=20"],
    "everything": ["finetune", "--checkpoint=RUN", "--data=DATA"],
    "last block": ["finetune", "--checkpoint=RUN", "--data=DATA", "--freeze=0"],
    "adapters": ["finetune", "--checkpoint=RUN", "--data=DATA", "--lora=2"],
    "dpo": ["align", "--checkpoint=RUN", "--pairs=PAIRS"],
    "reward": ["align", "--checkpoint=RUN", "--pairs=PAIRS", "--method=reward"],
    "grpo": ["align", "--checkpoint=RUN", *SAMPLED],
    "ppo": ["align", "--checkpoint=RUN", "--method=ppo", *SAMPLED],
}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """given(words) -> the same, with files in the place of their names."""
    folder = tmp_path_factory.mktemp("data")
    labelled = [f"{word} {WORDS[i % 3]}\t{'ab'[i % 2]}" for i, word in enumerate(WORDS * 6)]
    (folder / "data.tsv").write_text("\n".join(labelled), encoding="utf-8")
    pairs = [{"prompt": "the ", "chosen": word, "rejected": word[::-1] + "e"} for word in WORDS if len(word) < 9] * 2
    (folder / "pairs.jsonl").write_text("\n".join(map(json.dumps, pairs)), encoding="utf-8")
    lines = [" ".join(WORDS[i % 7 : i % 7 + 3]) for i in range(300)]
    (folder / "text.txt").write_text("\n".join(lines), encoding="utf-8")
    sizes = ["--layers=1", "--heads=2", "--d-model=16", "--context=16", "--batch=4", "--steps=2", "--eval-every=2"]
    assert main(["pretrain", f"--text={folder / 'text.txt'}", *sizes, f"--out={folder / 'run'}"]) == 0
    names = {"TEXT": "text.txt", "RUN": "run", "DATA": "data.tsv", "PAIRS": "pairs.jsonl"}

    def fill_in(words):
        for name, file in names.items():
            words = [word.replace(f"={name}", f"={folder / file}") for word in words]
        return words

    return fill_in


def remove_before_step(number, run):
    """A step that, after so many, finds the folder of its run gone."""

    def step(trainer, *args, real=Trainer.step):
        if trainer.steps_done == number:
            shutil.rmtree(run)
        return real(trainer, *args)

    return step


@pytest.mark.parametrize("kind", RUNS)
def test_a_folder_that_goes_while_it_trains(kind, given, call, monkeypatch, tmp_path):
    """Once in a new run, and once in one that was resumed."""
    run, begin = tmp_path / "run", [*given(RUNS[kind]), *QUICK]
    resume = [begin[0], "--resume", "--out", run]
    code, _, err = call(*begin, "--out", tmp_path / "whole")
    assert code == 0, err
    for argv, number in (([*begin, "--out", run], 1), (resume, 4)):
        with monkeypatch.context() as patch:
            patch.setattr(Trainer, "step", remove_before_step(number, run))
            code, _, err = call(*argv, "--stop-at", number + 1)
        assert code == 0 and f"saved in {run}" in err, err
        assert "trainer.json" in err and "written again" in err
    code, _, err = call(*resume)
    assert code == 0, err
    assert Run(run).read_options() == Run(tmp_path / "whole").read_options()
    for name in ("config.json", "tokenizer.json"):
        assert (run / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    names = {path.name for path in (tmp_path / "whole").iterdir()}
    assert {path.name for path in (run).iterdir()} == names
    ours, theirs = (load_file(folder / "trainer.safetensors") for folder in (run, tmp_path / "whole"))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
