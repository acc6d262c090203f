"""What a program asks of a model whose weights overflow is refused, wherever a largest number would be taken or a mean be made."""

from types import SimpleNamespace

import numpy as np
import pytest

from minillm.alignment.reward_model import score_texts
from minillm.errors import InputError
from minillm.models import (
    GPT,
    ClassifierConfig,
    EncoderConfig,
    GPTConfig,
    MaskedLM,
    QuestionAnswering,
    QuestionAnsweringConfig,
    SequenceClassifier,
    Transformer,
    TransformerConfig,
    finite_on_host,
)
from minillm.objectives import MaskedBatch, SequenceBatch
from minillm.preferences.samples import kl_to
from minillm.pretraining.scores import fill_in_accuracy, token_accuracy
from minillm.text import WordPieceTokenizer

SIZES = {"vocab_size": 7, "layers": 1, "heads": 1, "d_model": 4}
TOKENIZER = WordPieceTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat"])
IDS, ALL = np.array([[5, 4, 6]]), np.ones((1, 3), bool)


def overflowing(kind, config):
    model = kind(config)
    model.vector.data[...] = 3e38
    return model


def batches(batch):
    """Data whose only held-out batch this is."""
    return SimpleNamespace(validation_batches=lambda size: iter([batch]))


GPT_CONFIG, ENCODER = GPTConfig(**SIZES, context=4), EncoderConfig(**SIZES, context=4)
ASKED = {
    "the answer to a question": lambda: overflowing(QuestionAnswering, QuestionAnsweringConfig(ENCODER)).answer(
        IDS, mask=ALL, token_types=np.ones((1, 3), np.int64)
    ),
    "rewards": lambda: score_texts(overflowing(SequenceClassifier, ClassifierConfig(GPT_CONFIG, classes=1)), [IDS[0]]),
    "the divergence of a model": lambda: kl_to(overflowing(GPT, GPT_CONFIG), GPT(GPT_CONFIG), [IDS[0]], TOKENIZER),
    "the divergence from a model": lambda: kl_to(GPT(GPT_CONFIG), overflowing(GPT, GPT_CONFIG), [IDS[0]], TOKENIZER),
    "words filled in": lambda: fill_in_accuracy(
        overflowing(MaskedLM, ENCODER), batches(MaskedBatch(IDS, ALL, IDS)), TOKENIZER
    ),
    "tokens of answers": lambda: token_accuracy(
        overflowing(Transformer, TransformerConfig(**SIZES, d_ff=4)),
        batches(SequenceBatch(IDS, ALL, IDS, IDS)),
        TOKENIZER,
    ),
}


@pytest.mark.parametrize("what", ASKED)
def test_of_numbers_that_are_not_finite_nothing_is_made(what):
    with np.errstate(all="ignore"), pytest.raises(InputError, match=r"^The model's .* are not finite\."):
        ASKED[what]()


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_single_number_is_enough(odd):
    numbers = np.arange(6.0).reshape(2, 3)
    assert finite_on_host(numbers) is numbers
    numbers[1, 2] = odd
    with pytest.raises(InputError, match=r"^The model's dreams are not finite\."):
        finite_on_host(numbers, "dreams")


def test_on_a_gpu_they_come_to_the_host(device):
    found = finite_on_host(device.xp.asarray(np.arange(3.0)))
    assert type(found) is np.ndarray and found.tolist() == [0, 1, 2]
    with pytest.raises(InputError, match="scores are not finite"):
        finite_on_host(device.xp.asarray(np.array([1.0, np.nan])))
