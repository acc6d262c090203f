"""Probes: pairs of sentences that differ in whom they speak of, and which of the two a language model takes for likelier.

The sentences are the authors'; a user downloads them. Each reader gives the same pairs, and `evaluate_probe` judges any model on them.
"""

from minillm.pretraining.probes.crows_pairs import read_crows_pairs
from minillm.pretraining.probes.evaluation import evaluate_probe
from minillm.pretraining.probes.pairs import SentencePair
from minillm.pretraining.probes.winobias import read_winobias

PROBES = {"crows-pairs": read_crows_pairs, "winobias": read_winobias}

__all__ = ["PROBES", "SentencePair", "evaluate_probe", "read_crows_pairs", "read_winobias"]
