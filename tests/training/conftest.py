"""A tiny text, a tiny model, and a trainer of both."""

import numpy as np
import pytest

from minillm.models import GPT, GPTConfig
from minillm.text import CharTokenizer, Corpus
from minillm.training import Run, Trainer, TrainOptions
from minillm.training.record import Facts
from tests.words import WORDS

SIZES = {"context": 8, "layers": 1, "heads": 2, "d_model": 16}
QUICK = {"steps": 40, "batch": 3, "warmup": 4, "eval_every": 10, "log_every": 4}


@pytest.fixture(scope="session")
def text() -> str:
    return " ".join(np.random.default_rng(0).choice(WORDS, 400))


@pytest.fixture(scope="session")
def tokenizer(text):
    return CharTokenizer.train(text)


@pytest.fixture
def make_trainer(text, tokenizer):
    """make_trainer(dtype, sizes of the model and options of the run ...) -> a Trainer."""

    def make(dtype=np.float32, dropout=0.0, norm="pre", **options) -> Trainer:
        config = GPTConfig(tokenizer.vocab_size, dropout=dropout, norm=norm, **SIZES)
        corpus = Corpus(tokenizer.encode(text), config.context)
        return Trainer(GPT(config, seed=1, dtype=dtype), corpus, TrainOptions(**(QUICK | options)))

    return make


@pytest.fixture
def facts() -> Facts:
    """What a run writes down about its text."""
    return Facts("a text", source=None, sha256="", prompt="the", settings={"objective": "causal"})


@pytest.fixture
def begin(make_trainer, tokenizer, facts):
    """begin(directory, **options) -> the run's folder and its trainer, at step 0."""

    def start(directory, overwrite=False, **options):
        trainer, folder = make_trainer(**options), Run(directory)
        folder.create(trainer, tokenizer, trainer.options, facts, overwrite=overwrite)
        return folder, trainer

    return start


@pytest.fixture
def resume(make_trainer):
    """resume(directory, **options) -> the folder and a new trainer, where the run stopped."""

    def go_on(directory, **options):
        trainer, folder = make_trainer(**options), Run(directory)
        folder.load(trainer)
        return folder, trainer

    return go_on
