"""Generation: sampling, beam search, text token by token, and ways to steer it."""

from minillm.generation.beam_search import Hypothesis, beam_search, gnmt_penalty, power_penalty
from minillm.generation.control import Control
from minillm.generation.generate import generate, generate_batch
from minillm.generation.guidance import ClassifierFreeGuidance, ExpertContrast
from minillm.generation.phrase_ban import PhraseBan
from minillm.generation.reading import Reading, Scorer
from minillm.generation.reward_guidance import RewardGuidance, soft_best_of_n
from minillm.generation.sampling import Rules, Sampling, next_token_probabilities, sample
from minillm.generation.stopping import until_stop

__all__ = [
    "ClassifierFreeGuidance",
    "Control",
    "ExpertContrast",
    "Hypothesis",
    "PhraseBan",
    "Reading",
    "RewardGuidance",
    "Rules",
    "Sampling",
    "Scorer",
    "beam_search",
    "generate",
    "generate_batch",
    "gnmt_penalty",
    "next_token_probabilities",
    "power_penalty",
    "sample",
    "soft_best_of_n",
    "until_stop",
]
