"""Measures of what a model answers, against what people wrote: BLEU, chrF, ROUGE, exact match and F1, with intervals of 95 %.

    measure(BLEU(), ["the cat sat"], ["the cat sat down"])  # Measured(name='BLEU', value=71.65..., low=..., high=..., signature=...)

A metric counts for each answer a few numbers that add up over a corpus (`statistics`), and makes its score of their sum (`score`). So a
bootstrap only adds up, and counts nothing twice. Every number equals that of the package that papers use; each metric names its own.
"""

from minillm.metrics.bleu import BLEU
from minillm.metrics.bootstrap import Comparison, interval, paired_bootstrap, resampled_scores
from minillm.metrics.chrf import ChrF
from minillm.metrics.classification import Accuracy, MacroF1
from minillm.metrics.evaluation import Baseline, Case, Evaluation
from minillm.metrics.metric import Mean, Measured, Metric, measure, ratio
from minillm.metrics.rouge import Overlap, Rouge
from minillm.metrics.squad import AnswerF1, ExactMatch

__all__ = [
    "BLEU",
    "Accuracy",
    "AnswerF1",
    "Baseline",
    "Case",
    "ChrF",
    "Comparison",
    "Evaluation",
    "ExactMatch",
    "MacroF1",
    "Mean",
    "Measured",
    "Metric",
    "Overlap",
    "Rouge",
    "interval",
    "measure",
    "paired_bootstrap",
    "ratio",
    "resampled_scores",
]
