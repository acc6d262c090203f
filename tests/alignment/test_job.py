"""A program that aligns gets the same answers as the command line: what can't be is refused, with the names of the parameters."""

import numpy as np
import pytest

from minillm.alignment import align
from minillm.alignment.record import Choices
from minillm.errors import InputError
from minillm.text import CharTokenizer
from minillm.training import save
from tests.alignment.conftest import make_gpt

TOKENIZER = CharTokenizer.train("abcdefghij\n")
PAIRS = [("a", "b", "c")] * 20


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, "There is nothing to learn from."),
        ({"pairs": PAIRS, "reward": "length:3"}, "`pairs` has the answers, and `reward` scores the model's own."),
        ({"pairs": PAIRS, "method": "grpo"}, "The method grpo learns from a reward."),
        ({"reward": "length:3", "method": "dpo"}, "The method dpo learns from pairs."),
        ({"pairs": PAIRS, "prompts": "a\n"}, "`prompts` means nothing to the method dpo."),
        (
            {"reward": "length:3", "prompts": "abc\n" * 40, "prompt_tokens": 10, "answer_tokens": 10},
            "A prompt of 10 tokens and an answer of 10 are more than the 16 tokens that the model sees at once.",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_teaches_nothing(given, wrong):
    model = make_gpt(vocab_size=TOKENIZER.vocab_size, context=16)
    with pytest.raises(InputError) as error:
        align(model, TOKENIZER, progress=False, **given)
    assert error.value.wrong == wrong


def test_what_a_run_remembers_knows_no_infinity():
    settings = {"group": 8, "answer_tokens": 4, "prompt_tokens": 4, "kl_weight": 0.1, "kl_budget": float("inf")}
    record = Choices.from_settings("reinforce", settings, "folder").to_dict()
    assert record["kl_budget"] is None and record["group"] == 8 and record["objective"] == "alignment"


def test_the_reward_may_be_the_folder_of_a_reward_model(tmp_path):
    model = make_gpt(vocab_size=TOKENIZER.vocab_size, context=16)
    quick = {"steps": 1, "batch": 4, "progress": False}
    judge = align(model, TOKENIZER, PAIRS, method="reward", workers=1, **quick)
    save(tmp_path, judge, TOKENIZER)
    own = {"prompts": "abc\n" * 40, "prompt_tokens": 4, "answer_tokens": 4, "group": 2}
    policy = align(model, TOKENIZER, reward=str(tmp_path), **own, **quick)
    assert not np.array_equal(policy.vector.data, model.vector.data)
