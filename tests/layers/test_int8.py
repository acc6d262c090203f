"""Layers in int8: what they compute is what the layer with the same rounded matrix computes, and nothing of it learns."""

from functools import partial

import numpy as np
import pytest

from minillm import align, finetune, learn_pairs
from minillm.backend import Device
from minillm.errors import InputError
from minillm.generation import beam_search, generate, generate_batch, generate_with_draft
from minillm.generation.token_plan import TokenPlan
from minillm.gradcheck import randomize
from minillm.layers import (
    Embedding,
    Int8,
    Layer,
    Linear,
    ParameterVector,
    TiedLinear,
    add_lora,
    int8_names,
    refuse_int8,
    use_int8,
)
from minillm.layers.int8 import Int8Embedding, Int8Linear, Int8TiedLinear
from minillm.models import KeyValueCache, MaskedLM, Transformer, copy_parameters
from minillm.models.huggingface import save_pretrained
from minillm.objectives import CAUSAL
from minillm.ops import dequantize, quantization, quantize
from minillm.text import CharTokenizer, Corpus
from minillm.text.special_tokens import BOS, EOS, PAD
from minillm.training import Trainer, TrainOptions, save, train
from tests.generation.test_token_plan import CONTEXT, KINDS, V, model_of
from tests.models.pretrained import ENCODER

RNG = np.random.default_rng(0)
IDS = RNG.integers(V, size=(3, CONTEXT))


def rounded(build) -> tuple:
    """The model that `build` makes with its matrices in int8, and one whose matrices are what these stand for."""
    int8, plain = build(), build()
    weights = {name: Int8(*quantize(int8.vector.named[name].data)) for name in int8_names(int8)}
    for name, weight in weights.items():
        plain.vector.named[name].data[...] = dequantize(*weight)
    use_int8(int8, weights)
    return int8, plain


@pytest.fixture(params=KINDS)
def models(request):
    return rounded(partial(model_of, request.param))


@pytest.fixture
def gpt():
    return rounded(partial(model_of, "GPT-2's"))


def close(y, expected) -> None:
    np.testing.assert_allclose(y, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("block", [1, 100, quantization.BLOCK])
def test_the_scores_are_those_of_the_rounded_matrices_at_every_position(models, monkeypatch, block):
    monkeypatch.setattr(quantization, "BLOCK", block)
    int8, plain = models
    close(int8.forward(IDS)[0], plain.forward(IDS)[0])


def test_rounding_has_changed_something():
    """Or these tests would compare a model with itself."""
    model = model_of("GPT-2's")
    int8, _ = rounded(partial(model_of, "GPT-2's"))
    assert np.abs(int8.forward(IDS)[0] - model.forward(IDS)[0]).max() > 1e-3


def test_token_by_token_they_are_the_same(models):
    """A prompt in one piece and then single tokens, by the model and by the plan."""
    int8, plain = models
    expected, cache, planned, plan = (
        plain.forward(IDS)[0],
        KeyValueCache(int8, 3),
        KeyValueCache(int8, 3),
        TokenPlan(int8, 3),
    )
    for start, stop in ((0, 4), *((i, i + 1) for i in range(4, CONTEXT))):
        close(int8.extend(IDS[:, start:stop], cache), expected[:, stop - 1])
        extend = plan.extend if stop == start + 1 else int8.extend
        close(extend(IDS[:, start:stop], planned), expected[:, stop - 1])


def test_every_matrix_is_in_int8_but_that_of_positions(models):
    """Of an n-gram embedding all tables."""
    int8, plain = models
    kept = {name for name, parameter in int8.vector.named.items() if parameter.data.ndim > 1}
    assert kept == {"positions.weight"} & plain.vector.named.keys()
    assert isinstance(int8.embedding, Int8Embedding) and len(int8.embedding.earlier) == plain.config.ngram - 1
    assert isinstance(int8.head, Int8TiedLinear if plain.config.tie_head else Int8Linear)
    assert not any(isinstance(layer, Linear | TiedLinear) for layer in int8.sublayers())


def test_a_head_shares_the_table_of_the_embedding(gpt):
    int8, _ = gpt
    assert int8.head.weight.data is int8.embedding.weight.data


SEARCHES = {
    "greedy": lambda model: list(generate(model, [1, 2], 8, temperature=0)),
    "top-p": lambda model: list(generate(model, [1, 2], 8, temperature=0.9, top_p=0.9, seed=4)),
    "past the context": lambda model: list(generate(model, [1, 2], 2 * CONTEXT, temperature=0)),
    "a batch": lambda model: generate_batch(model, np.array([[1, 2], [3, 4]]), 8, temperature=1, seed=2),
    "beams": lambda model: [beam.ids for beam in beam_search(model, [1, 2], 6, beams=3)],
    "it drafts": lambda model: list(generate_with_draft(model_of("GPT-2's"), model, [1, 2], 8, temperature=0)),
    "it reads a draft": lambda model: list(generate_with_draft(model, model_of("GPT-2's"), [1, 2], 8, temperature=0)),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_writes_the_same(gpt, search):
    int8, plain = gpt
    assert SEARCHES[search](int8) == SEARCHES[search](plain)


def drawn(kind, *args, **sizes):
    return randomize(kind(*args, **sizes, dtype=np.float64), np.random.default_rng(3))


def test_an_encoder_and_an_encoder_decoder():
    ids = RNG.integers(ENCODER.vocab_size, size=(2, 5))
    int8, plain = rounded(partial(drawn, MaskedLM, ENCODER))
    close(int8.forward(ids)[0], plain.forward(ids)[0])
    int8, plain = rounded(partial(drawn, Transformer, vocab_size=11, layers=2, heads=2, d_model=8, d_ff=12))
    close(int8.forward(ids, ids[:, :3])[0], plain.forward(ids, ids[:, :3])[0])


class Ends(Layer):
    """An embedding and a head that shares its table, each with a scale: as before sinusoidal positions, and in a T5."""

    def __init__(self):
        self.embedding = Embedding(5, 4, np.random.default_rng(1), scale=3.0)
        self.head = TiedLinear(self.embedding.weight, scale=0.25)
        self.vector = ParameterVector(self, np.float64)


def test_the_scales_of_a_head_and_of_an_embedding():
    int8, plain = rounded(Ends)
    x, ids = RNG.standard_normal((2, 3, 4)), np.array([[0, 4, 4]])
    close(int8.head.forward(x)[0], plain.head.forward(x)[0])
    close(int8.embedding.forward(ids)[0], plain.embedding.forward(ids)[0])


def for_inference(call) -> None:
    with pytest.raises(InputError, match="A model in int8 is for inference") as caught:
        call()
    assert caught.value.remedy == "Load it without `int8`."


def test_nothing_trains_it_writes_it_or_adapts_it(gpt, tmp_path):
    int8, _ = gpt
    logits, saved = int8.forward(IDS)
    for_inference(lambda: int8.backward(logits, saved))
    data = Corpus(np.tile(IDS.ravel(), 3), context=4)
    for_inference(lambda: Trainer(int8, data, TrainOptions(batch=2, workers=1), CAUSAL))
    for_inference(lambda: train(int8, data, steps=1, batch=2, progress=False))
    for_inference(lambda: add_lora(int8, 2))
    for_inference(lambda: save_pretrained(int8, tmp_path))
    for_inference(lambda: save(tmp_path / "new", int8, CharTokenizer("abc")))
    for_inference(lambda: save(tmp_path / "new", int8, CharTokenizer("abc"), int8=True))
    assert not [*tmp_path.rglob("*.safetensors")]


def test_no_copy_of_it_learns():
    """Whatever learns from a model begins with a copy of its parameters, of which int8 has left the smaller part."""
    tokenizer = CharTokenizer("abcdefghijklm")
    int8, plain = rounded(partial(model_of, "GPT-2's", np.float32))
    texts, labels = ["ab", "cd"] * 10, ["x", "y"] * 10
    quick = {"steps": 1, "progress": False, "batch": 2, "workers": 1}
    for_inference(lambda: copy_parameters(int8, plain))
    for_inference(lambda: copy_parameters(plain, int8))
    for_inference(lambda: finetune(int8, tokenizer, texts, labels, **quick))
    for_inference(lambda: finetune(int8, tokenizer, texts, labels, freeze="body", progress=False))
    for_inference(lambda: align(int8, tokenizer, [("a", "b", chr(99 + i)) for i in range(10)], **quick))
    for_inference(lambda: align(int8, tokenizer, reward="length:4", prompts="abcdefg\n" * 99, group=2, **quick))
    pairs = rounded(partial(drawn, Transformer, vocab_size=16, layers=1, heads=2, d_model=8, d_ff=12))[0]
    framed = CharTokenizer("abcdefghijklm", (PAD, BOS, EOS))
    for_inference(lambda: learn_pairs([*"abcdefghijkl"], [*"bcdefghijklm"], pairs, framed, **quick))


def test_a_plain_model_is_not_refused(gpt):
    refuse_int8(gpt[1])


@pytest.mark.parametrize("layer", ["head", "blocks"])
@pytest.mark.parametrize("width", [1, 15])
def test_a_wrong_width_is_named(gpt, layer, width):
    """One column would be broadcast."""
    layer = gpt[0].head if layer == "head" else gpt[0].blocks[0].ffn.expand
    with pytest.raises(InputError, match=rf"{type(layer).__name__} has a weight .*, but x is \(2, {width}\)"):
        layer.forward(np.zeros((2, width)))


def test_scales_that_are_not_finite_are_refused_by_name():
    model = model_of("GPT-2's")
    weights = {name: Int8(*quantize(model.vector.named[name].data)) for name in int8_names(model)}
    weights["embedding.weight"].scale[3] = np.nan
    with pytest.raises(InputError, match=r"^embedding\.weight holds numbers that are not finite, or too large"):
        use_int8(model, weights)


def test_on_a_gpu_it_is_refused(cupy_standin):
    model = model_of("GPT-2's")
    model.vector.device = Device("gpu", cupy_standin, "")
    with pytest.raises(InputError, match="in int8 are for the processor"):
        int8_names(model)


def test_it_says_what_it_is(gpt):
    assert repr(gpt[0].blocks[0].ffn.expand) == "Int8Linear(weight int8 (16, 64), bias (64,))"
    assert "(embedding): Int8Embedding(weight int8 (13, 16))" in repr(gpt[0])
