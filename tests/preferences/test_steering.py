"""A program that steers gets the same answers as the command line: what can't be is refused, alone or together."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, GPTConfig
from minillm.preferences import parse_reward
from minillm.preferences.samples import control_of
from minillm.preferences.steering import Steering, best_of_n
from minillm.text import CharTokenizer
from minillm.text.control_tokens import CONTROL_TOKENS, GOOD

PLAIN = CharTokenizer.train("ab\n")
MODEL = GPT(GPTConfig(5, context=8, layers=1, heads=1, d_model=4))
REWARD = parse_reward("length:3")


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"guidance": -1.0}, "`guidance` must be finite and 0 or more, got -1.0."),
        ({"guidance": float("nan")}, "`guidance` must be finite and 0 or more, got nan."),
        ({"contrast": float("inf"), "bad_expert": MODEL}, "`contrast` must be finite and 0 or more, got inf."),
        ({"reward_weight": -0.5, "reward": REWARD}, "`reward_weight` must be finite and 0 or more, got -0.5."),
        ({"reward_weight": 2.0}, "`reward_weight` needs `reward`."),
        ({"contrast": 1.0}, "`contrast` needs `bad_expert`."),
        ({"good_expert": MODEL}, "`good_expert` needs `bad_expert`."),
        ({"guidance": 2.0}, "The model knows no control tokens."),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_steers_nothing(settings, wrong):
    with pytest.raises(InputError) as error:
        Steering(MODEL, PLAIN, **settings)
    assert error.value.wrong == wrong


@pytest.mark.parametrize(
    ("count", "settings", "wrong"),
    [
        (0, {}, "`best_of` must be at least 1, got 0."),
        (2, {"soft": 0.0}, "`soft` must be finite and above 0, got 0.0."),
        (2, {"reward": None}, "`best_of` needs `reward`."),
    ],
)
def test_texts_that_cannot_be_chosen_from(count, settings, wrong):
    steering = Steering(MODEL, PLAIN, reward=settings.pop("reward", REWARD))
    with pytest.raises(InputError) as error:
        best_of_n(steering, np.array([0]), count, 4, **settings)
    assert error.value.wrong == wrong


def test_one_control_token_alone_is_none():
    assert control_of(CharTokenizer.train("ab\n", (GOOD,))) is None
    assert control_of(CharTokenizer.train("ab\n", CONTROL_TOKENS)) is not None


def test_what_a_call_bans_is_banned_besides_what_the_steering_bans_and_the_vocabulary_lacks():
    a, b = PLAIN.encode("ab")
    steering = Steering(MODEL, PLAIN, reward=REWARD, banned=[a])
    assert best_of_n(steering, PLAIN.encode("b"), 2, 20, banned=[b]).text == "\n" * 20
