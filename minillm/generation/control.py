"""Control tokens while generating: whoever generates says what every new segment is to be. Korbak et al. 2023, section 2."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Control:
    """The control token `token` is put in front of every segment. `ends` (V,), boolean: the tokens that end one (`text.segment_ends`).

    A model that was trained with control tokens never learned to write them: they were read, and not scored. Ban them (`Rules.banned`);
    what `Control` puts in comes all the same.
    """

    token: int
    ends: np.ndarray

    def enforced(self, text: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The next tokens (B,) after text (B, T): the control token where a segment has just ended, the ones that were chosen elsewhere."""
        return np.where(self.ends[text[:, -1]], self.token, tokens)

    def prompt(self, ids: np.ndarray) -> np.ndarray:
        """A prompt (T,) with the control token in front of each of its segments. Behind an end that it ends with, `enforced` puts one."""
        first = np.flatnonzero(np.concatenate([[True], self.ends[ids[:-1]]]))
        return np.insert(ids, first, self.token)
