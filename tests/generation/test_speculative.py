"""A draft changes how long a text takes, and nothing of what is written."""

import itertools

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import generate, generate_with_draft, next_token_probabilities
from minillm.models import GPT, GPTConfig

PROMPT = [1, 2, 0]


def gpt(seed: int, vocab_size: int = 4, context: int = 12, scale: float = 0.5, **choices) -> GPT:
    config = GPTConfig(vocab_size, context=context, layers=1, heads=2, d_model=8, tie_head=False, **choices)
    model = GPT(config, seed=seed, dtype=np.float64)
    model.vector.data += scale * np.random.default_rng(seed).standard_normal(model.vector.data.size)
    return model


def chances(model: GPT, tokens: int, **settings) -> dict[tuple[int, ...], float]:
    """The probability of every continuation of the prompt, by reading each of them."""
    found = {}
    for text in itertools.product(range(model.config.vocab_size), repeat=tokens):
        logits, _ = model.forward(np.array([[*PROMPT, *text]]))
        rows = next_token_probabilities(logits[0, len(PROMPT) - 1 : -1], **settings)
        found[text] = float(np.prod([row[token] for row, token in zip(rows, text, strict=True)]))
    return found


@pytest.mark.parametrize("settings", [{}, {"temperature": 1.3, "top_k": 2}], ids=str)
def test_texts_come_as_often_as_the_model_alone_would_write_them(settings):
    model, draft, count = gpt(1, 3), gpt(2, 3), 700
    expected = chances(model, 3, **settings)
    written = [tuple(generate_with_draft(model, draft, PROMPT, 3, ahead=2, seed=s, **settings)) for s in range(count)]
    likely = [text for text, p in expected.items() if p * count > 5]
    chi2 = sum((written.count(text) - count * expected[text]) ** 2 / (count * expected[text]) for text in likely)
    assert len(likely) > 4, "or this test shows nothing"
    assert all(expected[text] > 0 for text in written)
    assert chi2 < len(likely) + 4 * (2 * len(likely)) ** 0.5, "beyond four standard deviations"


@pytest.mark.parametrize("ahead", [1, 4, 20])
@pytest.mark.parametrize("draft", [1, 2, 3])
def test_at_temperature_0_it_is_the_text_of_the_model_also_over_the_edge_of_the_context(draft, ahead):
    """By drafts that are never wrong (the model itself), and by others, with a shorter context."""
    model, other = gpt(1, 13, scale=1.0), gpt(draft, 13, context=12 if draft == 1 else 7, scale=1.0)
    alone = list(generate(model, PROMPT, 40, temperature=0))
    assert list(generate_with_draft(model, other, PROMPT, 40, ahead=ahead, temperature=0)) == alone
    assert len(set(alone)) > 1, "or this test shows nothing"


@pytest.mark.parametrize("length", [11, 12, 13, 40])
@pytest.mark.parametrize("choices", [{"ngram": 3}, {"positions": "rotary"}, {"positions": "alibi"}], ids=str)
def test_also_after_a_prompt_that_fills_the_context_or_is_longer(length, choices):
    """An n-gram embedding looks back at tokens that the cache must have forgotten with what was drafted and not kept."""
    model, draft = gpt(1, 13, scale=1.0, **choices), gpt(2, 13, context=5, scale=1.0)
    prompt = np.random.default_rng(length).integers(13, size=length)
    alone = list(generate(model, prompt, 30, temperature=0))
    assert list(generate_with_draft(model, draft, prompt, 30, temperature=0)) == alone


@pytest.mark.parametrize("seed", [1, 2])
def test_rules_hold_at_every_place(seed):
    model, draft = gpt(1, 13, scale=1.0), gpt(seed, 13, scale=1.0)
    rules = {"no_repeat_ngram": 2, "repetition_penalty": 1.2, "banned": [5], "min_tokens": 6, "eos": [1, 2, 3]}
    alone = list(generate(model, PROMPT, 20, temperature=0, **rules))
    assert list(generate_with_draft(model, draft, PROMPT, 20, temperature=0, **rules)) == alone


def test_what_a_perfect_draft_proposes_is_read_in_one_pass(monkeypatch):
    model, passes = gpt(1, context=30), []
    extend = GPT.extend
    monkeypatch.setattr(GPT, "extend", lambda *args, **more: (passes.append(more), extend(*args, **more))[1])
    assert len(list(generate_with_draft(model, gpt(1, context=30), PROMPT, 20, ahead=4))) == 20
    assert [one for one in passes if one] == [{"last": 5}] * 4


@pytest.mark.parametrize(
    "draft, wrong",
    [({"vocab_size": 5}, "knows 4 tokens, and the draft 5"), ({"window": 3}, "without a window")],
    ids=str,
)
def test_a_draft_that_cannot_be_one_is_refused(draft, wrong):
    with pytest.raises(InputError, match=wrong):
        next(generate_with_draft(gpt(1), gpt(2, **draft), PROMPT, 3))


def test_it_ends_where_no_token_may_follow():
    with pytest.raises(InputError, match="no other may follow"):
        list(generate_with_draft(gpt(1), gpt(2), PROMPT, 9, banned=[0, 1, 2, 3]))
