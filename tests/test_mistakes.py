"""Mistakes that a program makes, each answered by what is wrong and what to do, and none trained on in silence."""

import numpy as np
import pytest

import minillm as ml
from minillm.preferences import Steering, best_of_n
from minillm.preferences.rewards import each

TEXT = "the red cat sat on the mat, and the red dog sat on the cat.\n" * 40
TOKENIZER = ml.CharTokenizer.train(TEXT)
SIZES = {"context": 16, "layers": 1, "heads": 2, "d_model": 8}
GPT = ml.GPT(vocab_size=TOKENIZER.vocab_size, **SIZES)
BERT = ml.MaskedLM(vocab_size=TOKENIZER.vocab_size, **SIZES)
PAIRS = [("the", " red cat", " dog")] * 12
QUICK = {"steps": 1, "progress": False, "workers": 1}
CORPUS = ml.Corpus(TOKENIZER.encode(TEXT), 16)


@pytest.mark.parametrize(
    "mistake, wrong, remedy",
    [
        (lambda: ml.pretrain(TEXT, stepz=1), "no setting 'stepz'", "steps"),
        (lambda: ml.finetune(GPT, TOKENIZER, ["a"], ["b"], lrr=1), "no setting 'lrr'", "lr"),
        (lambda: ml.align(GPT, TOKENIZER, PAIRS, betta=1), "no setting 'betta'", "beta"),
        (lambda: ml.align(GPT, TOKENIZER, PAIRS, method="dppo"), "no method 'dppo'", "Did you mean"),
        (lambda: ml.align(GPT, TOKENIZER, PAIRS[:1]), "holds 1 pairs", "10 or more"),
        (lambda: ml.align(GPT, TOKENIZER, ["abc"] * 12), "'abc' is no pair", "three strings"),
        (lambda: ml.align(GPT, TOKENIZER, [("a", "b")] * 12), "is no pair", "three strings"),
        (lambda: ml.align(GPT, TOKENIZER, [{"prompt": "the", "chosen": "a"}] * 12), "is no pair", "three strings"),
        (lambda: ml.align(BERT, TOKENIZER, PAIRS), "This is an encoder", "Give a GPT"),
        (lambda: ml.finetune(GPT, TOKENIZER, ["a", "b"], [0, 1]), "lists of strings", "as a string"),
        (lambda: ml.finetune(GPT, TOKENIZER, "abab", ["a", "b"] * 2), "lists of strings", "as a string"),
        (lambda: ml.classify(GPT, TOKENIZER, "the"), "knows no classes", "Fine-tune"),
        (lambda: ml.write(BERT, TOKENIZER, "the"), "writes no text", "GPT"),
        (lambda: ml.write(GPT, TOKENIZER, "the", -3), "at least 1, got -3", "positive"),
        (lambda: ml.train(BERT, CORPUS, **QUICK), "would teach it nothing", "`objective`"),
    ],
)
def test_a_mistake_is_said(mistake, wrong, remedy):
    with pytest.raises(ml.InputError) as caught:
        mistake()
    assert wrong in caught.value.wrong and remedy in caught.value.remedy


def test_pairs_may_be_dictionaries_and_come_one_by_one():
    named = ({"prompt": prompt, "chosen": chosen, "rejected": rejected} for prompt, chosen, rejected in PAIRS)
    first, second = (ml.align(GPT, TOKENIZER, pairs, seed=3, **QUICK) for pairs in (named, PAIRS))
    assert np.array_equal(first.vector.data, second.vector.data)
    assert not np.array_equal(first.vector.data, GPT.vector.data)


def test_tokens_that_are_banned_come_beside_those_that_no_text_has():
    padded = ml.GPT(vocab_size=TOKENIZER.vocab_size + 40, **SIZES)
    e = int(TOKENIZER.encode("e")[0])
    assert "e" not in ml.write(padded, TOKENIZER, "cat", 60, banned=[e], temperature=2.0)
    steering = Steering(padded, TOKENIZER, reward=each("short", lambda line: -len(line)), banned=[e])
    found = best_of_n(steering, TOKENIZER.encode("cat"), 4, 30, temperature=2.0)
    assert "e" not in found.text and found.reward == found.rewards.max()


def test_one_stop_string_needs_no_list():
    whole = ml.write(GPT, TOKENIZER, "cat", 40, temperature=0)
    letter = whole[5]
    assert ml.write(GPT, TOKENIZER, "cat", 40, temperature=0, stop=letter) == "cat" + whole[3:].split(letter)[0]


def test_replacing_a_classifier_leaves_nothing_of_it(tmp_path):
    classifier = ml.finetune(GPT, TOKENIZER, ["cat", "dog"] * 20, ["a", "b"] * 20, **QUICK)
    ml.save(tmp_path, classifier, TOKENIZER)
    ml.save(tmp_path, GPT, TOKENIZER, overwrite=True)
    assert not (tmp_path / "labels.json").exists() and type(ml.load(tmp_path, "cpu")[0]) is ml.GPT
