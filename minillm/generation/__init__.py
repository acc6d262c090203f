"""Generation: sampling, beam search, text token by token, and ways to steer it."""

from minillm.generation.answering import AnswerSpan, answer, answer_spans, find_answers
from minillm.generation.attention_maps import AttentionMaps, attention_maps
from minillm.generation.beam_search import Hypothesis, beam_search, gnmt_penalty, power_penalty
from minillm.generation.chat import ChatSession
from minillm.generation.continuation import continuation, stream_continuation
from minillm.generation.control import Control
from minillm.generation.filling import fill, fillings, restored
from minillm.generation.generate import generate, generate_batch
from minillm.generation.guidance import ClassifierFreeGuidance, ExpertContrast
from minillm.generation.phrase_ban import PhraseBan
from minillm.generation.reward_guidance import RewardGuidance, soft_best_of_n
from minillm.generation.sampling import Rules, Sampling, next_token_probabilities, sample
from minillm.generation.scoring import ModelScorer, Scorer
from minillm.generation.speculative import generate_with_draft
from minillm.generation.stopping import end_tokens, until_stop
from minillm.generation.translation import translate
from minillm.generation.writing import begin, encode_prompt, likeliest_text, write

__all__ = [
    "AnswerSpan",
    "AttentionMaps",
    "ChatSession",
    "ClassifierFreeGuidance",
    "Control",
    "ExpertContrast",
    "Hypothesis",
    "ModelScorer",
    "PhraseBan",
    "RewardGuidance",
    "Rules",
    "Sampling",
    "Scorer",
    "answer",
    "answer_spans",
    "attention_maps",
    "beam_search",
    "begin",
    "continuation",
    "encode_prompt",
    "end_tokens",
    "fill",
    "fillings",
    "find_answers",
    "generate",
    "generate_batch",
    "generate_with_draft",
    "gnmt_penalty",
    "likeliest_text",
    "next_token_probabilities",
    "power_penalty",
    "restored",
    "sample",
    "soft_best_of_n",
    "stream_continuation",
    "translate",
    "until_stop",
    "write",
]
