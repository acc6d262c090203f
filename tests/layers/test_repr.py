"""What a parameter, a layer and a model look like when they are printed."""

import numpy as np

from minillm.gradcheck import LayerCase, all_cases
from minillm.layers import Dropout, LayerNorm, Linear, MultiHeadAttention, Parameter, Pooling, SinusoidalPositions
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, SequenceClassifier

RNG = np.random.default_rng(0)


def test_a_layer_shows_its_parameters_and_their_shapes():
    assert repr(Linear(5, 7, RNG)) == "Linear(weight (5, 7), bias (7,))"
    assert repr(Linear(5, 7, RNG, bias=False)) == "Linear(weight (5, 7))"
    assert repr(LayerNorm(6)) == "LayerNorm(gamma (6,), beta (6,))"
    assert repr(SinusoidalPositions(6)) == "SinusoidalPositions()"
    assert repr(Dropout(0.1)) == "Dropout(0.1)" and repr(Pooling("mean")) == "Pooling('mean')"


def test_a_layer_of_layers_shows_them_one_level_deep():
    expected = """\
MultiHeadAttention(168 parameters
  (query): Linear(weight (6, 6), bias (6,))
  (key): Linear(weight (6, 6), bias (6,))
  (value): Linear(weight (6, 6), bias (6,))
  (output): Linear(weight (6, 6), bias (6,))
  (dropout): Dropout(0.0)
)"""
    assert repr(MultiHeadAttention(6, 2, RNG)) == expected


def test_a_model_counts_its_parameters_and_its_equal_blocks():
    model = GPT(GPTConfig(vocab_size=103, context=64, layers=2, heads=4, d_model=128))
    expected = """\
GPT(418,176 parameters
  (embedding): Embedding(weight (103, 128))
  (positions): LearnedPositions(weight (64, 128))
  (dropout): Dropout(0.0)
  (blocks): 2 x PreNormBlock(198,272 parameters)
  (norm): LayerNorm(gamma (128,), beta (128,))
  (head): TiedLinear(weight (103, 128))
)"""
    assert repr(model) == expected
    assert model.vector.data.size == 418_176, "a table that is used twice is counted once"


def test_what_is_frozen_is_told():
    model = SequenceClassifier(ClassifierConfig(EncoderConfig(50, layers=1, heads=2, d_model=8), classes=3))
    model.body.freeze()
    assert repr(model).startswith("SequenceClassifier(1,") and "27 of them trained\n" in repr(model)
    assert repr(model.body.embedding.weight) == "Parameter('body.embedding.weight', (50, 8), float32, frozen)"
    assert repr(model.head.linear.bias) == "Parameter('head.linear.bias', (3,), float32)"
    assert repr(Parameter(np.ones((2, 3)))) == "Parameter((2, 3), float64)"


def test_whatever_there_is_can_be_printed_in_a_few_lines():
    for name, make in all_cases().items():
        case = make(np.random.default_rng(0))
        if isinstance(case, LayerCase):
            text = repr(case.layer)
            assert text.startswith(type(case.layer).__name__) and len(text.splitlines()) < 16, name
