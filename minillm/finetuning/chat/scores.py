"""How good the answers in conversations are, and what they have to beat."""

from collections import Counter
from collections.abc import Sequence

from minillm.finetuning.chat.examples import Turn
from minillm.finetuning.nearest import NearestText
from minillm.metrics import Accuracy, ChrF, Metric

COMMONEST, NEAREST = "the commonest answer", "the answer to the nearest question"


class ExactAnswers(Accuracy):
    """The share of answers that are the one in the file, character by character, in percent."""

    name = "exact"


METRICS: tuple[Metric, ...] = (ExactAnswers(), ChrF())


def answer_scores(answers: Sequence[str], turns: Sequence[Turn]) -> dict[str, float]:
    """By the name of the metric, from 0 to 100."""
    references = [turn.answer for turn in turns]
    return {metric.name: metric.corpus_score(answers, references) for metric in METRICS}


def simple_answers(asked: Sequence[Turn], learned: Sequence[Turn]) -> dict[str, list[str]]:
    """What needs no model: the commonest of the answers to learn from, and that to the question that is nearest by its words."""
    commonest, _ = Counter(turn.answer for turn in learned).most_common(1)[0]
    nearest = NearestText([turn.question for turn in learned])
    return {
        COMMONEST: [commonest] * len(asked),
        NEAREST: [learned[nearest.place(turn.question)].answer for turn in asked],
    }
