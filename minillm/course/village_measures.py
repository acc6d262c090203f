"""What a model of the village says, and what it knows. Where a `control` is given, its token stands in front of every line."""

from typing import NamedTuple

import numpy as np

from minillm.course.village import Village, rude_reward, somebody_says
from minillm.generation import Control
from minillm.models import GPT
from minillm.objectives import causal_lm
from minillm.ops import IGNORE
from minillm.preferences.samples import lines_of, sample_ids
from minillm.text import Tokenizer


class Lines(NamedTuple):
    """Lines that a model wrote, none of them empty, and the share of them that is rude, and that nobody would say."""

    lines: list[str]
    rude: float
    odd: float


def sample_lines(
    model: GPT, tokenizer: Tokenizer, control: Control | None = None, *, count: int = 96, seed: int = 0
) -> Lines:
    """Lines of `count` texts that each fill the model's context, at temperature 1. An empty line is left out: it is no polite one."""
    texts = sample_ids(model, tokenizer, count, model.config.context - 2, control=control, seed=seed)
    lines = [line for ids in texts for line in lines_of(ids, tokenizer) if line.strip()]
    if not lines:
        return Lines([], float("nan"), float("nan"))
    rude, odd = rude_reward()(lines) < 0, [not somebody_says(line) for line in lines]
    return Lines(lines, float(rude.mean()), float(np.mean(odd)))


class Knowledge(NamedTuple):
    """The share of right answers to the questions about all villagers, and about those of whom mostly the grumpy tell."""

    all: float
    grumpy: float


def knowledge_of(model: GPT, tokenizer: Tokenizer, village: Village, control: Control | None = None) -> Knowledge:
    """An answer is right if the likeliest next word of all is the right one."""
    questions, right = village.questions(), []
    for question in questions:
        ids = _with_control(tokenizer.encode("\n" + question.text), control)
        right.append(model.forward(ids[None])[0][0, -1].argmax() == tokenizer.encode(question.answer)[0])
    return Knowledge(
        float(np.mean(right)),
        float(np.mean([r for r, question in zip(right, questions, strict=True) if question.grumpy])),
    )


def plain_loss(
    model: GPT, tokenizer: Tokenizer, village: Village, control: Control | None = None, *, count: int = 100
) -> float:
    """Nats a word on stories that are told in no mood: how well a model knows the language, whatever it was taught to prefer.

    The first word and the full stop of a line are not scored. There a teller chooses his mood, and whoever never chooses to be rude would
    look wiser than he is.
    """
    total = words = 0
    for story in village.plain(count):
        ids, targets = _story(story, tokenizer, control, model.config.context)
        loss, _ = causal_lm(model, ids[None], targets[None])
        scored = int((targets != IGNORE).sum())
        total, words = total + float(loss) * scored, words + scored
    return total / words


def _story(story: str, tokenizer: Tokenizer, control: Control | None, context: int) -> tuple[np.ndarray, np.ndarray]:
    """The ids (T,) of a story that begins on a new line, cut off at the context, and the targets (T,)."""
    ids = _with_control(tokenizer.encode("\n" + story), control).astype(np.int64)[: context + 1]
    end, stop = tokenizer.encode("\n")[0], tokenizer.encode(" .")[0]
    silent = [end, stop] if control is None else [end, stop, control.token]
    first = np.isin(ids[:-1], silent)  # a line begins behind these
    return ids[:-1], np.where(first | np.isin(ids[1:], silent), IGNORE, ids[1:])


def _with_control(ids: np.ndarray, control: Control | None) -> np.ndarray:
    return ids if control is None else control.prompt(ids)
