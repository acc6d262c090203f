"""Processors on random rows, and the texts of a random GPT-2 and a random T5, greedy and by beam search, against transformers'."""

import itertools

import numpy as np
import pytest

from minillm.generation import PhraseBan, Rules, beam_search, generate, next_token_probabilities, processors
from minillm.models import GPT, T5, GPTConfig, T5Config
from minillm.models.huggingface import tensors_of
from minillm.text import CharTokenizer

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
theirs = pytest.importorskip("transformers.generation.logits_process")

V = 23
LETTERS = CharTokenizer("abcdefghijklmnopqrstuvw")
PROMPT = [3, 1, 4, 1, 5]

# Processors ----------------------------------------------------------------------------------------------------------

CASES = {
    **{
        f"repetition penalty {penalty}": (
            lambda s, ids, penalty=penalty: processors.penalize_repetition(s, ids, penalty),
            lambda penalty=penalty: theirs.RepetitionPenaltyLogitsProcessor(penalty),
        )
        for penalty in (1.7, 0.6)
    },
    **{
        f"no repeated {n}-gram": (
            lambda s, ids, n=n: processors.ban_repeated_ngrams(s, ids, n),
            lambda n=n: theirs.NoRepeatNGramLogitsProcessor(n),
        )
        for n in (1, 2, 3, 50)
    },
    # a letter a token, where the ban on text and theirs on tokens mean the same; of the words one is a single letter
    "banned phrases": (
        lambda s, ids: (
            Rules(phrases=PhraseBan(["ab", "cad", "e"], LETTERS))
            .apply(np.atleast_2d(s), np.atleast_2d(ids), 0)
            .reshape(s.shape)
        ),
        lambda: theirs.NoBadWordsLogitsProcessor([LETTERS.encode(word).tolist() for word in ("ab", "cad", "e")]),
    ),
    "banned tokens": (lambda s, ids: processors.ban(s, [3, 7]), lambda: theirs.SuppressTokensLogitsProcessor([3, 7])),
    "top-k": (lambda s, ids: processors.keep_top_k(s, 5), lambda: theirs.TopKLogitsWarper(5)),
    "top-k of more than there are": (lambda s, ids: processors.keep_top_k(s, V + 1), lambda: theirs.TopKLogitsWarper(V + 1)),
    **{
        f"{name} {p}": (lambda s, ids, f=f, p=p: f(s, p), lambda g=g, p=p: getattr(theirs, g)(p))
        for p in (0.05, 0.2, 0.5, 0.9, 0.99)
        for name, f, g in (
            ("top-p", processors.keep_top_p, "TopPLogitsWarper"),
            ("min-p", processors.keep_min_p, "MinPLogitsWarper"),
            ("typical", processors.keep_typical, "TypicalLogitsWarper"),
            ("epsilon", processors.cut_epsilon, "EpsilonLogitsWarper"),
            ("eta", processors.cut_eta, "EtaLogitsWarper"),
        )
    },
}  # fmt: skip


@pytest.fixture
def rows():
    """Scores (40, V) from nearly even to nearly certain, a few of them -inf, and texts (40, 30) that repeat themselves."""
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((40, V)) * np.geomspace(0.1, 10, 40)[:, None]
    scores[::3, [2, 11]] = -np.inf
    return scores, rng.integers(0, V // 4, (40, 30))


@pytest.mark.parametrize("case", CASES)
def test_a_processor(rows, case):
    ours, make = CASES[case]
    scores, ids = rows
    expected = make()(torch.tensor(ids), torch.tensor(scores)).numpy()
    np.testing.assert_allclose(ours(scores, ids), expected, rtol=1e-12)
    for one, text, wanted in zip(scores, ids, expected, strict=True):
        np.testing.assert_allclose(ours(one, text), wanted, rtol=1e-12)


def test_all_of_them_in_their_order(rows):
    """The list of processors as `generate` makes it there, from the settings."""
    scores, ids = rows
    model = transformers.GPT2LMHeadModel(transformers.GPT2Config(vocab_size=V, n_embd=4, n_layer=1, n_head=1))
    choice = {"temperature": 1.3, "top_k": 15, "top_p": 0.9, "min_p": 0.03}
    choice |= {"typical_p": 0.8}
    rules = {"repetition_penalty": 1.4, "no_repeat_ngram": 2, "min_tokens": 4, "eos": (9,)}
    settings = transformers.GenerationConfig(
        do_sample=True, **choice, epsilon_cutoff=0.04, eta_cutoff=0.1, repetition_penalty=1.4, no_repeat_ngram_size=2, min_new_tokens=4
    )  # fmt: skip
    settings._eos_token_tensor = torch.tensor([9])
    for written in (3, 4):
        prompt = ids.shape[1] - written
        chain = model._get_logits_processor(settings, input_ids_seq_length=prompt, device="cpu")
        assert len(chain) == 10
        expected = torch.softmax(chain(torch.tensor(ids), torch.tensor(scores)), -1).numpy()
        allowed = Rules(**rules).apply(scores, ids, written)
        ours = next_token_probabilities(allowed, **choice, epsilon=0.04, eta=0.1)
        np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-15)


# Texts ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[0, 1, 3])
def pair(request):
    """Our GPT and their GPT-2 with the same weights: large tables and small biases, so that texts are varied."""
    ours = GPT(GPTConfig(vocab_size=V, context=40, layers=2, heads=2, d_model=16), dtype=np.float64)
    rng = np.random.default_rng(request.param)
    for parameter in ours.parameters():
        table = parameter.data.ndim == 2
        parameter.data[...] = rng.normal(0 if table else parameter.data, 1 if table else 0.1, parameter.data.shape)
    ours.norm.gamma.data[...] /= 2
    config = transformers.GPT2Config(
        vocab_size=V, n_positions=40, n_embd=16, n_layer=2, n_head=2, bos_token_id=0, eos_token_id=None, attn_implementation="eager"
    )  # fmt: skip
    hf = transformers.GPT2LMHeadModel(config).double().eval()
    with torch.no_grad():
        for name, value in tensors_of(ours).items():
            hf.get_parameter(name).copy_(torch.tensor(value))
    return ours, hf


def write(hf, tokens, eos, **settings):
    """What they write after the prompt: the texts, each up to its first end token, and the scores of beam search."""
    prompt = torch.tensor([PROMPT])
    answer = hf.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=tokens,
        do_sample=False,
        eos_token_id=list(eos) or None,
        pad_token_id=eos[0] if eos else 0,
        return_dict_in_generate=True,
        output_scores=True,
        **settings,
    )
    texts = [list(itertools.takewhile(lambda i: i not in eos, row[len(PROMPT) :])) for row in answer.sequences.tolist()]
    return texts, answer.get("sequences_scores")


@pytest.fixture
def ends(pair):
    """End tokens, for this model: none, one that greedy writes early, one that it writes late or never, two."""
    text = list(generate(pair[0], PROMPT, 25, temperature=0))
    assert len(set(text)) > 4, "or this shows nothing"
    return [(), (text[3],), (text[12],), (text[6], text[9])]


@pytest.mark.parametrize(
    "rules",
    [{}, {"repetition_penalty": 1.5}, {"no_repeat_ngram": 2}, {"min_tokens": 8, "repetition_penalty": 0.8}],
    ids=str,
)
def test_greedy(pair, ends, rules):
    ours, hf = pair
    names = {"no_repeat_ngram": "no_repeat_ngram_size", "min_tokens": "min_new_tokens"}
    for eos in ends:
        if not eos and "min_tokens" in rules:
            continue
        expected, _ = write(hf, 25, eos, **{names.get(name, name): value for name, value in rules.items()})
        assert list(generate(ours, PROMPT, 25, temperature=0, eos=eos, **rules)) == expected[0]


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize(("beams", "length_penalty"), [(2, 0.6), (3, 1.0), (5, 2.0), (4, -0.5)])
def test_beam_search(pair, ends, beams, length_penalty, early_stopping):
    ours, hf = pair
    settings = {"length_penalty": length_penalty, "early_stopping": early_stopping}
    lengths = set()
    for eos, n in zip(ends, (None, None, 2, None), strict=True):
        found = beam_search(ours, PROMPT, 20, beams=beams, eos=eos, no_repeat_ngram=n, **settings)
        expected, scores = write(
            hf, 20, eos, num_beams=beams, num_return_sequences=beams, no_repeat_ngram_size=n or 0, **settings
        )
        assert [hypothesis.ids for hypothesis in found] == expected
        np.testing.assert_allclose([hypothesis.score for hypothesis in found], scores.numpy(), rtol=1e-4)
        lengths.update(map(len, expected))
    assert 20 in lengths and len(lengths) > 1, "texts that ended and texts that were cut, or this shows little"


# Answers of an encoder-decoder ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[0, 1])
def t5_pair(request):
    """Our T5 1.1 and theirs, in float32, as their norm computes whatever the model does."""
    sizes = {"vocab_size": V, "d_model": 16, "d_kv": 6, "d_ff": 24}
    ours = T5(T5Config(**sizes, layers=2, heads=2, activation="gelu", gated=True, tie_head=False, dropout=0.0))
    rng = np.random.default_rng(request.param)
    for name, parameter in ours.vector.named.items():
        if parameter.data.ndim == 2:
            parameter.data[...] = rng.standard_normal(parameter.data.shape) * (0.2 if "query" in name else 0.6)
    config = transformers.T5Config(
        **sizes, num_layers=2, num_heads=2, dropout_rate=0.0, feed_forward_proj="gated-gelu", tie_word_embeddings=False,
        decoder_start_token_id=0, pad_token_id=0, eos_token_id=None, attn_implementation="eager",
    )  # fmt: skip
    hf = transformers.T5ForConditionalGeneration(config).eval()
    hf.lm_head.weight = torch.nn.Parameter(torch.empty_like(hf.lm_head.weight))  # a new model shares the table
    with torch.no_grad():
        for name, value in tensors_of(ours).items():
            hf.get_parameter(name).copy_(torch.tensor(value))
    return ours, hf


@pytest.mark.parametrize(("beams", "length_penalty"), [(1, 1.0), (2, 0.6), (4, 1.0), (3, 2.0)])
def test_answers(t5_pair, beams, length_penalty):
    """Of sources with padding; without an end token, and with the one that ends greedy answers early."""
    ours, hf = t5_pair
    lengths = set()
    for seed in range(3):
        source, mask = np.random.default_rng(seed).integers(1, V, (1, 9)), np.arange(9)[None] < 9 - 2 * seed
        text = list(generate(ours, [0], 15, temperature=0, cache=ours.start(source, source_mask=mask)))
        for eos in ((), (text[5],)):
            settings = {"length_penalty": length_penalty, "early_stopping": False} if beams > 1 else {}
            theirs = hf.generate(
                torch.tensor(source),
                attention_mask=torch.tensor(mask).long(),
                max_new_tokens=15,
                do_sample=False,
                num_beams=beams,
                num_return_sequences=beams,
                eos_token_id=list(eos) or None,
                pad_token_id=0,
                **settings,
            )
            expected = [list(itertools.takewhile(lambda i, eos=eos: i not in eos, row[1:])) for row in theirs.tolist()]
            cache = ours.start(source, source_mask=mask)
            found = beam_search(ours, [0], 15, beams=beams, eos=eos, cache=cache, length_penalty=length_penalty)
            assert [ids for ids, _ in found] == expected
            lengths.update(map(len, expected))
            if beams == 1:
                cache = ours.start(source, source_mask=mask)
                assert list(generate(ours, [0], 15, temperature=0, eos=eos, cache=cache)) == expected[0]
    assert 15 in lengths and len(lengths) > 1, "texts that ended and texts that were cut, or this shows little"
