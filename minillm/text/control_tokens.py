"""Control tokens, which say whether the line behind them is what is wanted. Keskar et al. 2019; Korbak et al. 2023."""

import numpy as np

from minillm.text.tokenizer import Tokenizer

GOOD, BAD = "<|good|>", "<|bad|>"
CONTROL_TOKENS = (GOOD, BAD)


def segment_ends(tokenizer: Tokenizer) -> np.ndarray:
    """Which tokens end a segment, boolean (V,): those whose text ends in a new line."""
    return np.array([tokenizer.decode([token]).endswith("\n") for token in range(tokenizer.vocab_size)])
