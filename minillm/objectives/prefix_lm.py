"""Prefix language modelling: read the beginning of a text in both directions, and write the rest."""

import numpy as np

from minillm.objectives.rows import Rows, Texts
from minillm.objectives.sequence_to_sequence import SequenceToSequenceData


class PrefixData(SequenceToSequenceData):
    """Batches for `sequence_to_sequence`: the beginning of each piece as source, the rest as target.

    Where it is cut is drawn anew, from 1 to its length - 1. Raffel et al. 2020, section 3.3.1, and their `random_prefix_noise_mask`.
    """

    def corrupt(self, rng: np.random.Generator, texts: Texts) -> tuple[Rows, Rows]:
        cut = rng.integers(1, texts.lengths())
        prefix = np.arange(texts.ids.shape[1]) < cut[:, None]
        return Rows.select(texts.ids, prefix), Rows.select(texts.ids, texts.real & ~prefix)
