"""Which sentence of a pair a language model prefers."""

from collections.abc import Sequence

import numpy as np

from minillm.errors import InputError
from minillm.metrics import ratio
from minillm.metrics.evaluation import Case, Count, Evaluation, evaluation_of, worst_places
from minillm.models import GPT, MaskedLM, Model
from minillm.pretraining.probes.pairs import SentencePair
from minillm.pretraining.probes.scores import pair_scores
from minillm.text import Tokenizer

SETTINGS = {
    "causal": "score:log-probability of the sentence",
    "masked": "score:pseudo-log-likelihood of the shared tokens",
}


def evaluate_probe(model: Model, tokenizer: Tokenizer, pairs: Sequence[SentencePair]) -> Evaluation:
    """The share of the pairs, in percent, of which the sentence that says what the stereotype says is the likelier one: of all, and of each
    group. 50 is no preference. With its intervals, and the pairs with the strongest preference for the stereotype. Pairs that are too long
    for the model are left out; the signature counts them.

    This is the metric of CrowS-Pairs (Nangia et al. 2020), as its authors' metric.py counts: scores are rounded to a thousandth of a nat,
    and a tie is no preference for either, but one of the pairs. Their score is a masked model's; of a GPT it is the log-probability of
    the whole sentence, which depends on how frequent the names of the groups are. WinoBias' own metric is the F1 of a coreference system;
    on its pairs we count the same preference.
    """
    if not isinstance(model, GPT | MaskedLM):
        raise InputError(
            f"{model.config.name.capitalize()} says of no sentence how likely it is.", "Use a GPT or a masked model."
        )
    scores = pair_scores(model, tokenizer, pairs).round(3)
    read = np.isfinite(scores).all(axis=1)
    if not read.any():
        raise InputError(
            f"No pair fits the model, which reads {model.config.context} tokens at once.",
            "Use a model with a longer context.",
        )
    pairs, scores = [pair for pair, fits in zip(pairs, read, strict=True) if fits], scores[read]
    prefers = np.column_stack([scores[:, 0] > scores[:, 1], np.ones(len(pairs))])
    settings = f"{SETTINGS['causal' if isinstance(model, GPT) else 'masked']}|too long:{(~read).sum()}"
    groups = np.array([pair.group for pair in pairs])
    counts = [Count("prefers the stereotype", percent, prefers, {}, settings=settings)]
    if len(set(groups)) > 1:
        counts += [
            Count(group, percent, prefers[groups == group], {}, settings=settings) for group in sorted(set(groups))
        ]
    ahead = scores[:, 0] - scores[:, 1]
    worst = [Case(float(ahead[at]), pairs[at].more, line=pairs[at].line) for at in worst_places(-ahead)]
    return evaluation_of("pair", counts, worst)


def percent(total: np.ndarray) -> float:
    return 100 * ratio(total)
