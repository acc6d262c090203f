"""Memory is asked for before it is taken: what is asked for is less than what is then taken, and not much less."""

import tracemalloc

import numpy as np
import pytest

from minillm.alignment import PairData, prompts_from, tokenize_pairs
from minillm.alignment.job import trainer_on_pairs, trainer_on_rewards
from minillm.alignment.memory import check_memory_for_answers, check_memory_for_pairs
from minillm.alignment.methods import METHODS
from minillm.alignment.pairs import Pair
from minillm.errors import InputError
from minillm.preferences import Reward
from minillm.training import TrainOptions
from minillm.training import memory as memory_module
from tests.alignment.conftest import make_gpt

SIZES = {"vocab_size": 400, "context": 32, "layers": 2, "heads": 2, "d_model": 16}


@pytest.fixture
def asked(monkeypatch):
    """What was asked for, in bytes: everything, the model, the batch ..."""
    needs = []
    monkeypatch.setattr(
        "minillm.alignment.memory.check_needs", lambda *found: needs.extend(need.size for need in found)
    )
    return needs


def peak(work) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("method", ["dpo", "kto", "reward"])
@pytest.mark.parametrize("batch", [4, 40])
def test_pairs(method, batch, asked, tokenizer):
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("abcdefghij"), 12)) for _ in range(180)]
    pairs = tokenize_pairs([Pair(*texts[i : i + 3]) for i in range(0, 180, 3)], tokenizer, 32)
    options = TrainOptions(batch=batch, steps=1, eval_every=1)

    def work():
        base = make_gpt(np.float32, **SIZES)
        parts = pairs.part(np.arange(54)), pairs.part(np.arange(54, 60))
        trainer = trainer_on_pairs(method, base, *parts, options, METHODS[method].own)
        if isinstance(trainer.data, PairData):
            trainer.data.ask_reference(base, batch)
        list(trainer.run())

    taken = peak(work)
    assert sum(asked) < taken < 3 * sum(asked)


@pytest.mark.parametrize(("method", "updates", "batch"), [("reinforce", 1, 8), ("grpo", 2, 160), ("ppo", 1, 160)])
def test_answers_of_its_own(method, updates, batch, asked, tokenizer):
    prompts = prompts_from("abc\ndefg\nh\nij\n" * 20, tokenizer, 4)
    options = TrainOptions(batch=batch, steps=1, eval_every=1)
    settings = METHODS[method].own | {"answer_tokens": 12, "updates": updates}
    reward = Reward("none", lambda texts: [0.0] * len(texts))

    def work():
        base = make_gpt(np.float32, **SIZES)
        list(trainer_on_rewards(method, base, tokenizer, prompts, reward, options, settings).run())

    taken = peak(work)
    assert sum(asked) < taken < 3 * sum(asked)


def test_the_longest_prompt_and_the_longest_answer_are_not_of_one_pair(asked, tokenizer):
    config, options = make_gpt(**SIZES).config, TrainOptions(batch=4)
    long, short = "abcdefghij", "a"
    together = tokenize_pairs([Pair(long, short, "b"), Pair(short, long, "b")], tokenizer, 32)
    check_memory_for_pairs(config, options, [together], 2)
    check_memory_for_pairs(config, options, [together.part(np.array([0, 0]))], 2)
    assert asked[:3] == asked[3:]


def test_what_is_too_much_and_what_makes_it_less(monkeypatch, pairs):
    config, options = make_gpt().config, TrainOptions(batch=16)
    monkeypatch.setattr(memory_module, "physical_memory", lambda: 10**9)
    check_memory_for_pairs(config, options, [pairs], 2)
    check_memory_for_answers(config, options, 12, 4)
    huge = TrainOptions(batch=10**9)
    with pytest.raises(
        InputError, match=r"at least 0\.0 GB for the model and .* GB for a batch .* has 1\.0 GB"
    ) as caught:
        check_memory_for_pairs(config, huge, [pairs], 2)
    assert caught.value.remedy == "Make the batch smaller: `batch`."
    with pytest.raises(InputError, match=r"for the model and its reference and .* GB for a batch") as caught:
        check_memory_for_answers(config, huge, 12, 1)
    assert caught.value.remedy == "Make the batch smaller: `batch`, `answer_tokens`."
    monkeypatch.setattr(memory_module, "physical_memory", lambda: 10**4)
    for check, *given in ((check_memory_for_pairs, [pairs], 2), (check_memory_for_answers, 1, 1)):
        with pytest.raises(InputError) as caught:
            check(make_gpt(d_model=200, heads=2).config, TrainOptions(batch=1), *given)
        assert caught.value.remedy == "Begin with a smaller model."
    monkeypatch.setattr(memory_module, "physical_memory", lambda: None)
    check_memory_for_pairs(config, huge, [pairs], 2)  # a machine that can't tell
