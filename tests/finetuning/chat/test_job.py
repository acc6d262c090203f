"""From a program: a pretrained GPT learns to answer from conversations."""

import pytest

from minillm.errors import InputError
from minillm.finetuning import evaluate_conversations, learn_chat
from minillm.finetuning.chat import HeldOutTurns, begin_chat, split_conversations
from minillm.finetuning.chat.examples import Conversations, Turn
from minillm.finetuning.chat.scores import COMMONEST, NEAREST, simple_answers
from minillm.generation.chat import replies
from minillm.models import GPT, EncoderConfig, MaskedLM
from minillm.text import CharTokenizer
from minillm.text.chat import ChatFormat
from tests.conversations import SIZES, conversations, said, tokenizer

KNOWN = tokenizer()
QUICK = {"batch": 8, "lr": 0.02, "workers": 1, "dropout": 0.0, "eval_every": 100}


def gpt(seed: int = 1, **sizes) -> GPT:
    return GPT(vocab_size=KNOWN.vocab_size, **SIZES | sizes, seed=seed)


@pytest.fixture(scope="module")
def learner():
    """One that has learned."""
    learner = begin_chat(split_conversations(conversations(100), 0, "list"), QUICK | {"steps": 120}, (gpt(), KNOWN))
    for _ in learner.trainer.run():
        pass
    return learner


def test_it_learns_to_answer_in_both_turns_and_to_end(learner):
    held_out, model = HeldOutTurns(learner), learner.trainer.model
    answers = held_out.answers(model)
    reached = held_out.scores(answers)
    assert len(answers) == 20 and reached["exact"] > 90 > 2 * held_out.baselines[COMMONEST]["exact"]
    chat = ChatFormat(learner.tokenizer)
    assert replies(model, learner.tokenizer, chat, [said("Ben has the fox. Who? 7")], 9) == ["Ben."]


def test_its_evaluation_is_the_validation_loss_and_the_exact_answers(learner):
    model, rows = learner.trainer.model, learner.parts.held_out
    found = evaluate_conversations(model, learner.tokenizer, rows.conversations, learner.parts.training.conversations)
    measures = {each.name: each.value for each in found.evaluation.measures}
    assert measures["nats a token"] == pytest.approx(learner.trainer.evaluate(), rel=1e-4)
    held_out = HeldOutTurns(learner)
    assert measures["exact"] == held_out.scores(held_out.answers(model))["exact"] and found.evaluation.count == 20
    assert [each.name for each in found.evaluation.baselines] == [
        COMMONEST, NEAREST, COMMONEST, NEAREST, f"a blind guess, ln {KNOWN.vocab_size}",
    ]  # fmt: skip
    alone = evaluate_conversations(model, learner.tokenizer, rows.conversations)
    assert {each.name for each in alone.evaluation.baselines} == {COMMONEST, f"a blind guess, ln {KNOWN.vocab_size}"}


def test_an_evaluation_leaves_no_conversation_out(learner):
    long = Conversations([said("Who?", "Ann."), said("Who? " * 20, "Ann.")], [1, 4])
    with pytest.raises(InputError, match="The conversation in line 4 has more than the 65 tokens"):
        evaluate_conversations(learner.trainer.model, learner.tokenizer, long)


def test_what_needs_no_model():
    learned = [Turn(said(question), answer, 1) for question, answer in (("a b", "x"), ("c d", "y"), ("c e", "y"))]
    asked = [Turn(said("a z"), "x", 1), Turn(said("e"), "x", 2)]
    assert simple_answers(asked, learned) == {COMMONEST: ["y", "y"], NEAREST: ["x", "y"]}


def test_it_leaves_the_pretrained_model_as_it_is_and_all_follows_from_the_seed():
    plain = CharTokenizer(KNOWN.characters)
    pretrained = GPT(vocab_size=plain.vocab_size, **SIZES)
    before = pretrained.vector.data.copy()
    messages = conversations(30).messages
    settings = QUICK | {"steps": 2, "dropout": 0.25, "progress": False}
    (made, known), (again, _) = (learn_chat(messages, pretrained, plain, **settings) for _ in range(2))
    assert (pretrained.vector.data == before).all() and (made.vector.data == again.vector.data).all()
    assert known.vocab_size == made.config.vocab_size == plain.vocab_size + 4 and made.config.dropout == 0.25


def test_room_in_a_padded_vocabulary_is_used():
    plain = CharTokenizer(KNOWN.characters)
    pretrained = GPT(vocab_size=plain.vocab_size + 9, **SIZES)
    learner = begin_chat(split_conversations(conversations(30), 0, "list"), QUICK | {"steps": 1}, (pretrained, plain))
    assert learner.trainer.model.config.vocab_size == plain.vocab_size + 9
    assert (learner.trainer.model.vector.data == pretrained.vector.data).all()


def test_a_special_token_is_in_no_answer_however_likely_it_is():
    """The head reads nothing but the last norm's shift, which points at <|user|>."""
    model, user = gpt(tie_head=False), KNOWN.special_tokens["<|user|>"]
    model.norm.gamma.data[...], model.norm.beta.data[...] = 0.0, 1.0
    model.head.weight.data[...] = 0.0
    model.head.weight.data[:, user], model.head.weight.data[:, KNOWN.encode("A")] = 1.0, 0.5
    assert model.forward(KNOWN.encode("W")[None])[0].argmax() == user
    assert replies(model, KNOWN, ChatFormat(KNOWN), [said("Who?")], 5) == ["AAAAA"]


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"stepz": 3}, "no setting 'stepz'"),
        ({"epochs": 0}, "epochs"),
        ({"seed": -1}, "seed"),
        ({"batch": 10**12, "workers": 1}, "This needs at least"),
    ],
    ids=str,
)
def test_settings_that_no_run_can_have(settings, wrong):
    with pytest.raises(InputError, match=wrong):
        learn_chat(conversations(30).messages, gpt(), KNOWN, progress=False, **settings)


def test_what_cannot_be_learned():
    messages = conversations(30).messages
    masked = MaskedLM(EncoderConfig(KNOWN.vocab_size, context=9, layers=1, heads=1, d_model=4, d_ff=4))
    with pytest.raises(InputError, match="which does not go on with a text"):
        learn_chat(messages, masked, KNOWN)
    messages[4] = said("a")
    with pytest.raises(InputError, match="Conversation 5: the assistant says nothing in it"):
        learn_chat(messages, gpt(), KNOWN)
