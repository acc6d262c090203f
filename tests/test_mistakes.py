"""Mistakes that a program makes, each answered by what is wrong and what to do, and none trained on in silence."""

from pathlib import Path

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
        (lambda: ml.align(GPT, TOKENIZER, PAIRS[:1]), "holds 1 pair.", "10 or more"),
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


@pytest.mark.parametrize(
    "given, wrong, remedy",
    [
        (Path("book.txt"), r"PosixPath: book\.txt|WindowsPath: book\.txt", "minillm.read_text(path)"),
        (b"the cat", r"bytes: b'the cat'", 'data.decode("utf-8")'),
        (["the", "cat"], r"list: \['the', 'cat'\]", "Give a string."),
        (7, "int: 7", "Give a string."),
    ],
)
def test_what_is_no_text_is_refused_wherever_a_text_is_wanted(given, wrong, remedy):
    bpe = ml.BPETokenizer.train(TEXT, 5, ["[MASK]", "[CLS]", "[SEP]"])
    bert = ml.MaskedLM(vocab_size=bpe.vocab_size, **SIZES)
    wants = (
        lambda: ml.pretrain(given, preset="tiny", **QUICK),
        lambda: ml.pretrain(given, objective="masked", preset="tiny", **QUICK),
        lambda: ml.pretrain(given, preference="mle", preset="tiny", **QUICK),
        lambda: ml.write(GPT, TOKENIZER, given),
        lambda: ml.fill(bert, bpe, given),
        lambda: ml.attention_maps(GPT, TOKENIZER, given),
        lambda: ml.align(GPT, TOKENIZER, reward="length:3", prompts=given, **QUICK),
        lambda: TOKENIZER.encode(given),
        lambda: bpe.encode(given, special=True),
        lambda: ml.CharTokenizer.train(given),
        lambda: ml.BPETokenizer.train(given, 5),
    )
    for ask in wants:
        with pytest.raises(ml.InputError, match=f"^A text must be a string, and this is ({wrong})") as caught:
            ask()
        assert remedy in caught.value.remedy


@pytest.mark.parametrize("given", [Path("book.txt"), b"the cat"])
def test_what_is_no_text_has_no_class(given):
    classifier = ml.finetune(GPT, TOKENIZER, ["cat", "dog"] * 20, ["a", "b"] * 20, **QUICK)
    for texts in (given, ["cat", given]):
        with pytest.raises(ml.InputError, match=r"^A text must be a string"):
            ml.classify(classifier, TOKENIZER, texts)


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
