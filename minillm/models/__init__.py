"""Models: stacks of layers with a config."""

from minillm.models.config import GPTConfig, flops_per_token, parameter_count
from minillm.models.decoder import GPT, KeyValueCache
from minillm.models.model import Model, check_ids

__all__ = ["GPT", "GPTConfig", "KeyValueCache", "Model", "check_ids", "flops_per_token", "parameter_count"]
