"""A conversation with a model, turn by turn."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation.chat import ChatSession, check_chats, rules_of
from minillm.models import GPT, EncoderConfig, MaskedLM
from minillm.text.chat import ChatFormat
from tests.conversations import SIZES, said, tokenizer

KNOWN = tokenizer()


def session(weights: int = 2, **settings) -> ChatSession:
    return ChatSession(GPT(vocab_size=KNOWN.vocab_size, **SIZES, seed=weights), KNOWN, ChatFormat(KNOWN), **settings)


def talked(chat: ChatSession, *messages: str) -> list[str]:
    return ["".join(chat.answer(message)) for message in messages]


def test_what_is_said_is_remembered_until_it_is_reset():
    chat = session(max_tokens=4, system="has")
    first, second = talked(chat, "Who?", " the key \n")
    assert chat.messages == said("Who?", first.strip(), "the key", second.strip(), system="has")
    chat.reset()
    assert chat.messages == said(system="has") and talked(chat, "Who?") == [first]


def test_the_model_reads_what_was_said_before():
    """The second answer depends on the first question: greedily, and by nothing but what is read."""
    prompts = []
    for first in ("Who?", "key"):
        chat = session(max_tokens=3, temperature=0)
        talked(chat, first)
        prompts.append(chat._fitting([*chat.messages, *said("map")]).prompt)
        assert prompts[-1].tolist() == ChatFormat(KNOWN).prompt([*chat.messages, *said("map")]).tolist()
    assert not np.array_equal(*prompts)


def test_a_conversation_longer_than_the_context_loses_its_oldest_exchanges():
    """64 tokens, of which 16 are kept for an answer; the system's message stays."""
    chat = session(max_tokens=30, system="has")
    chat.messages += said("Who " * 3, "Ann.", "key " * 3, "Ben.")
    fitted = chat._fitting([*chat.messages, *said("map")])
    text = KNOWN.decode(fitted.prompt)
    assert fitted.left_out == 2 and text.startswith("<|system|>has<|end|><|user|>key ") and len(fitted.prompt) <= 49
    talked(chat, "map")
    assert chat.left_out == 2 and len(chat.messages) == 7, "nothing is lost of what is saved"
    chat.reset()
    assert chat.left_out == 0


def test_an_answer_ends_where_the_context_does():
    """Its last token need not be read: 65 tokens in all."""
    chat = session(max_tokens=500)
    chat.settings["banned"] = [*chat.settings["banned"], *chat.chat.ends]
    (answer,) = talked(chat, "Who?")
    assert len(KNOWN.encode(answer)) == 65 - len(ChatFormat(KNOWN).prompt(said("Who?")))


def test_an_answer_may_hold_its_end_and_no_other_special_token_nor_padding_of_the_vocabulary():
    """A vocabulary is padded to a round number of rows: nothing can be decoded from the others."""
    chat, size = ChatFormat(KNOWN), KNOWN.vocab_size
    rules = rules_of(GPT(vocab_size=size + 2, **SIZES), KNOWN, chat)
    others = {*KNOWN.special_tokens.values()} - {*chat.ends}
    assert rules["eos"] == [KNOWN.special_tokens["<|end|>"]]
    assert others and sorted(rules["banned"]) == sorted([*others, size, size + 1])


def test_a_message_that_is_too_long_is_refused_and_not_remembered():
    chat = session(max_tokens=30)
    talked(chat, "Who?")
    before = list(chat.messages)
    with pytest.raises(
        InputError, match=r"The message, .* is too long: it has 86 tokens, and the model reads 64 at once"
    ):
        chat.answer("Who? " * 16 + "key")
    for text, wrong in ((" ", "is empty"), (" \u732b ", "has no character that the model's tokenizer knows")):
        with pytest.raises(InputError, match=f"The message {wrong}"):
            chat.answer(text)
    assert chat.messages == before


def test_a_message_of_the_system_is_judged_before_anybody_says_a_word():
    """64 tokens, of which 16 are kept for an answer, whose last need not be read."""
    for text, wrong in ((" ", "is empty"), ("\u732b", "has no character"), ("a" * 50, "is too long: it has 50 tokens")):
        with pytest.raises(InputError, match=f"The system's message {wrong}"):
            session(system=text)
    assert session(system="a" * 49).messages
    assert session(system="has \u732b key ").messages == said(system="has  key")


def test_a_stopped_answer_is_kept_as_far_as_it_came():
    chat = session(max_tokens=20)
    pieces = chat.answer("Who?")
    came = next(pieces) + next(pieces) + next(pieces)
    pieces.close()
    assert chat.messages == said("Who?", came.strip())


def test_the_same_seed_gives_the_same_answers():
    assert talked(session(max_tokens=9, seed=4), "Who?") == talked(session(max_tokens=9, seed=4), "Who?")


def test_a_model_that_writes_nothing():
    masked = MaskedLM(EncoderConfig(9, context=9, layers=1, heads=1, d_model=4, d_ff=4))
    with pytest.raises(InputError, match="Use a GPT"):
        check_chats(masked)
