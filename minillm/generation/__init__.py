"""Generation: sampling, beam search, and text token by token."""

from minillm.generation.beam_search import Hypothesis, beam_search, gnmt_penalty, power_penalty
from minillm.generation.generate import generate, generate_batch
from minillm.generation.sampling import Rules, Sampling, next_token_probabilities, sample
from minillm.generation.stopping import until_stop

__all__ = [
    "Hypothesis",
    "Rules",
    "Sampling",
    "beam_search",
    "generate",
    "generate_batch",
    "gnmt_penalty",
    "next_token_probabilities",
    "power_penalty",
    "sample",
    "until_stop",
]
