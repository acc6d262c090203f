"""Generation: sampling, and text token by token."""

from minillm.generation.generate import generate
from minillm.generation.sampling import next_token_probabilities, sample

__all__ = ["generate", "next_token_probabilities", "sample"]
