"""How good a GPT's answers in conversations are, beside what it has to beat."""

import math

import numpy as np

from minillm.errors import InputError
from minillm.finetuning.chat.data import conversation_batch, tokenize_conversations
from minillm.finetuning.chat.examples import Conversations, Turn, turns_of
from minillm.finetuning.chat.scores import METRICS, simple_answers
from minillm.finetuning.evaluation import Answered
from minillm.generation.chat import replies
from minillm.metrics import Case, ratio
from minillm.metrics.evaluation import Count, count_answers, evaluation_of, worst_places
from minillm.models import GPT, finite_on_host
from minillm.objectives.rows import by_length
from minillm.ops import IGNORE, token_logp
from minillm.text import Tokenizer
from minillm.text.chat import ChatFormat, Conversation

TOGETHER = 16  # answers that are scored at once


def evaluate_conversations(
    model: GPT, tokenizer: Tokenizer, conversations: Conversations, training: Conversations | None = None
) -> Answered:
    """The share of exact answers among greedy ones, their chrF, the nats a token of the file's own answers, and the answers with the
    lowest chrF.

    To be beaten are the commonest answer and that to the nearest question, of the conversations to learn from; without these, the commonest
    answer of the file itself. InputError, with its line, for a conversation that is longer than the context.
    """
    rows = tokenize_conversations(conversations, tokenizer, model.config.context)
    if rows.long:
        raise InputError(
            f"The conversation in line {rows.long[0]:,} has more than the {model.config.context + 1} tokens that the model can judge.",
            "Leave it out, or shorten it.",
        )
    chat, turns = ChatFormat(tokenizer), turns_of(rows.conversations)
    references = [turn.answer for turn in turns]
    longest = max(len(chat.answer(answer)) for answer in references)
    answers = replies(model, tokenizer, chat, [turn.before for turn in turns], longest)
    simple = simple_answers(turns, turns if training is None else turns_of(training))
    if training is None:
        simple = dict([next(iter(simple.items()))])  # the nearest question would be the same one
    losses = answer_losses(model, chat, turns)
    vocab = model.config.vocab_size
    blind = {f"a blind guess, ln {vocab}": np.column_stack([losses[:, 1] * math.log(vocab), losses[:, 1]])}
    counts = [count_answers(metric, answers, references, simple) for metric in METRICS]
    counts.append(Count("nats a token", ratio, losses, blind))
    scores = [METRICS[-1].sentence_score(*each) for each in zip(answers, zip(references), strict=True)]
    worst = [Case(scores[i], turns[i].question, answers[i], references[i], turns[i].line) for i in worst_places(scores)]
    return Answered(answers, evaluation_of("answer", counts, worst))


def answer_losses(model: GPT, chat: ChatFormat, turns: list[Turn]) -> np.ndarray:
    """For each answer the sum of -log p of its tokens and of its end, and how many they are: (N, 2)."""
    rows, found = [], np.zeros((len(turns), 2))
    for turn in turns:
        read, answer = chat.prompt(turn.before), chat.answer(turn.answer)
        written = np.arange(len(read) + len(answer)) >= len(read)
        rows.append(Conversation(np.concatenate([read, answer]), written))
    for chosen in by_length([row.ids for row in rows], TOGETHER):
        inputs, targets = conversation_batch([rows[i] for i in chosen])
        logits, _ = model.forward(inputs)
        logp, _ = token_logp(logits, model.vector.device.xp.asarray(targets))
        found[chosen] = np.column_stack([-finite_on_host(logp, "losses").sum(axis=1), (targets != IGNORE).sum(axis=1)])
    return found
