"""Models: stacks of layers with a config."""

from minillm.models.config import GPTConfig, flops_per_token, parameter_count
from minillm.models.decoder import GPT, KeyValueCache

__all__ = ["GPT", "GPTConfig", "KeyValueCache", "flops_per_token", "parameter_count"]
