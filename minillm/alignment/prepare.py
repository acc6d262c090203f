"""What a run of alignment learns from, read and cut into batches: its trainer, and what the run must remember of its data."""

import hashlib
import json
from collections.abc import Callable
from typing import NamedTuple

from minillm.alignment.job import prompts_for, trainer_on_pairs, trainer_on_rewards
from minillm.alignment.pairs import read_pairs, split_pairs
from minillm.errors import InputError
from minillm.files import reading
from minillm.models import GPT
from minillm.preferences import Reward
from minillm.pretraining import task_from_record
from minillm.text import Tokenizer, name_of, read_text
from minillm.training import Run, Trainer, TrainOptions
from minillm.training.checkpoint import RETRAIN
from minillm.training.record import Facts, absolute, sha256_of
from minillm.training.run import OPTIONS
from minillm.training.saved_run import source_again
from minillm.visible import visible


class Prepared(NamedTuple):
    """A trainer before its first step, and what its run must remember."""

    trainer: Trainer
    facts: Facts


def prepare_pairs(settings: dict, source: str, base: GPT, tokenizer: Tokenizer, options: TrainOptions) -> Prepared:
    """The trainer of a method that learns from pairs, on those in a file; `settings` are those of `Choices`.

    `base` is the model to begin with; a resumed run loads its own weights after this.
    """
    pairs = read_pairs(source)
    parts = split_pairs(pairs, tokenizer, base.config.context, settings["method"], options.seed)
    content = json.dumps([pair.parts() for pair in pairs], ensure_ascii=False)
    facts = Facts(
        name=name_of(source),
        source=absolute(source),
        sha256=sha256_of(content),
        prompt=" ".join(visible(pairs[0].asked()).split())[:40] or "\\n",
        settings=settings,
    )
    return Prepared(trainer_on_pairs(settings["method"], base, *parts, options, settings), facts)


def prepare_rewards(
    settings: dict,
    reward: Reward,
    base: GPT,
    tokenizer: Tokenizer,
    options: TrainOptions,
    report: Callable[[str], object],
) -> Prepared:
    """The trainer of a method that learns from rewards of the base's own answers; `report` is that of `source_again`."""
    text, name = prompt_text(settings, report)
    prompts = prompts_for(text, tokenizer, base.config.context, settings, options.seed)
    prompt = visible(tokenizer.decode(prompts[0], special=False)).strip()[-40:] or "\\n"
    facts = Facts(name, None, hashlib.sha256(prompts.tobytes()).hexdigest(), prompt, settings)
    reward([tokenizer.decode(row, special=False) for row in prompts[:4]])  # one that goes wrong does so now
    method = settings["method"]
    return Prepared(trainer_on_rewards(method, base, tokenizer, prompts, reward, options, settings), facts)


def prompt_text(settings: dict, report: Callable[[str], object]) -> tuple[str, str]:
    """The text for the prompts and its name: a file, or what the model was pretrained on, if that is still what it was."""
    if settings["prompts"] is not None:
        return read_text(settings["prompts"]), settings["prompts"]
    name_one = "Name a text for the prompts: `prompts` FILE."
    run = Run(settings["checkpoint"])
    if not run.path(OPTIONS).exists():
        raise InputError(f"{settings['checkpoint']} does not say what it was pretrained on.", name_one)
    _, facts = run.read_options()
    if facts.settings.get("objective") != "causal" or facts.source == "-":
        raise InputError(f"The text that {settings['checkpoint']} was pretrained on can't be read again.", name_one)
    with reading(run.path(OPTIONS), "description of a run of pretrain", RETRAIN):
        task = task_from_record(facts.settings)
    text = task.read(source_again(run, facts.source, "prompts", report))
    if sha256_of(text) != facts.sha256:
        raise InputError(f"{facts.name} is not the text that {settings['checkpoint']} was pretrained on.", name_one)
    return text, facts.name
