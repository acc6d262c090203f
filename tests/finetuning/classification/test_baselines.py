"""What a classifier has to beat, on held-out texts that were counted by hand."""

import math

import numpy as np
import pytest

from minillm.finetuning import (
    Examples,
    Method,
    Split,
    baselines_of,
    classifier_for,
    held_out_answers,
    prepare_training,
    tokenize_parts,
)
from minillm.models import GPT, GPTConfig
from minillm.text import CharTokenizer
from minillm.training import TrainOptions

SPLIT = Split(
    Examples(["good film", "good one", "good", "dull film", "good day", "dull"], list("yyynyn")),
    Examples(["good", "dull", "dull day"], list("ynn")),
    ["n", "y"],
)
TOKENIZER = CharTokenizer.train("".join([*SPLIT.training.texts, *SPLIT.held_out.texts]))
PARTS = tokenize_parts(SPLIT, TOKENIZER, 16)


def test_they_learn_from_the_training_texts_and_are_judged_on_the_held_out_ones():
    found = baselines_of(PARTS)
    assert found.shares == pytest.approx([1 / 3, 2 / 3])
    assert found.blind_loss == math.log(2)
    assert found.frequency_loss == pytest.approx(-(math.log(2 / 3) + 2 * math.log(1 / 3)) / 3)
    assert (found.commonest, found.commonest_accuracy) == (1, pytest.approx(1 / 3))
    assert found.bag_of_words_accuracy == 1, "one word tells the classes apart"


@pytest.mark.parametrize("freeze", [1, "none"])
def test_the_answers_of_a_model_in_training_are_those_of_the_whole_classifier_in_the_order_of_the_texts(freeze):
    body = GPT(GPTConfig(TOKENIZER.vocab_size, context=16, layers=1, heads=2, d_model=16), seed=3)
    classifier = classifier_for(body, SPLIT.classes, {"pooling": "mean", "dropout": 0.0})
    trainer, whole = prepare_training(classifier, Method(freeze), PARTS, TOKENIZER, TrainOptions(batch=2, warmup=0))
    for _ in range(3):
        trainer.step()
    expected = [whole().forward(row[None])[0].argmax() for row in PARTS.held_out_rows.rows]
    assert held_out_answers(trainer).tolist() == np.array(expected).tolist()
    assert whole().labels == ["n", "y"]
