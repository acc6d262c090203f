"""Preferences after pretraining: from pairs of answers (a reward model, DPO and its kin), or from rewards of a model's own answers."""

from minillm.alignment.job import align
from minillm.alignment.offline import PairBatch, PairData, Report, evaluate_pairs, offline_objective
from minillm.alignment.pairs import Pair, TokenPairs, hold_out, read_pairs, tokenize_pairs
from minillm.alignment.policy_data import PolicyBatch, PolicyData
from minillm.alignment.policy_trainer import PolicyReport, PolicyTrainer, evaluate_policy
from minillm.alignment.reference import Reference, reference_of_pairs, reference_of_weights
from minillm.alignment.reward_model import (
    REWARD_MODEL,
    RewardBatch,
    RewardData,
    load_reward,
    load_reward_model,
    new_reward_model,
    reward_accuracy,
    reward_from_model,
    score_texts,
)
from minillm.alignment.rollout import Rollout, prompts_from, roll_out
from minillm.alignment.run import AlignmentRun

__all__ = [
    "REWARD_MODEL",
    "AlignmentRun",
    "Pair",
    "PairBatch",
    "PairData",
    "PolicyBatch",
    "PolicyData",
    "PolicyReport",
    "PolicyTrainer",
    "Reference",
    "Report",
    "RewardBatch",
    "RewardData",
    "Rollout",
    "TokenPairs",
    "align",
    "evaluate_pairs",
    "evaluate_policy",
    "hold_out",
    "load_reward",
    "load_reward_model",
    "new_reward_model",
    "offline_objective",
    "prompts_from",
    "read_pairs",
    "reference_of_pairs",
    "reference_of_weights",
    "reward_accuracy",
    "reward_from_model",
    "roll_out",
    "score_texts",
    "tokenize_pairs",
]
