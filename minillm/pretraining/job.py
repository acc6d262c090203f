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
from minillm.pretraining.size import RATE, best_size, dropout_for, pace, seconds_of_step, sizes_of
from minillm.pretraining.task import SIZES, Pretraining
from minillm.text import BPETokenizer, CharTokenizer, Tokenizer
from minillm.training import TrainOptions, check_memory, default_workers, train
from minillm.units import count

OBJECTIVES: dict[str, type[Pretraining]] = {task.name: task for task in (Causal, Masked, Denoise, Span)}
PREFERENCES: dict[str, type[Pretraining]] = {
    task.name: task for task in (MLE, Filtering, Conditional, Unlikelihood, RWR, AWR)
}
OWN = {name for task in (*OBJECTIVES.values(), *PREFERENCES.values()) for name in task.own_settings()}
TOKENIZERS = ("char", "bpe")
MERGES = 1024
# What `size` auto chooses where it isn't named, and what can't be named beside it.
CHOSEN = ("layers", "heads", "d_model", "dropout", "lr", "eval_every", "eval_batches")
DEPENDENT = ("preset", "layers", "heads", "kv_heads", "d_model", "d_ff", "d_kv")
_log = logging.getLogger(__name__)


class Settings(NamedTuple):
    """What a run of pretraining consists of, before it has seen a text."""

    task: Pretraining
    options: TrainOptions
    sizes: dict  # of the model, by the names of `GPTConfig`
    tokenizer: str  # one of TOKENIZERS
    merges: int  # that "bpe" learns
    to_choose: tuple[str, ...] = ()  # what `choose_size` is to replace, once it knows the text


def settings_for(
    objective: str = "causal",
    preference: str | None = None,
    preset: str | None = None,
    device: Device = CPU,
    size: str | None = None,
    **named,
) -> Settings:
    """The preset's values, the objective's over them, and over both those named: any field of `TrainOptions`, of `GPTConfig` and of the
    objective, `tokenizer` and `merges`. InputError for a value that can't be, or that means nothing to the objective.

    With `size` "auto" a model for the `minutes` named will be chosen by `choose_size`.
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
    if size is not None:
        check_size(size, task, ({"preset": preset} if preset else {}) | named)
    preset = preset or DEFAULT
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
    to_choose = tuple(name for name in CHOSEN if name not in named) if size else ()
    return Settings(made, TrainOptions.from_settings(settings), sizes, tokenizer, merges, to_choose)


def check_size(size: str, task: type[Pretraining], named: dict) -> None:
    """InputError unless a size can be chosen for this task, beside what is named."""
    check_known([size], ["auto"], "size")
    if task is not Causal:
        raise InputError(f"`size` auto knows no size for {task.name}: it chooses that of a GPT.", "Leave `size` out.")
    if odd := [name for name in DEPENDENT if name in named]:
        raise InputError(f"`size` auto chooses the model, and `{odd[0]}` names it.", "Leave one of them out.")
    if named.get("minutes") is None:
        raise InputError("`size` auto chooses a model for a time, and none is named.", "Say how long: `minutes` 5.")


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


class Choice(NamedTuple):
    """Settings with nothing left to choose, and in a line what was chosen and why."""

    settings: Settings
    why: str


def choose_size(settings: Settings, text: str, device: Device = CPU) -> Choice:
    """The size that learns most from the text in the minutes that there are; steps of several sizes are timed for it, a second or two.

    InputError, before that, for a text that is too short, and if even the smallest size needs more memory than there is.
    """
    task, options = settings.task, settings.options
    by_characters = settings.tokenizer == "char"
    if by_characters:
        task.data(text, CharTokenizer.train(text))
    vocab = len(set(text)) if by_characters else 256 + settings.merges
    seconds, tokens = 60 * options.minutes, options.batch * options.accumulate * task.context

    def time_step(layers: int, width: int) -> float:
        config = task.config(vocab, settings.sizes | sizes_of(layers, width))
        check_memory(config, options, task.context)
        return seconds_of_step(config, options, device)

    size = best_size(seconds, tokens, time_step)
    there = len(text) // (1 if by_characters else 3)  # a token of bpe is some three characters
    steps, eval_every, eval_batches = pace(seconds, size.seconds, -(-there // (10 * tokens)))
    found = sizes_of(size.layers, size.d_model)
    parameters = task.config(vocab, settings.sizes | found).parameter_count()
    found |= {"lr": round(RATE / size.d_model, 4), "dropout": dropout_for(parameters, there * 9 // 10, steps * tokens)}
    found |= {"eval_every": eval_every, "eval_batches": eval_batches}
    found = {name: found[name] for name in settings.to_choose}
    settings = settings._replace(
        options=dataclasses.replace(options, **{name: found[name] for name in found if name in TrainOptions.names()}),
        sizes=settings.sizes | {name: found[name] for name in found if name in SIZES},
        to_choose=(),
    )
    dropout = f", dropout {settings.sizes['dropout']:g}" if settings.sizes.get("dropout") else ""
    why = (
        f"{count(size.layers, 'layer')} of {size.d_model}, learning rate {settings.options.lr:g}{dropout}: about {steps:,} steps of "
        f"{1e3 * size.seconds:.0f} ms in {options.minutes:g} min, by the scaling law the best use of the time"
    )
    return Choice(settings, why)


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
    preset: str | None = None,
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
    run = choose_size(run, text, place).settings if run.to_choose else run
    model, data, tokenizer = prepare(run, text, place)
    train(model, data, run.task.objective(), best=True, progress=progress, **run.options.to_dict())
    return model.body if preference else model, tokenizer
