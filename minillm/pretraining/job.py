"""From a text to a trained model."""

import dataclasses
import logging
from typing import NamedTuple

from minillm.backend import CPU, Device, choose_device
from minillm.errors import InputError, check_known
from minillm.models import Model, check_fields
from minillm.objectives import Data
from minillm.preferences import parse_reward
from minillm.pretraining.causal import Causal
from minillm.pretraining.masked import Masked
from minillm.pretraining.preferences import AWR, MLE, RWR, Conditional, Filtering, Unlikelihood
from minillm.pretraining.presets import DEFAULT, PRESETS
from minillm.pretraining.restoring import Denoise, Span
from minillm.pretraining.task import SIZES, Pretraining
from minillm.text import BPETokenizer, CharTokenizer, Tokenizer
from minillm.training import TrainOptions, check_memory, default_workers, train

OBJECTIVES: dict[str, type[Pretraining]] = {task.name: task for task in (Causal, Masked, Denoise, Span)}
PREFERENCES: dict[str, type[Pretraining]] = {
    task.name: task for task in (MLE, Filtering, Conditional, Unlikelihood, RWR, AWR)
}
OWN = {name for task in (*OBJECTIVES.values(), *PREFERENCES.values()) for name in task.own_settings()}
TOKENIZERS = ("char", "bpe")
MERGES = 1024
_log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """What a run of pretraining consists of, before it has seen a text."""

    task: Pretraining
    options: TrainOptions
    sizes: dict  # of the model, by the names of `GPTConfig`
    tokenizer: str  # one of TOKENIZERS
    merges: int  # that "bpe" learns


def settings_for(
    objective: str = "causal", preference: str | None = None, preset: str = DEFAULT, device: Device = CPU, **named
) -> Settings:
    """The preset's values, the objective's over them, and over both those named: any field of `TrainOptions`, of `GPTConfig` and of the
    objective, `tokenizer` and `merges`. InputError for a value that can't be, or that means nothing to the objective.
    """
    task = task_of(objective, preference)
    whose = f"preference {preference}" if preference else f"objective {objective}"
    check_known(named, [*sorted(OWN.union(TrainOptions.names())), *SIZES, "tokenizer", "merges"])
    for name in named:
        if name in OWN and name not in task.own_settings():
            raise InputError(f"`{name}` means nothing to the {whose}.", "Leave it out.")
    if not task.smooths_labels and named.get("label_smoothing"):
        raise InputError(
            f"The {whose} tells good tokens from bad ones, and smooths no labels.", "Leave `label_smoothing` out."
        )
    check_known([preset], PRESETS, "preset")
    settings = PRESETS[preset] | task.defaults
    settings |= (task.laptop if preset == "laptop" else {}) | named
    tokenizer, merges = settings["tokenizer"], settings.get("merges", MERGES)
    check_known([tokenizer], TOKENIZERS, "tokenizer")
    if type(merges) is not int or merges < 0:
        raise InputError(f"There can't be {merges} merges.", "Give `merges` of 0 or more; 1024 suits a book.")
    if "merges" in named and tokenizer != "bpe":
        raise InputError(
            "`merges` is for the bpe tokenizer only.", "Choose the `tokenizer` bpe, or leave `merges` out."
        )
    settings.setdefault("workers", default_workers(settings["batch"], device))
    sizes = {name: settings[name] for name in SIZES if name in settings}
    made = task.from_settings(settings)
    made.config(1, sizes)  # bad sizes are found before a large text is read
    # Whoever calls this named the reward, so a Python file of theirs may be run for it.
    if isinstance(made, MLE) and isinstance(made.reward, str):
        made = dataclasses.replace(made, reward=parse_reward(made.reward, trusted=True))
    return Settings(made, TrainOptions.from_settings(settings), sizes, tokenizer, merges)


def task_of(objective: str, preference: str | None = None) -> type[Pretraining]:
    """The way to pretrain of this name. A preference is learned while guessing the next token."""
    if preference is None:
        check_known([objective], OBJECTIVES, "objective")
        return OBJECTIVES[objective]
    if objective != "causal":
        raise InputError(
            f"The preference {preference} guesses the next token, and the objective {objective} does something else.",
            "Leave `preference` or `objective` out.",
        )
    check_known([preference], PREFERENCES, "preference")
    return PREFERENCES[preference]


def task_from_record(record: dict) -> Pretraining:
    """What `Pretraining.record` wrote, from whatever a file holds; InputError for anything else."""
    rest = dict(record)
    task = task_of(rest.pop("objective", None), rest.pop("preference", None))
    if odd := rest.keys() - {field.name for field in dataclasses.fields(task)}:
        raise InputError(f"The {task.name} objective has no setting `{min(odd)}`.", "Leave it out.")
    for name in check_fields(task, rest):
        if getattr(task, name) is not None:  # as in a record of an earlier version
            _log.warning("the run does not say %s: it is %s", name, getattr(task, name))
    return task.from_settings(rest)


class Prepared(NamedTuple):
    """A model before its first step, and the batches that it will learn from."""

    model: Model
    data: Data
    tokenizer: Tokenizer


def prepare(settings: Settings, text: str, device: Device = CPU) -> Prepared:
    """Learn a tokenizer from the text, cut the text into batches, and make the model; InputError if it needs more memory than there is."""
    task, options = settings.task, settings.options
    if settings.tokenizer == "bpe":
        tokenizer = BPETokenizer.train(text, settings.merges, task.special_tokens)
    else:
        tokenizer = CharTokenizer.train(text, task.special_tokens)
    data = task.data(text, tokenizer)
    config = task.config(tokenizer.vocab_size, settings.sizes)
    check_memory(config, options, task.context)
    return Prepared(task.build(config, seed=options.seed, device=device), data, tokenizer)


def pretrain(
    text: str | None = None,
    *,
    objective: str = "causal",
    preference: str | None = None,
    preset: str = DEFAULT,
    device: str = "auto",
    progress: bool = True,
    **settings,
) -> tuple[Model, Tokenizer]:
    """Train a new model on a text: the model with the weights of its lowest validation loss, and its tokenizer.

    Without a text it reads the objective's usual one. `preset` is tiny, laptop or full; any other setting of `settings_for` may be named:

        model, tokenizer = pretrain(text, objective="masked", preset="tiny", steps=200)
    """
    place = choose_device(device)
    run = settings_for(objective, preference, preset, place, **settings)
    text = run.task.read(None) if text is None else text
    model, data, tokenizer = prepare(run, text, place)
    train(model, data, run.task.objective(), best=True, progress=progress, **run.options.to_dict())
    return model.body if preference else model, tokenizer
