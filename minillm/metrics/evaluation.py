"""What an evaluation of a model finds: scores with their intervals, what they have to beat, and where the model is worst."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from minillm.metrics.bootstrap import Comparison, paired_bootstrap
from minillm.metrics.metric import Measured, Metric, References, measured, references_counted

WORST = 10


class Baseline(NamedTuple):
    """What another way reaches on the same texts, and how far the model is from that."""

    name: str
    measured: Measured
    ahead: Comparison  # the model's score minus this one's


class Case(NamedTuple):
    """One text, and how good the model was there. What doesn't apply is None."""

    score: float
    text: str
    answer: str | None = None
    reference: str | None = None
    line: int | None = None  # of the file


class Evaluation(NamedTuple):
    """Scores of a model on N texts, what it has to beat there, and the texts on which it is worst."""

    unit: str  # what is drawn for the intervals: a window, a text, a pair, a question
    count: int  # of them
    measures: list[Measured]
    baselines: list[Baseline]
    worst: list[Case]  # the worst first


class Count(NamedTuple):
    """What a score is made of: the statistics of N texts, and of the same texts by each baseline."""

    name: str
    score: Callable[[np.ndarray], float]
    ours: np.ndarray  # (N, K)
    theirs: Mapping[str, np.ndarray]  # (N, K), by the names of the baselines
    references: str = ""  # parts of the signature
    settings: str = ""

    def measured(self, statistics: np.ndarray) -> Measured:
        return measured(self.name, self.score, statistics, references=self.references, settings=self.settings)

    def baselines(self) -> list[Baseline]:
        return [
            Baseline(name, self.measured(statistics), paired_bootstrap(self.score, self.ours, statistics))
            for name, statistics in self.theirs.items()
        ]


def evaluation_of(unit: str, counts: Sequence[Count], worst: list[Case]) -> Evaluation:
    baselines = [baseline for count in counts for baseline in count.baselines()]
    return Evaluation(unit, len(counts[0].ours), [count.measured(count.ours) for count in counts], baselines, worst)


def count_answers(
    metric: Metric, answers: Sequence[str], references: References, baselines: Mapping[str, Sequence[str]]
) -> Count:
    """What a metric counts of answers, and of those that other ways give, by their names."""
    theirs = {name: metric.of_each(others, references) for name, others in baselines.items()}
    ours = metric.of_each(answers, references)
    return Count(metric.name, metric.score, ours, theirs, references_counted(references), metric.settings)


def worst_places(scores: Sequence[float]) -> np.ndarray:
    """The places of the lowest scores, the lowest first; of equal ones the first."""
    return np.argsort(scores, kind="stable")[:WORST]
