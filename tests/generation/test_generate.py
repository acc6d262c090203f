import itertools

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import generate, generate_batch, next_token_probabilities

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


@pytest.mark.parametrize("ngram", [1, 4])
@pytest.mark.parametrize("context", [1, 2, 3])
def test_also_with_the_smallest_contexts(make_model, context, ngram):
    model = make_model(context=context, ngram=ngram)
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
    extend = type(model).embed_next
    monkeypatch.setattr(type(model), "embed_next", lambda *args: (asked.append(1), extend(*args))[1])
    tokens = generate(model, PROMPT, 5)
    for number in range(1, 6):
        next(tokens)
        assert len(asked) == number


def test_a_cached_token_costs_one_token_of_work(model, monkeypatch):
    lengths = []
    extend = type(model).embed_next
    monkeypatch.setattr(
        type(model), "embed_next", lambda m, ids, cache: (lengths.append(ids.shape[1]), extend(m, ids, cache))[1]
    )
    list(generate(model, PROMPT, 14))
    assert lengths == [5] + [1] * 11 + [8, 1]


# Ends and rules ------------------------------------------------------------------------------------------------------


def test_an_end_token_ends_the_text_and_is_not_yielded(model):
    text = list(generate(model, PROMPT, 30, seed=2))
    for place in (0, 3, 29):
        for eos in ([text[place]], {text[place], 99}):
            assert list(generate(model, PROMPT, 30, seed=2, eos=eos)) == text[: text.index(text[place])]
    absent = next(token for token in range(13) if token not in text)
    assert list(generate(model, PROMPT, 30, seed=2, eos=[absent])) == text


def test_no_token_is_asked_for_after_the_end(model, monkeypatch):
    asked = []
    extend = type(model).embed_next
    monkeypatch.setattr(type(model), "embed_next", lambda *args: (asked.append(1), extend(*args))[1])
    text = list(generate(model, PROMPT, 30, seed=2))
    asked.clear()
    short = list(generate(model, PROMPT, 30, seed=2, eos=[text[4]]))
    assert len(asked) == len(short) + 1 < 30


def test_the_end_comes_between_the_least_and_the_most(model):
    """Every token that greedy would write is an end token, so the text ends as soon as it may."""
    eos = set(generate(model, PROMPT, 30, temperature=0))
    assert list(generate(model, PROMPT, 30, temperature=0, eos=eos)) == []
    lengths = {len(list(generate(model, PROMPT, 30, seed=s, eos=[2, 5], min_tokens=4, end_after=9))) for s in range(40)}
    assert min(lengths) == 4 and max(lengths) == 9


def test_no_ngram_comes_twice_and_a_penalty_makes_repetition_rarer(model):
    for n in (2, 3):
        text = [*PROMPT, *generate(model, PROMPT, 60, temperature=0.5, no_repeat_ngram=n)]
        grams = list(zip(*(text[i:] for i in range(n)), strict=False))
        assert len(set(grams)) == len(grams)
    distinct = [
        np.mean([len(set(generate(model, PROMPT, 12, seed=s, repetition_penalty=penalty))) for s in range(20)])
        for penalty in (0.7, 1.0, 3.0)
    ]
    assert distinct[0] < distinct[1] < distinct[2]


def test_where_no_token_may_follow(model):
    """Nine of thirteen tokens are not in the prompt."""
    assert sorted(generate(model, PROMPT, 9, no_repeat_ngram=1)) == sorted(set(range(13)) - set(PROMPT.tolist()))
    with pytest.raises(InputError, match="After 9 tokens no other may follow"):
        list(generate(model, PROMPT, 10, no_repeat_ngram=1))


# Encoder-decoders ----------------------------------------------------------------------------------------------------

SOURCES = np.random.default_rng(1).integers(1, 13, (5, 7))


def greedy_answer(model, source, mask, tokens, eos=()):
    """Read anew at every step, from the start token 4."""
    text = [4]
    while len(text) <= tokens:
        token = int(model.forward(source, np.array([text]), source_mask=mask)[0][0, -1].argmax())
        if token in eos:
            break
        text.append(token)
    return text[1:]


def test_an_encoder_decoder_answers_its_source(encoder_decoder):
    """For long, and up to the end token."""
    answers = [greedy_answer(encoder_decoder, source[None], None, 40) for source in SOURCES]
    assert len(set(map(tuple, answers))) > 1, "or this shows nothing"
    for source, answer in zip(SOURCES, answers, strict=True):
        cache = encoder_decoder.start(source[None])
        assert list(generate(encoder_decoder, [4], 40, temperature=0, cache=cache)) == answer
        eos, cache = [answer[6]], encoder_decoder.start(source[None])
        short = list(generate(encoder_decoder, [4], 40, temperature=0, eos=eos, cache=cache))
        assert short == answer[: answer.index(eos[0])]


def test_it_answers_many_sources_at_once_padding_and_all(encoder_decoder):
    mask = np.arange(7) < np.array([7, 3, 5, 7, 1])[:, None]
    eos = [greedy_answer(encoder_decoder, SOURCES[:1], mask[:1], 9)[-1], 7]
    expected = [greedy_answer(encoder_decoder, SOURCES[i][None], mask[i][None], 20, eos) for i in range(5)]
    assert len({len(answer) for answer in expected}) > 1, "or this shows little"
    cache = encoder_decoder.start(SOURCES, source_mask=mask)
    assert generate_batch(encoder_decoder, np.full((5, 1), 4), 20, temperature=0, eos=eos, cache=cache) == expected


# Many at once --------------------------------------------------------------------------------------------------------

PROMPTS = np.random.default_rng(3).integers(13, size=(6, 5))


def test_a_batch_writes_what_each_row_would_alone(model):
    """Greedily, over the edge of the context, with rows that end at different times and leave."""
    alone = [list(generate(model, prompt, 25, temperature=0)) for prompt in PROMPTS]
    assert generate_batch(model, PROMPTS, 25, temperature=0) == alone
    cuts = [
        (eos, [list(itertools.takewhile(lambda token, eos=eos: token not in eos, text)) for text in alone])
        for eos in itertools.combinations(range(13), 2)
    ]
    eos, ended = max(cuts, key=lambda cut: len({len(text) for text in cut[1]}))
    assert len({len(text) for text in ended}) > 2, "or this shows little"
    assert generate_batch(model, PROMPTS, 25, temperature=0, eos=eos) == ended
    rules = {"no_repeat_ngram": 2, "repetition_penalty": 1.3}
    ruled = [list(generate(model, prompt, 25, temperature=0, **rules)) for prompt in PROMPTS]
    assert generate_batch(model, PROMPTS, 25, temperature=0, **rules) == ruled


def test_a_batch_of_one_is_generate(model):
    assert generate_batch(model, PROMPT[None], 20, seed=4, top_p=0.9) == [
        list(generate(model, PROMPT, 20, seed=4, top_p=0.9))
    ]


def test_rows_of_a_batch_are_drawn_each_for_itself(model):
    """From one prompt: different texts, whose first tokens come as often as the model says."""
    p = next_token_probabilities(model.forward(PROMPT[None])[0][0, -1], 1.5)
    texts = generate_batch(model, np.tile(PROMPT, (2000, 1)), 2, temperature=1.5, seed=1)
    counts = np.bincount([text[0] for text in texts], minlength=13)
    likely = p * 2000 > 5
    chi2 = ((counts - 2000 * p)[likely] ** 2 / (2000 * p[likely])).sum()
    assert likely.sum() >= 3 and chi2 < 33, "12 degrees of freedom or less: 1 in 1000 exceeds 33"


def test_an_ended_row_costs_nothing_more(model, monkeypatch):
    sizes = []
    extend = type(model).embed_next
    monkeypatch.setattr(
        type(model), "embed_next", lambda m, ids, cache: (sizes.append(len(ids)), extend(m, ids, cache))[1]
    )
    texts = generate_batch(model, PROMPTS, 25, seed=1, eos=[2, 7, 11])
    assert sizes[0] == 6 and sizes == sorted(sizes, reverse=True)
    assert [sum(len(text) >= at for text in texts) for at in range(len(sizes))] == sizes


# Bad input -----------------------------------------------------------------------------------------------------------


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
