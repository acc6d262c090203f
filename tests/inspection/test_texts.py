"""What a model learns from one text, by its family."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.inspection import example_of
from minillm.models import GPT, MaskedLM, Transformer
from minillm.objectives import CAUSAL, MASKED, SEQUENCE_TO_SEQUENCE
from minillm.ops import IGNORE
from minillm.text import CharTokenizer

SIZES = {"layers": 1, "heads": 1, "d_model": 4}
SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>"]
TEXT = "the cat sat"


@pytest.fixture
def tokenizer():
    return CharTokenizer.train("the cat sat on mat", special_tokens=SPECIAL)


def test_a_gpt_guesses_each_next_token(tokenizer):
    example = example_of(GPT(vocab_size=tokenizer.vocab_size, context=12, **SIZES), tokenizer, TEXT)
    assert example.objective is CAUSAL
    assert tokenizer.decode(example.arrays["inputs"][0]) == TEXT[:-1]
    assert tokenizer.decode(example.arrays["targets"][0]) == TEXT[1:]


def test_a_masked_model_guesses_what_is_hidden(tokenizer):
    model = MaskedLM(vocab_size=tokenizer.vocab_size, context=16, **SIZES)
    example = example_of(model, tokenizer, TEXT, seed=1)
    inputs, targets = example.arrays["inputs"][0], example.arrays["targets"][0]
    assert example.objective is MASKED and len(inputs) == len(TEXT) + 2
    hidden = targets != IGNORE
    assert hidden.sum() == 2 and not hidden[[0, -1]].any()
    np.testing.assert_array_equal(np.where(hidden, targets, inputs)[1:-1], tokenizer.encode(TEXT))


def test_an_encoder_decoder_restores_the_text_or_writes_the_target(tokenizer):
    model = Transformer(tokenizer.vocab_size, 4, 1, 1)
    damaged, told = example_of(model, tokenizer, TEXT), example_of(model, tokenizer, TEXT, target="mat")
    assert damaged.objective is told.objective is SEQUENCE_TO_SEQUENCE
    assert tokenizer.decode(damaged.arrays["targets"][0]) == TEXT + "</s>"
    left = set(tokenizer.decode(damaged.arrays["source"][0]).removesuffix("</s>").split())
    assert len(left) == 2 and left < set(TEXT.split())
    assert tokenizer.decode(told.arrays["source"][0]) == TEXT + "</s>"
    assert tokenizer.decode(told.arrays["decoder_input"][0]) == "<s>mat"
    assert tokenizer.decode(told.arrays["targets"][0]) == "mat</s>"


def test_a_text_of_too_many_tokens_or_a_target_for_a_gpt_is_an_error(tokenizer):
    model = GPT(vocab_size=tokenizer.vocab_size, context=32, **SIZES)
    with pytest.raises(InputError, match="has 18 tokens, and a step is shown of 2 to 17"):
        example_of(model, tokenizer, "the cat sat on mat")
    with pytest.raises(InputError, match="`target` is for encoder-decoders"):
        example_of(model, tokenizer, TEXT, target="mat")
