"""From conversations to a pretrained GPT that answers in them."""

from collections.abc import Sequence
from typing import NamedTuple

from minillm.errors import InputError, check_known
from minillm.finetuning.chat.data import ConversationData, ConversationParts, tokenize_conversation_split
from minillm.finetuning.chat.examples import (
    Conversations,
    ConversationSplit,
    check_conversation,
    split_conversations,
    turns_of,
)
from minillm.finetuning.chat.scores import answer_scores, simple_answers
from minillm.finetuning.defaults import completed
from minillm.finetuning.held_out import scored_places
from minillm.generation.chat import check_chats, replies
from minillm.models import GPT, Model
from minillm.models.vocabulary import with_vocabulary
from minillm.objectives import CAUSAL
from minillm.text import Tokenizer
from minillm.text.chat import ChatFormat, Message, with_chat_tokens
from minillm.training import Trainer, TrainOptions, check_memory, default_workers
from minillm.training.train import run_to_end

DEFAULTS = {"epochs": 4, "batch": 32, "lr": 1e-3, "dropout": 0.1}
SETTINGS = ("epochs", "dropout", *TrainOptions.names())


class ChatLearner(NamedTuple):
    """What learns from conversations, and all that belongs to it."""

    trainer: Trainer
    tokenizer: Tokenizer
    parts: ConversationParts


def begin_chat(split: ConversationSplit, named: dict, pretrained: tuple[Model, Tokenizer]) -> ChatLearner:
    """A copy of a pretrained GPT before its first step, which knows the special tokens of conversations.

    The settings are among what is `named`; InputError for one that can't be, and if it all needs more memory than there is.
    """
    model, tokenizer = pretrained
    check_chats(model)
    tokenizer = with_chat_tokens(tokenizer)
    parts = tokenize_conversation_split(split, tokenizer, model.config.context)
    settings = completed(DEFAULTS, model.config, named | {"texts": len(parts.training.rows)})
    settings.setdefault("workers", default_workers(settings["batch"], model.vector.device))
    options = TrainOptions.from_settings(settings)
    vocab_size = max(model.config.vocab_size, tokenizer.vocab_size)
    learns = with_vocabulary(model, vocab_size, dropout=settings["dropout"])
    return chat_learner(learns, tokenizer, parts, options)


def resume_chat(model: GPT, tokenizer: Tokenizer, split: ConversationSplit, options: TrainOptions) -> ChatLearner:
    """The same again, with a model whose weights are still to be loaded."""
    parts = tokenize_conversation_split(split, tokenizer, model.config.context)
    return chat_learner(model, tokenizer, parts, options)


def chat_learner(model: GPT, tokenizer: Tokenizer, parts: ConversationParts, options: TrainOptions) -> ChatLearner:
    check_memory(model.config, options, parts.longest())
    return ChatLearner(Trainer(model, ConversationData(*parts), options, CAUSAL), tokenizer, parts)


class HeldOutTurns:
    """Some of the held-out answers, spread over all of them, what a model writes in their place, and how good that is."""

    def __init__(self, learner: ChatLearner):
        learned, held_out = (turns_of(part.conversations) for part in learner.parts)
        self.turns = [held_out[i] for i in scored_places(len(held_out))]
        self._tokenizer, self._chat = learner.tokenizer, ChatFormat(learner.tokenizer)
        self._longest = max(len(self._chat.answer(turn.answer)) for turn in learned)
        simple = simple_answers(self.turns, learned)
        self.baselines = {name: self.scores(answers) for name, answers in simple.items()}

    def answers(self, model: GPT) -> list[str]:
        """Greedily, and no longer than any answer to learn from: a model that has not learned to end would go on."""
        return replies(model, self._tokenizer, self._chat, [turn.before for turn in self.turns], self._longest)

    def scores(self, answers: Sequence[str]) -> dict[str, float]:
        return answer_scores(answers, self.turns)


def learn_chat(
    conversations: Sequence[Sequence[Message]], model: Model, tokenizer: Tokenizer, *, progress: bool = True, **settings
) -> tuple[GPT, Tokenizer]:
    """A copy of a pretrained GPT that answers in conversations, with the weights of its lowest validation loss, and its tokenizer.

    A conversation is a list of messages, each {"role": "system", "user" or "assistant", "content": what is said}. A tenth of them is held
    out to validate on. `settings` are epochs, dropout, and the fields of `TrainOptions`.
    """
    check_known(settings, SETTINGS)
    for number, messages in enumerate(conversations, start=1):
        try:
            check_conversation(messages)
        except ValueError as error:
            raise InputError(f"Conversation {number:,}: {error}.", "Give lists of messages.") from None
    seed = TrainOptions(seed=settings.get("seed", 0)).seed  # InputError for one that is none
    found = Conversations(list(map(list, conversations)), [*range(1, 1 + len(conversations))])
    learner = begin_chat(split_conversations(found, seed, "the list"), settings, (model, tokenizer))
    run_to_end(learner.trainer, best=True, progress=progress)
    return learner.trainer.model, learner.tokenizer
