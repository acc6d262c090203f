import itertools

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import generate, next_token_probabilities

PROMPT = np.array([3, 1, 4, 1, 5])


def greedy_without_cache(model, prompt, tokens):
    """What `generate` promises, read anew at every step: the window grows to the context, then starts again from its newer half."""
    context, text = model.config.context, list(prompt)
    start = max(0, len(text) - context)
    for _ in range(tokens):
        if len(text) - start > context:
            start = len(text) - max(context // 2, 1)
        logits, _ = model.forward(np.array([text[start:]]))
        text.append(int(logits[0, -1].argmax()))
    return text[len(prompt) :]


@pytest.mark.parametrize("length", [1, 5, 15, 16, 17, 40])
def test_greedy_is_the_argmax_of_the_whole_forward_at_every_step(model, length):
    """Within the context, over its edge, twice over it, and from prompts longer than it."""
    prompt = np.random.default_rng(length).integers(13, size=length)
    written = list(generate(model, prompt, 40, temperature=0))
    assert written == greedy_without_cache(model, prompt, 40)
    assert len(set(written)) > 1, "or this test shows nothing"


@pytest.mark.parametrize("context", [1, 2, 3])
def test_also_with_the_smallest_contexts(make_model, context):
    model = make_model(context=context)
    assert list(generate(model, PROMPT, 9, temperature=0)) == greedy_without_cache(model, PROMPT, 9)


def test_sampling_draws_from_what_the_forward_pass_says(model):
    """The first token, from many seeds, against the probabilities of the last place of the prompt."""
    p = next_token_probabilities(model.forward(PROMPT[None])[0][0, -1], 1.5)
    n = 2000
    counts = np.bincount(
        [*itertools.chain.from_iterable(generate(model, PROMPT, 1, temperature=1.5, seed=s) for s in range(n))],
        minlength=13,
    )
    likely = p * n > 5
    chi2 = ((counts - n * p)[likely] ** 2 / (n * p[likely])).sum()
    assert likely.sum() >= 3 and chi2 < 33, "12 degrees of freedom or less: 1 in 1000 exceeds 33"


def test_the_seed_decides(model):
    one, same, other = (list(generate(model, PROMPT, 30, temperature=2.0, seed=seed)) for seed in (1, 1, 2))
    assert one == same != other


def test_top_1_and_a_temperature_near_zero_are_greedy(model):
    greedy = list(generate(model, PROMPT, 30, temperature=0))
    for settings in ({"top_k": 1}, {"temperature": 1e-9}, {"top_p": 1e-9}):
        assert list(generate(model, PROMPT, 30, seed=3, **settings)) == greedy


@pytest.mark.parametrize("count", [0, 1, 11, 12, 50])
def test_the_number_of_tokens_is_exact(model, count):
    assert len(list(generate(model, PROMPT, count))) == count


def test_tokens_come_one_by_one(model, monkeypatch):
    """Each as soon as it is chosen: the model must not be asked for the next before."""
    asked = []
    extend = type(model).extend
    monkeypatch.setattr(type(model), "extend", lambda *args: (asked.append(1), extend(*args))[1])
    tokens = generate(model, PROMPT, 5)
    for number in range(1, 6):
        next(tokens)
        assert len(asked) == number


def test_a_cached_token_costs_one_token_of_work(model, monkeypatch):
    lengths = []
    extend = type(model).extend
    monkeypatch.setattr(
        type(model), "extend", lambda m, ids, cache: (lengths.append(ids.shape[1]), extend(m, ids, cache))[1]
    )
    list(generate(model, PROMPT, 14))
    assert lengths == [5] + [1] * 11 + [8, 1]


def test_what_cannot_be_continued(model):
    with pytest.raises(ValueError, match="at least one token"):
        next(generate(model, np.array([], int), 3))
    with pytest.raises(InputError, match="temperature"):
        next(generate(model, PROMPT, 3, temperature=-1))
    with pytest.raises(ValueError, match="token id 13"):
        next(generate(model, np.array([13]), 3))


def test_scores_that_are_not_finite_are_told_of(make_model):
    model = make_model()
    model.vector.data[0] = np.nan
    with pytest.raises(InputError, match="not finite"):
        list(generate(model, np.array([0]), 3))
