import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest

from minillm.backend import CPU
from minillm.errors import InputError
from minillm.generation import beam_search, generate, generate_batch, gnmt_penalty, power_penalty
from minillm.generation.processors import log_probabilities
from minillm.models import GPT, GPTConfig

PROMPT = [3, 1, 4, 1, 5]
EOS = 0


class Oracle:
    """A model that looks every text up: the scores of its next token are random numbers, but always the same for the same text.

    Its cache keeps the source and the texts that it was given: whoever forgets to reorder it asks about another text.
    """

    config = SimpleNamespace(context=3)  # less than the tests write: with `start` there is no limit

    def __init__(self, vocabulary, seed=0, scale=2.0):
        self.vocabulary, self.seed, self.scale = vocabulary, seed, scale

    def start(self, source):
        return OracleCache([tuple(row) for row in source])

    def scores(self, source, text):
        rng = np.random.default_rng([self.seed, *source, 99, *text])
        return rng.normal(0, self.scale, self.vocabulary)

    def extend(self, ids, cache):
        cache.texts = [text + tuple(row) for text, row in zip(cache.texts, ids.tolist(), strict=True)]
        cache.length += ids.shape[1]
        return np.array([self.scores(*known) for known in zip(cache.sources, cache.texts, strict=True)])


class OracleCache:
    def __init__(self, sources):
        self.sources, self.texts, self.length = sources, [()] * len(sources), 0

    def reorder(self, rows):
        self.sources = [self.sources[row] for row in rows]
        self.texts = [self.texts[row] for row in rows]


SOURCE = np.array([[7, 7, 2]])


def search(oracle, max_tokens, eos=(EOS,), **settings):
    return beam_search(oracle, PROMPT, max_tokens, eos=eos, cache=oracle.start(SOURCE), **settings)


def log_p(oracle, prompt, tokens, source=(7, 7, 2)):
    """The log-probability of these tokens after the prompt."""
    total = 0.0
    for i, token in enumerate(tokens):
        total += log_probabilities(oracle.scores(source, (*prompt, *tokens[:i])))[token]
    return total


# fairseq's table -----------------------------------------------------------------------------------------------------

# tests/utils.py of fairseq, `sequence_generator_setup`: for each step the probabilities of <eos>, w1 and w2 after beam 1 and beam 2.
W1, W2 = 1, 2
FIRST = [
    [[0.0, 0.9, 0.1], [0.0, 0.9, 0.1]],
    [[1.0, 0.0, 0.0], [0.0, 0.9, 0.1]],
    [[0.0, 0.1, 0.9], [0.6, 0.2, 0.2]],
    [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]],
]
SECOND = [
    [[0.0, 0.7, 0.3], [0.0, 0.7, 0.3]],
    [[0.25, 0.35, 0.4], [0.0, 0.1, 0.9]],
    [[0.6, 0.4, 0.0], [0.01, 0.0, 0.99]],
    [[0.1, 0.5, 0.4], [1.0, 0.0, 0.0]],
]
SHORT, LONG = ([W1], [0.9, 1.0]), ([W2, W1, W2], [0.1, 0.9, 0.9, 1.0])
THREE, FOUR = ([W1, W2], [0.7, 0.4, 0.6]), ([W1, W2, W1], [0.7, 0.4, 0.4, 1.0])


class Table:
    """Says what is in the table, whatever it reads. After the last step every text ends."""

    def __init__(self, steps):
        self.steps, self.step, self.length = steps, -1, 0

    def extend(self, ids, cache):
        self.step += 1
        rows = self.steps[self.step] if self.step < len(self.steps) else [[1.0, 0, 0]] * 2
        return np.log(np.maximum(rows[: len(ids)], 1e-300))

    def reorder(self, rows):
        pass


@pytest.mark.parametrize(
    ("length_penalty", "first", "second"),
    [
        (1.0, [SHORT, LONG], [FOUR, THREE]),
        (0.0, [SHORT, LONG], [THREE, FOUR]),  # normalize_scores=False
        (0.6, [SHORT, LONG], [THREE, FOUR]),
        (5.0, [LONG, SHORT], [FOUR, THREE]),
    ],
)
def test_fairseqs_cases(length_penalty, first, second):
    for steps, expected in ((FIRST, first), (SECOND, second)):
        table = Table(steps)
        found = beam_search(
            table, [9], 100, beams=2, length_penalty=length_penalty, early_stopping=True, eos=[EOS], cache=table
        )
        assert [ids for ids, _ in found] == [ids for ids, _ in expected]
        scores = [np.log(p).sum() / len(p) ** length_penalty for _, p in expected]
        np.testing.assert_allclose([score for _, score in found], scores, rtol=1e-9)


def test_fairseqs_cases_of_a_greatest_length():
    for steps, expected in (
        (FIRST, [SHORT, ([W2, W2], [0.1, 0.1, 0.6])]),
        (SECOND, [THREE, ([W2, W2], [0.3, 0.9, 0.01])]),
    ):
        table = Table(steps)
        found = beam_search(table, [9], 100, beams=2, early_stopping=True, eos=[EOS], end_after=2, cache=table)
        assert [ids for ids, _ in found] == [ids for ids, _ in expected]
        np.testing.assert_allclose([score for _, score in found], [np.log(p).mean() for _, p in expected], rtol=1e-9)


def test_the_search_goes_on_while_the_worst_of_the_ended_could_be_beaten():
    """After two steps `eos` (log 0.5) and `w2 eos` (log 0.18 / 2) have ended; `w1 w1` (log 0.24 / 2) lies between them, and will end."""
    steps = [[[0.5, 0.3, 0.2]], [[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], [[1.0, 0, 0], [1.0, 0, 0]]]
    for early_stopping, expected in ((False, [[W1, W1], []]), (True, [[], [W2]])):
        table = Table(steps)
        found = beam_search(table, [9], 9, beams=2, early_stopping=early_stopping, eos=[EOS], cache=table)
        assert [ids for ids, _ in found] == expected


def test_as_many_beams_go_on_however_many_end_tokens_there_are():
    """Of the likeliest four tokens three are ends, yet the fifth goes on as well, and is the better way."""
    table = Table([[[0.4, 0.15, 0.14, 0.2, 0.11]], [[0.2] * 5, [1.0, 0, 0, 0, 0]]])
    found = beam_search(table, [9], 9, beams=2, eos=[0, 1, 2], cache=table)
    assert [ids for ids, _ in found] == [[], [4]]


# What is found -------------------------------------------------------------------------------------------------------


def best_of_all(oracle, max_tokens, penalty):
    """Every text that there is: of end tokens at most one, and that last."""
    texts = [
        tokens
        for length in range(1, max_tokens + 1)
        for tokens in itertools.product(range(oracle.vocabulary), repeat=length)
        if EOS not in tokens[:-1] and (tokens[-1] == EOS or length == max_tokens)
    ]
    return sorted(((log_p(oracle, PROMPT, t) / penalty(len(t)), t) for t in texts), reverse=True)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("settings", "penalty"),
    [
        ({"length_penalty": 0.0}, lambda length: 1),
        ({}, lambda length: length),
        ({"length_penalty": 2.0}, lambda length: length**2),
        ({"length_penalty": 0.6, "penalty_form": "gnmt"}, lambda length: ((5 + length) / 6) ** 0.6),
    ],
    ids=["sum", "mean", "square", "gnmt"],
)
def test_a_beam_that_is_wide_enough_finds_the_best_texts_there_are(seed, settings, penalty):
    oracle = Oracle(4, seed)
    every = best_of_all(oracle, 4, penalty)
    found = search(oracle, 4, beams=len(every), **settings)
    assert [ids for ids, _ in found] == [[t for t in tokens if t != EOS] for _, tokens in every]
    np.testing.assert_allclose([score for _, score in found], [score for score, _ in every], rtol=1e-12)


def test_one_beam_is_greedy(model):
    for eos in ((), (2,), (7, 11)):
        text = list(generate(model, PROMPT, 40, temperature=0, eos=eos))
        assert [ids for ids, _ in beam_search(model, PROMPT, 40, beams=1, eos=eos)] == [text]


@pytest.mark.parametrize("beams", [2, 5])
def test_scores_are_what_the_whole_forward_says(model, beams):
    """A beam that goes on where another was has its keys and values too."""
    found = beam_search(model, PROMPT, 9, beams=beams, length_penalty=0.8)
    assert len(found) == beams and found == sorted(found, key=lambda hypothesis: -hypothesis.score)
    assert len({tuple(ids) for ids, _ in found}) == beams
    for ids, score in found:
        logits = model.forward(np.array([PROMPT + ids]))[0][0, len(PROMPT) - 1 : -1]
        total = log_probabilities(logits)[np.arange(9), ids].sum()
        assert score == pytest.approx(total / 9**0.8, rel=1e-12)


@pytest.mark.parametrize("masked", [False, True])
def test_an_encoder_decoder_has_its_source_in_every_beam(encoder_decoder, masked):
    source, start, written = np.random.default_rng(1).integers(1, 13, (1, 7)), [4], 9
    mask = np.arange(7)[None] < 5 if masked else None
    found = beam_search(encoder_decoder, start, written, beams=4, cache=encoder_decoder.start(source, source_mask=mask))
    assert len(found) == 4
    for ids, score in found:
        logits = encoder_decoder.forward(source, np.array([start + ids[:-1]]), source_mask=mask)[0][0]
        total = log_probabilities(logits)[np.arange(written), ids].sum()
        assert score == pytest.approx(total / written, rel=1e-9)


def test_more_beams_find_better_texts():
    """Not always, but in the mean: what beam search is for."""
    oracles = [Oracle(6, seed, scale=1.0) for seed in range(12)]
    one, three, nine = (np.mean([search(o, 12, (), beams=beams)[0].score for o in oracles]) for beams in (1, 3, 9))
    assert one < three < nine


def test_a_full_context_is_forgotten_in_halves(make_model):
    """As `generate` forgets it: with every beam's own tokens read anew."""
    model = make_model(context=8)
    (ids, score), *_ = beam_search(model, PROMPT, 30, beams=3, length_penalty=0.0)
    text, start, total = PROMPT + ids, 0, 0.0
    for at in range(len(PROMPT), len(text)):
        if at - start > 8:
            start = at - 4
        total += log_probabilities(model.forward(np.array([text[start:at]]))[0][0, -1])[text[at]]
    assert score == pytest.approx(total, rel=1e-12)


# Where it ends -------------------------------------------------------------------------------------------------------


def test_the_end_token_counts_and_is_not_shown():
    for seed in range(5):
        oracle = Oracle(5, seed)
        found = search(oracle, 6)
        assert len({len(ids) for ids, _ in found}) > 1, "or this shows little"
        for ids, score in found:
            tokens = ids if len(ids) == 6 else [*ids, EOS]
            assert EOS not in ids
            assert score == pytest.approx(log_p(oracle, PROMPT, tokens) / len(tokens), rel=1e-12)


def test_a_text_may_end_where_the_caller_says():
    """At a pair of equal tokens, the second of which is shown and counted."""
    oracle = Oracle(4, 2)

    def doubled(ids):
        return len(ids) > 1 and ids[-1] == ids[-2]

    found = search(oracle, 7, (), beams=5, ends=doubled)
    assert any(len(ids) < 7 for ids, _ in found)
    for ids, score in found:
        assert doubled(ids) or len(ids) == 7
        assert not any(doubled(ids[:n]) for n in range(len(ids)))
        assert score == pytest.approx(log_p(oracle, PROMPT, ids) / len(ids), rel=1e-12)


def steps_taken(oracle, **settings):
    cache = oracle.start(SOURCE)
    found = beam_search(oracle, PROMPT, 30, beams=3, eos=[EOS], cache=cache, **settings)
    return cache.length - len(PROMPT) + 1, found


def test_the_search_ends_when_no_text_could_get_better():
    """Sooner with early_stopping, which may miss a better text; not as soon as one text has ended."""
    early = [steps_taken(Oracle(4, seed), early_stopping=True) for seed in range(20)]
    late = [steps_taken(Oracle(4, seed)) for seed in range(20)]
    assert all(a <= b for (a, _), (b, _) in zip(early, late, strict=True))
    assert sum(a for a, _ in early) < sum(b for b, _ in late) < 20 * 30
    assert all(len(found) == 3 for _, found in (*early, *late))
    better = [b[0].score - a[0].score for (_, a), (_, b) in zip(early, late, strict=True)]
    assert min(better) >= 0 and max(better) > 0


def test_the_rules_hold_in_every_beam():
    oracle = Oracle(6, 1)
    for ids, _ in search(oracle, 12, min_tokens=5, no_repeat_ngram=2):
        assert len(ids) >= 5
        pairs = list(itertools.pairwise(PROMPT + ids))
        assert len(set(pairs)) == len(pairs)


def test_where_no_token_may_follow():
    """Beams without a way on are left; if all are, that is an error."""
    assert {len(ids) for ids, _ in search(Oracle(7), 3, (), no_repeat_ngram=1)} == {3}
    with pytest.raises(InputError, match="After 3 tokens no other may follow"):
        search(Oracle(7), 4, (), no_repeat_ngram=1)  # four of seven are in the prompt


# Length penalties ----------------------------------------------------------------------------------------------------


def test_length_penalties():
    assert [gnmt_penalty(length, 0.6) for length in (1, 7)] == pytest.approx([1, 2**0.6])
    assert [power_penalty(length, 0.6) for length in (1, 7)] == pytest.approx([1, 7**0.6])
    for penalty in (gnmt_penalty, power_penalty):
        assert {penalty(length, 0.0) for length in range(1, 9)} == {1}


def test_the_penalty_decides_how_long_the_best_text_is():
    oracle = Oracle(4, 3)
    lengths = [
        np.mean([len(ids) for ids, _ in search(oracle, 12, beams=6, length_penalty=penalty)])
        for penalty in (-1.0, 0.0, 1.0, 3.0)
    ]
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


# Encoder-decoders and bad input --------------------------------------------------------------------------------------


def test_the_source_is_read_once_and_answered():
    oracle = Oracle(5)
    answers = []
    for source in ((1, 2), (3, 4)):
        cache = oracle.start([source])
        text = list(generate(oracle, [4], 8, temperature=0, eos=[EOS], cache=cache))
        expected = []
        while len(expected) < 8 and (token := int(oracle.scores(source, (4, *expected)).argmax())) != EOS:
            expected.append(token)
        assert text == expected
        answers.append(text)
    assert answers[0] != answers[1]


def test_a_gpu_finds_what_the_processor_finds(device):
    """Beams change places, and rows leave a batch, on arrays that live elsewhere."""
    config, sources = GPTConfig(13, context=11, layers=2, heads=2, d_model=16), np.arange(15).reshape(3, 5) % 13
    found, written = [], []
    for where in (CPU, device):
        model = GPT(config, seed=2, dtype=np.float64, device=where)
        model.vector.data *= 20
        found.append(beam_search(model, PROMPT, 20, beams=3, eos=[7]))
        written.append(generate_batch(model, sources, 20, seed=1, eos=[2, 7, 11]))
    assert [ids for ids, _ in found[0]] == [ids for ids, _ in found[1]]
    assert written[0] == written[1] and len({len(ids) for ids in written[0]}) > 1


@pytest.mark.parametrize(
    ("bad", "wrong"),
    [
        ({"beams": 0}, "beams must be at least 1, got 0"),
        *[({"length_penalty": value}, "length penalty must lie in") for value in (math.nan, 1e9, -math.inf)],
        ({"penalty_form": "google"}, "There is no penalty form 'google'"),
        ({"repetition_penalty": 0}, "repetition penalty must be positive"),
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(model, bad, wrong):
    with pytest.raises(InputError, match=wrong):
        beam_search(model, PROMPT, 5, **bad)


def test_what_cannot_be_continued(model, make_model):
    with pytest.raises(ValueError, match="at least one token"):
        beam_search(model, [], 3)
    with pytest.raises(TypeError, match="temperature"):
        beam_search(model, PROMPT, 3, temperature=0.5)
    broken = make_model()
    broken.vector.data[0] = np.nan
    with pytest.raises(InputError, match="not finite"):
        beam_search(broken, [0], 3)
