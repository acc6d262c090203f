"""From conversations to batches: only what an assistant wrote is scored."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning.chat import ConversationData, Conversations, conversation_batch
from minillm.finetuning.chat.data import tokenize_conversations
from minillm.models import GPT
from minillm.objectives import causal_lm, loss_backward
from minillm.ops import IGNORE, cross_entropy_backward
from minillm.text.chat import ChatFormat
from tests.conversations import SIZES, conversations, said, tokenizer

KNOWN = tokenizer()
CHAT = ChatFormat(KNOWN)


def batch_of(number: int = 3):
    rows = tokenize_conversations(conversations(number), KNOWN, 64)
    return rows, conversation_batch(rows.rows)


def test_a_target_is_the_token_after_its_input_where_the_assistant_wrote_it():
    rows, batch = batch_of()
    for row, inputs, targets in zip(rows.rows, *batch, strict=True):
        length = len(row.ids) - 1
        scored = targets[:length] != IGNORE
        assert (inputs[:length] == row.ids[:-1]).all() and (scored == row.written[1:]).all()
        assert (targets[:length][scored] == row.ids[1:][scored]).all() and (targets[length:] == IGNORE).all()
    answers = [targets[targets != IGNORE] for targets in batch.targets]
    wanted = ["".join(m["content"] + "<|end|>" for m in messages[1::2]) for messages in rows.conversations.messages]
    assert [KNOWN.decode(ids) for ids in answers] == wanted and rows.scored() == sum(map(len, answers))


def test_what_the_assistant_did_not_write_has_no_gradient():
    """Exactly zero, at the logits; and the loss does not depend on the question's own tokens as targets."""
    _, batch = batch_of()
    model = GPT(vocab_size=KNOWN.vocab_size, **SIZES)
    loss, saved = causal_lm(model, *batch)
    dlogits = cross_entropy_backward(1.0, saved.loss)
    silent = batch.targets == IGNORE
    assert silent.any() and (dlogits[silent] == 0).all() and (dlogits[~silent] != 0).any(axis=-1).all()
    loss_backward(model, 1.0, saved)
    assert np.isfinite(loss) and (model.vector.grad != 0).any()


def test_a_conversation_that_fills_the_context_is_kept_and_a_longer_one_told_by_its_line():
    some = Conversations(
        [said("Who?", "Ann."), said("Who? " * 9, "Ben."), said("Who? " * 9 + "Who", "Dan.")], [1, 3, 8]
    )
    longest = len(CHAT.conversation(some.messages[1]).ids) - 1
    rows = tokenize_conversations(some, KNOWN, longest)
    assert rows.long == [8] and rows.longest() == longest and rows.conversations.lines == [1, 3]
    assert list(rows.left_out(longest)) == [
        f"1 conversation of more than {longest + 1} tokens left out, the first in line 8"
    ]
    with pytest.raises(InputError, match=r"of 3, 0 have a message .* nothing of, and 3 more than 5 tokens"):
        tokenize_conversations(some, KNOWN, 4)


def test_characters_that_the_tokenizer_does_not_know_are_left_out_and_told():
    rows = tokenize_conversations(Conversations([said("Who\u732b?", "Ann\u732b.")], [1]), KNOWN, 64)
    assert rows.conversations.messages == [said("Who?", "Ann.")]
    assert list(rows.left_out(64)) == ["2 characters that the model's tokenizer does not know left out"]


@pytest.mark.parametrize("said_with_nothing", [("Who?", " \u732b\u72d7 "), ("\u732b", "Ann.")])
def test_a_conversation_with_a_message_of_unknown_characters_only_is_left_out_and_told(said_with_nothing):
    """An answer of no token would teach the model to end at once."""
    some = Conversations([said("Who?", "Ann."), said(*said_with_nothing)], [1, 7])
    rows = tokenize_conversations(some, KNOWN, 64)
    assert (rows.unknown, rows.conversations.lines, rows.dropped) == ([7], [1], 0)
    assert list(rows.left_out(64)) == [
        "1 conversation with a message that the model's tokenizer knows nothing of left out, the first in line 7"
    ]
    with pytest.raises(InputError, match="of 1, 1 have a message that the tokenizer knows nothing of") as caught:
        tokenize_conversations(some.chosen([1]), KNOWN, 64)
    assert "characters" in caught.value.remedy


def test_all_conversations_are_drawn_and_all_held_out_ones_validated_the_shortest_first():
    training, held_out = (tokenize_conversations(conversations(n, seed=n), KNOWN, 64) for n in (20, 9))
    data, rng = ConversationData(training, held_out), np.random.default_rng(0)
    seen = {tuple(row[row != 0]) for _ in range(60) for row in data.batch(rng, 4).inputs}
    assert len(seen) == 20
    batches = list(data.validation_batches(4))
    lengths = [int((targets != IGNORE).nonzero()[0].max()) for batch in batches for targets in batch.targets]
    assert lengths == sorted(len(row.ids) - 2 for row in held_out.rows) and len(batches) == 3
