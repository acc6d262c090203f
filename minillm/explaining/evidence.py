"""What the folder of a run tells: its log, its options, its config, and AdamW's moments, each with the name of its tensor."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.explaining.course import Course
from minillm.explaining.texts import Texts, read_texts
from minillm.models import ModelConfig, build, check_fields
from minillm.models.huggingface import is_pretrained
from minillm.safetensors import read_header, read_tensor
from minillm.text import load_tokenizer
from minillm.training import Run, TrainOptions
from minillm.training.checkpoint import CONFIG, RETRAIN, read_config
from minillm.training.record import Facts, State
from minillm.training.run import LOG, STATE, TOKENIZER, WEIGHTS
from minillm.units import count
from minillm.weights import find, names, nearest


class Moments(NamedTuple):
    """The running means of a tensor's gradient and of its square, in its shape. Muon has no second one of matrices: it stays zero."""

    first: np.ndarray
    second: np.ndarray

    def had_gradient(self) -> bool:
        """Whether there ever was one. The mean of the gradient shrinks without it, but rounding keeps its last bit above zero."""
        return bool(self.first.any() or self.second.any())


@dataclass(frozen=True)
class Evidence:
    """All that the rules may look at; None for what a run doesn't have, with the reason in `absent`."""

    course: Course
    options: TrainOptions
    settings: dict  # of the command that began the run
    state: State
    config: ModelConfig
    chance: float | None = None  # the loss of a blind guess
    unigram: float | None = None  # ... and of one that knows the frequencies
    moments: dict[str, Moments] | None = None
    texts: Texts | None = None
    misfit: str | None = None  # why the folder's tokenizer is not the model's, if so
    absent: tuple[str, ...] = field(default=())

    @property
    def baseline(self) -> float | None:
        """The loss of whoever knows nothing but frequencies, or where that is not known, nothing at all."""
        return self.chance if self.unigram is None else self.unigram

    @property
    def pretrains(self) -> bool:
        """Whether the run began from nothing, and guesses tokens of a text."""
        return self.settings.get("objective") in ("causal", "masked", "denoise", "span")

    @property
    def from_nothing(self) -> bool:
        """Whether the weights were random at first: in pretraining, and of a model that learns to translate without another's."""
        translates = self.settings.get("objective") == "sequence to sequence"
        return self.pretrains or (translates and self.settings.get("checkpoint") is None)

    def passes(self) -> float | None:
        """How often the text, or each example, was read."""
        if self.texts is None:
            return None
        each = self.settings.get("context", 1) if self.pretrains else 1
        return self.state.step * self.options.batch * self.options.accumulate * each / self.texts.count

    def learned_nothing(self) -> bool:
        """Whether the loss is hardly better in the end than that of whoever knows the frequencies alone: less than 5 % below it."""
        c = self.course
        return self.baseline is not None and (c.validation[-1] if len(c.validation) else c.final) > 0.95 * self.baseline


def read_evidence(directory: str | Path, text: str | None, report: Callable[[str], object]) -> Evidence:
    """Of a run's folder; InputError if it holds no run with a log. `text` is where its text or its examples are, if not where they were;
    `report` is told of each text that is read because the folder names it.
    """
    run = Run(directory)
    refuse_without_log(run)
    options, facts = run.read_options()
    config = read_config(run.path(CONFIG))
    state, moments, absent = read_state(run, config)
    log = run.read_log()
    if not log:
        raise InputError(*without_lines(run, state))
    texts, reason = read_texts(run, facts, options, config, text, report)
    if texts is None:
        absent += (f"its text: {reason}",)
    chance, unigram = baselines_of(facts, config)
    return Evidence(
        Course.from_log(log), options, facts.settings, state, config, chance, unigram, moments, texts,
        misfit(run, config), absent,
    )  # fmt: skip


def refuse_without_log(run: Run) -> None:
    """InputError for a folder in which no training was logged, with what it is."""
    name, there = str(run.directory), "Name the folder of a run of pretrain, finetune or align."
    if run.resumable():
        return
    if find(name) != run.directory and not run.directory.exists():
        raise InputError(f"{name} comes with minillm as it is, without the log of its training.", there)
    if run.directory.is_file():
        raise InputError(f"{name} is a file, not a folder.", there)
    if not run.directory.is_dir():
        near = nearest(name) if name not in names() else None
        raise InputError(f"There is no folder {name}.", f"Did you mean {near}?" if near else there)
    if is_pretrained(run.directory):
        raise InputError(f"{name} is a folder of Hugging Face, which has no log of its training.", there)
    if run.path(WEIGHTS).exists() and not run.path(LOG).exists():
        raise InputError(
            f"{name} holds a model without the log of a training; with a frozen body the last layer is fitted in one go, and has none.",
            there,
        )
    raise InputError(f"{name} holds no run with a log and a state, which is what can be explained.", there)


def without_lines(run: Run, state: State) -> tuple[str, str]:
    """What is wrong with a log of which no line can be read, and the remedy."""
    if state.step:
        return (
            f"{run.path(LOG)} has no line that can be read, though {count(state.step, 'step')} of training are done.",
            "Restore the file.",
        )
    return f"{run.path(LOG)} holds no line of training yet.", "Train for some steps first: `resume`."


def misfit(run: Run, config: ModelConfig) -> str | None:
    """What is wrong with a tokenizer that can be read, and is not the model's."""
    try:
        load_tokenizer(run.path(TOKENIZER))
    except InputError:
        return None  # the log and the weights tell enough without one
    try:
        run.tokenizer(config)
    except InputError as error:
        return error.wrong
    return None


def baselines_of(facts: Facts, config: ModelConfig) -> tuple[float | None, float | None]:
    """What the run remembers. Runs of earlier versions don't; what a guess among V tokens loses is known all the same."""
    chance = facts.chance
    if chance is None and facts.settings.get("objective") in ("causal", "masked"):
        chance = math.log(config.vocab_size)
    return chance, facts.unigram


def read_state(run: Run, config: ModelConfig) -> tuple[State, dict[str, Moments] | None, tuple[str, ...]]:
    """How far the run came, and the moments by the names of their tensors: none of adapters, whose names no config tells."""
    stored, metadata = read_header(run.path(STATE), RETRAIN)
    try:
        values = json.loads(metadata.get("state", "null"))
    except ValueError:
        values = None
    check_fields(State, values)
    state, size = State(**values), config.parameter_count()
    wanted = ("first_moment", "second_moment")
    if any(name not in stored or stored[name].shape != (size,) or stored[name].dtype != "F32" for name in wanted):
        return state, None, ("AdamW's moments: what trained is not the model of the config alone",)
    first, second = (read_tensor(stored[name]) for name in wanted)
    vector = build(config, seed=None).vector
    moments = {
        name: Moments(*(array[vector.slices[name]].reshape(parameter.data.shape) for array in (first, second)))
        for name, parameter in vector.named.items()
    }
    return state, moments, ()
