"""What a metric is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from minillm import __version__
from minillm.errors import InputError
from minillm.metrics.bootstrap import RESAMPLES, SEED, interval, resampled_scores

References = Sequence[str | Sequence[str]]  # for each answer one reference, or several


class Metric(ABC):
    """A score of answers against references, over a whole corpus, from 0 to 100.

    A corpus' BLEU is not the mean of its sentences': counts are added up first, and divided once. So a metric says two things: what it
    counts for one answer, and what score the sum of the counts gives.
    """

    name: str
    settings: str = ""  # its part of the signature: key:value|key:value

    @abstractmethod
    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """K numbers of one answer, which add up over a corpus."""

    @abstractmethod
    def score(self, total: np.ndarray) -> float:
        """The score of a corpus, from the sum (K,) of its answers' statistics."""

    def sentence_score(self, answer: str, references: Sequence[str]) -> float:
        """The score of a single answer."""
        return self.score(np.array(self.statistics(answer, references), float))

    def corpus_score(self, answers: Sequence[str], references: References) -> float:
        """The score of a corpus, without an interval: see `measure`."""
        return self.score(self.of_each(answers, references).sum(axis=0))

    def of_each(self, answers: Sequence[str], references: References) -> np.ndarray:
        """The statistics of each answer, (N, K). InputError unless each is a text with a reference, or several."""
        if isinstance(answers, str) or isinstance(references, str):
            raise InputError("This is one text where a list of them belongs.", "Put it in a list: [text].")
        if len(answers) != len(references):
            raise InputError(
                f"There are {len(answers)} answers but references for {len(references)}.",
                "Give each answer its reference, or a list of them.",
            )
        if not len(answers):
            raise InputError("There is no answer to score.", "Give one at least.")
        for number, (answer, each) in enumerate(zip(answers, references, strict=True), 1):
            if not listed(each):
                raise InputError(f"Answer {number} has no reference.", "Give one at least; it may be an empty text.")
            if odd := [text for text in (answer, *listed(each)) if not isinstance(text, str)]:
                raise InputError(f"Answer {number}, or a reference of it, is {odd[0]!r}.", "Each is a text.")
        return np.array(
            [self.statistics(answer, listed(each)) for answer, each in zip(answers, references, strict=True)], float
        )


def ratio(total: np.ndarray) -> float:
    """The score of statistics that begin with a sum, and end with what it is divided by."""
    return float(total[0] / total[-1])


class Mean(Metric):
    """A metric whose corpus' score is the mean over the answers, in percent: `statistics` begin with an answer's share, and end with 1."""

    def score(self, total: np.ndarray) -> float:
        return 100 * ratio(total)


class Measured(NamedTuple):
    """The score of a corpus, and what else one must know to compare it with another's."""

    name: str
    value: float
    low: float  # the interval of 95 %, by the bootstrap
    high: float
    signature: str  # how it was computed, in the form of sacrebleu


def measured(
    name: str,
    score: Callable[[np.ndarray], float],
    statistics: np.ndarray,
    *,
    references: str = "",
    settings: str = "",
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> Measured:
    """The score of the sum of statistics (N, K), with its interval. `references` and `settings` are parts of the signature."""
    low, high = interval(resampled_scores(score, statistics, resamples, seed))
    signature = references, f"bs:{resamples}|seed:{seed}", settings, f"version:minillm-{__version__}"
    return Measured(name, score(statistics.sum(axis=0)), low, high, "|".join(filter(None, signature)))


def measure(
    metric: Metric, answers: Sequence[str], references: References, resamples: int = RESAMPLES, seed: int = SEED
) -> Measured:
    """The score of a corpus with its interval. A reference is a string, or several of them in a list."""
    statistics = metric.of_each(answers, references)
    details = {"references": references_counted(references), "settings": metric.settings}
    return measured(metric.name, metric.score, statistics, **details, resamples=resamples, seed=seed)


def references_counted(references: References) -> str:
    counts = {len(listed(each)) for each in references}
    return f"nrefs:{counts.pop() if len(counts) == 1 else 'var'}"


def listed(references: str | Sequence[str]) -> Sequence[str]:
    """The references of an answer, where a single one may be given as it is."""
    return references if isinstance(references, list | tuple) else [references]
