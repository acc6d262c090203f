"""How good an encoder-decoder is on pairs of texts, beside what it has to beat."""

from minillm.finetuning.evaluation import Answered
from minillm.finetuning.pairs.examples import Pairs
from minillm.finetuning.pairs.tasks import TRANSLATE, PairTask, simple_targets
from minillm.generation import translate
from minillm.metrics import Case
from minillm.metrics.evaluation import count_answers, evaluation_of, worst_places
from minillm.models import Model
from minillm.text import Tokenizer
from minillm.text.sentences import is_chinese


def evaluate_pairs(
    model: Model,
    tokenizer: Tokenizer,
    pairs: Pairs,
    task: PairTask = TRANSLATE,
    training: Pairs | None = None,
    **settings,
) -> Answered:
    """How near an encoder-decoder's answers to the sources come to their targets, by the metrics of a task, and the answers that are the
    furthest away.

    To be beaten are a part of the source, and where there are pairs to learn from, the target of the training source that is nearest to
    it. `settings` are those of `translate`.
    """
    answers = translate(model, tokenizer, pairs.sources, **settings)
    simple = simple_targets(task, pairs.sources, training)
    metrics = task.metrics(is_chinese(pairs.targets))
    counts = [count_answers(metric, answers, pairs.targets, simple) for metric in metrics]
    scores = [metrics[0].sentence_score(*each) for each in zip(answers, zip(pairs.targets), strict=True)]
    worst = [
        Case(scores[i], pairs.sources[i], answers[i], pairs.targets[i], pairs.lines[i]) for i in worst_places(scores)
    ]
    return Answered(answers, evaluation_of("pair", counts, worst))
