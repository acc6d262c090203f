"""What pairs of texts are for: translation or summary, what counts as a good one, and what it has to beat."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from minillm.finetuning.nearest import NearestText
from minillm.finetuning.pairs.examples import Pairs
from minillm.metrics import BLEU, ChrF, Metric, Rouge
from minillm.text.sentences import is_chinese, sentences_of


@dataclass(frozen=True)
class PairTask:
    """One use of pairs of texts."""

    name: str
    context: int  # tokens that a side may have, unless said otherwise
    cuts_sources: bool  # whether a longer source loses its end; else its pair is left out
    metrics: Callable[[bool], list[Metric]]  # of targets in Chinese or not; the one that counts most is the first
    simple: str  # the name of a baseline
    answer_simply: Callable[[str], str]  # which makes its answer of a source


def first_sentence(text: str) -> str:
    return sentences_of(text)[0]


def translation_metrics(chinese: bool) -> list[Metric]:
    return [BLEU("zh" if chinese else "13a"), ChrF()]


def summary_metrics(chinese: bool) -> list[Metric]:
    words = "zh" if chinese else "alphanumeric"
    return [Rouge("L", words), Rouge("1", words), Rouge("2", words)]


TRANSLATE = PairTask("translate", 128, False, translation_metrics, "the source as it is", str)
SUMMARISE = PairTask("summarise", 512, True, summary_metrics, "the first sentence", first_sentence)
PAIR_TASKS = {task.name: task for task in (TRANSLATE, SUMMARISE)}


class Scores(NamedTuple):
    """How good answers are, from 0 to 100."""

    values: dict[str, float]  # by the name of the metric, the one that counts most first
    exact: float  # share of the answers that are the target

    @property
    def main(self) -> float:
        return next(iter(self.values.values()))

    def describe(self) -> str:
        return ", ".join(f"{name} {value:.1f}" for name, value in {**self.values, "exact": self.exact}.items())


class Judge:
    """Scores answers to held-out sources, and those of the baselines."""

    def __init__(self, task: PairTask, held_out: Pairs):
        self.task, self.held_out = task, held_out
        self._metrics = task.metrics(is_chinese(held_out.targets))

    def scores(self, answers: Sequence[str]) -> Scores:
        targets = self.held_out.targets
        values = {metric.name: metric.corpus_score(answers, targets) for metric in self._metrics}
        exact = sum(answer == target for answer, target in zip(answers, targets, strict=True))
        return Scores(values, 100 * exact / len(targets))

    def baselines(self, training: Pairs) -> dict[str, Scores]:
        """What needs no model."""
        found = simple_targets(self.task, self.held_out.sources, training)
        return {name: self.scores(answers) for name, answers in found.items()}


def simple_targets(task: PairTask, sources: Sequence[str], training: Pairs | None) -> dict[str, list[str]]:
    """Without a model: a part of the source, or the target of the training source that is nearest to it."""
    answers = {task.simple: [task.answer_simply(source) for source in sources]}
    if training is not None:
        nearest = NearestText(training.sources)
        answers["the nearest pair's target"] = [training.targets[nearest.place(source)] for source in sources]
    return answers
