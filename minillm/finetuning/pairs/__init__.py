"""From pairs of texts to an encoder-decoder that writes the one for the other: it translates, or it summarises."""

from minillm.finetuning.pairs.evaluation import evaluate_pairs
from minillm.finetuning.pairs.examples import Pairs, PairSplit, read_pair_split, read_pairs, split_pairs
from minillm.finetuning.pairs.job import HeldOut, Learner, begin_pairs, learn_pairs, resume_pairs
from minillm.finetuning.pairs.model import OF_MODEL
from minillm.finetuning.pairs.record import PAIRS, PairChoices
from minillm.finetuning.pairs.tasks import PAIR_TASKS, SUMMARISE, TRANSLATE

__all__ = [
    "OF_MODEL",
    "PAIRS",
    "PAIR_TASKS",
    "SUMMARISE",
    "TRANSLATE",
    "HeldOut",
    "Learner",
    "PairChoices",
    "PairSplit",
    "Pairs",
    "begin_pairs",
    "evaluate_pairs",
    "learn_pairs",
    "read_pair_split",
    "read_pairs",
    "resume_pairs",
    "split_pairs",
]
