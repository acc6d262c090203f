"""A needle in the stories: two words that no story has, said one after the other, and a long time later the first of them again."""

import numpy as np

from minillm.course.stories import write_stories
from minillm.models import GPT

BEFORE = 8  # words of a story that come before the needle
TOGETHER = 10  # texts in one forward pass


def hide_needles(distance: int, *, words: int, seed: int = 0, count: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Texts, ids (count, BEFORE + distance + 1), and the word that should follow each, (count,).

    Stories have the lowest ids, one for each of their words; a needle is drawn from the others, up to `words`. Its first word was said
    `distance` words before the end of the text, where it is said again.
    """
    rng = np.random.default_rng((seed, 2))
    told = [word for story in write_stories(400, seed=seed) for word in story]
    number = {word: i for i, word in enumerate(sorted(set(told)))}
    stories = np.array([number[word] for word in told])
    starts = rng.integers(len(stories) - distance - BEFORE, size=count)
    stories = stories[starts[:, None] + np.arange(BEFORE + distance - 2)]
    needles = len(number) + np.stack([rng.permutation(words - len(number))[:2] for _ in range(count)])
    return np.hstack([stories[:, :BEFORE], needles, stories[:, BEFORE:], needles[:, :1]]), needles[:, 1]


def needles_found(model: GPT, distance: int, *, words: int, seed: int = 0, count: int = 100) -> float:
    """Per cent of the needles whose second word the model takes for the likeliest of all, this many words after it was said."""
    texts, answers = hide_needles(distance, words=words, seed=seed, count=count)
    right = 0
    for at in range(0, count, TOGETHER):
        logits, _ = model.forward(texts[at : at + TOGETHER])
        right += (logits[:, -1].argmax(axis=-1) == answers[at : at + TOGETHER]).sum()
    return 100 * right / count
