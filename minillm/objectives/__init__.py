"""Objectives: what pretraining minimises."""

from minillm.objectives.causal import causal_lm, causal_lm_backward

__all__ = ["causal_lm", "causal_lm_backward"]
