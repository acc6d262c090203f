"""From pairs of texts to an encoder-decoder that writes the target of a source: from nothing, or from a pretrained one."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

from minillm.backend import CPU, Device, choose_device
from minillm.errors import InputError, check_known
from minillm.finetuning.columns import are_texts
from minillm.finetuning.held_out import scored_places
from minillm.finetuning.pairs.data import PairData, PairParts, ends_of, tokenize_split
from minillm.finetuning.pairs.examples import Pairs, PairSplit, split_pairs
from minillm.finetuning.pairs.model import OWN, config_from_nothing, joint_tokenizer, settings_for_pairs
from minillm.finetuning.pairs.tasks import PAIR_TASKS, TRANSLATE, Judge, PairTask, Scores
from minillm.generation.translation import check_translates, translations
from minillm.models import EncoderDecoder, Model, build, copy_parameters
from minillm.objectives import SEQUENCE_TO_SEQUENCE
from minillm.text import Tokenizer
from minillm.training import Trainer, TrainOptions, check_memory, default_workers
from minillm.training.train import run_to_end


class Learner(NamedTuple):
    """What learns from pairs, and all that belongs to it."""

    trainer: Trainer
    tokenizer: Tokenizer
    parts: PairParts
    task: PairTask


def begin_pairs(
    split: PairSplit,
    task: PairTask,
    named: dict,
    pretrained: tuple[Model, Tokenizer] | None = None,
    device: Device = CPU,
) -> Learner:
    """A model before its first step: new, or a copy of a pretrained one. The settings are among what is `named`; InputError for one that
    can't be, and if it all needs more memory than there is.
    """
    model = None
    if pretrained is not None:
        model, tokenizer = pretrained
        check_translates(model)
    settings = settings_for_pairs(model, len(split.training.lines), named)
    settings.setdefault("workers", default_workers(settings["batch"], device))
    options = TrainOptions.from_settings(settings)
    context = settings.get("context", task.context)
    if context < 2:
        raise InputError(f"`context` must be at least 2, got {context}.", "A token, and the end of its text.")
    if model is None:
        merges = settings.get("merges")
        if merges is not None and merges < 0:
            raise InputError(f"There can't be {merges} merges.", "Give `merges` of 0 or more; 4000 is much.")
        config_from_nothing(1, settings)  # bad sizes are found before the tokenizer learns
        tokenizer = joint_tokenizer(split.training, merges)
        config = config_from_nothing(tokenizer.vocab_size, settings)
    else:
        config = dataclasses.replace(model.config, dropout=settings["dropout"])
    parts = tokenize_split(split, tokenizer, context, cut=task.cuts_sources)
    check_memory(config, options, parts.longest())
    learns = build(config, seed=options.seed, device=device)
    if model is not None:
        copy_parameters(model, learns)
        learns.eos_token_id = model.eos_token_id
    return learner_for(learns, tokenizer, parts, task, options)


def learner_for(
    model: EncoderDecoder, tokenizer: Tokenizer, parts: PairParts, task: PairTask, options: TrainOptions
) -> Learner:
    data = PairData(*parts, ends_of(model, tokenizer))
    return Learner(Trainer(model, data, options, SEQUENCE_TO_SEQUENCE), tokenizer, parts, task)


def resume_pairs(
    model: EncoderDecoder, tokenizer: Tokenizer, split: PairSplit, task: PairTask, context: int, options: TrainOptions
) -> Learner:
    """The same again, with a model whose weights are still to be loaded."""
    parts = tokenize_split(split, tokenizer, context, cut=task.cuts_sources)
    check_memory(model.config, options, parts.longest())
    return learner_for(model, tokenizer, parts, task, options)


class HeldOut:
    """Some of the held-out pairs, spread over all of them, what a model answers to their sources, and how good that is."""

    def __init__(self, learner: Learner):
        rows = learner.parts.held_out
        places = scored_places(len(rows.sources))
        self.pairs, self._rows = rows.pairs.chosen(places), [rows.sources[i] for i in places]
        self._judge, self._tokenizer = Judge(learner.task, self.pairs), learner.tokenizer
        self._longest = 1 + max(map(len, learner.parts.training.targets))
        self.baselines = self._judge.baselines(learner.parts.training.pairs)

    def answers(self, model: EncoderDecoder) -> list[str]:
        """Greedily, and no longer than any target: a model that has not learned to end would go on."""
        written = translations(model, self._tokenizer, self._rows, max_tokens=self._longest)
        return [self._tokenizer.decode(ids, special=False).strip() for ids in written]

    def scores(self, answers: Sequence[str]) -> Scores:
        return self._judge.scores(answers)


def learn_pairs(
    sources: Sequence[str],
    targets: Sequence[str],
    model: Model | None = None,
    tokenizer: Tokenizer | None = None,
    *,
    task: str = TRANSLATE.name,
    device: str = "auto",
    progress: bool = True,
    **settings,
) -> tuple[EncoderDecoder, Tokenizer]:
    """An encoder-decoder that writes the target of a source, with the weights of its lowest validation loss, and its tokenizer;
    `translate` asks it. It begins from nothing, or with a copy of a pretrained model.

    A tenth of the sources is held out to validate on. The task is translate or summarise. `settings` are layers, heads, d_model, d_ff,
    activation, norm and merges of a model from nothing; context, dropout, epochs; and the fields of `TrainOptions`.
    """
    if not (are_texts(sources) and are_texts(targets)):
        raise InputError(
            "Sources and targets are lists of strings.", "Give every source, and every target, as a string."
        )
    if len(sources) != len(targets):
        raise InputError(
            f"There are {len(sources):,} sources and {len(targets):,} targets.",
            "Give two lists of texts, each source with its target.",
        )
    check_known(settings, [*OWN, *TrainOptions.names()])
    check_known([task], PAIR_TASKS, "task")
    if (model is None) != (tokenizer is None):
        raise InputError("A pretrained model comes with its tokenizer.", "Give both, or neither.")
    pairs = Pairs(list(sources), list(targets), [*range(1, 1 + len(sources))])
    seed = TrainOptions(seed=settings.get("seed", 0)).seed  # InputError for one that is none
    pretrained = None if model is None else (model, tokenizer)
    place = choose_device(device) if model is None else model.vector.device
    learner = begin_pairs(split_pairs(pairs, seed, "the list"), PAIR_TASKS[task], settings, pretrained, place)
    run_to_end(learner.trainer, best=True, progress=progress)
    return learner.trainer.model, learner.tokenizer
