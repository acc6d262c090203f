"""What all metrics have in common: statistics that add up, and clear words about what can't be scored."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.metrics import BLEU, Accuracy, AnswerF1, ChrF, ExactMatch, MacroF1, Rouge, measure
from tests.odd_texts import ODD

METRICS = [
    *(BLEU(tokenize) for tokenize in ("13a", "zh", "char", "none")),
    *(ChrF(words) for words in range(3)),
    *(Rouge(kind) for kind in "12L"),
    *(metric(language) for metric in (ExactMatch, AnswerF1) for language in ("en", "zh")),
    Accuracy(),
]
IDS = [f"{metric.name} {metric.settings}" for metric in METRICS]


@pytest.mark.parametrize("metric", METRICS, ids=IDS)
def test_odd_texts_have_a_score_and_the_right_answer_has_the_best_one(metric):
    best = max(metric.sentence_score(text, [text]) for text in ODD)
    for answer in ODD:
        for reference in ODD:
            assert 0 <= metric.sentence_score(answer, [reference]) <= best + 1e-9


@pytest.mark.parametrize("metric", METRICS, ids=IDS)
def test_a_corpus_is_the_sum_of_its_answers(metric):
    answers, references = ["a b c d e", "b c d f e a"], [["a b c d f"], ["b c d e", "a b c d f e"]]
    each = metric.of_each(answers, references)
    assert measure(metric, answers, references).value == metric.score(each.sum(axis=0))
    assert np.array_equal(each[1], metric.statistics(answers[1], references[1]))


def test_a_single_reference_may_stand_without_a_list():
    assert measure(BLEU(), ["a b c d"], ["a b c d e"]) == measure(BLEU(), ["a b c d"], [["a b c d e"]])


def test_what_cannot_be_scored_is_said():
    with pytest.raises(InputError, match="2 answers but references for 1"):
        measure(ChrF(), ["a", "b"], ["a"])
    with pytest.raises(InputError, match="no answer to score"):
        measure(Accuracy(), [], [])
    with pytest.raises(InputError, match="Answer 2 has no reference"):
        measure(Rouge(), ["a", "b"], ["a", []])
    with pytest.raises(InputError, match="one text where a list"):
        measure(BLEU(), ["a"], "a")
    for answers, references in ((["a", None], ["a", "b"]), (["a", "b"], ["a", 3]), (["a", "b"], ["a", ["b", b"c"]])):
        with pytest.raises(InputError, match="Answer 2, or a reference of it, is "):
            measure(ExactMatch(), answers, references)
    with pytest.raises(InputError, match=r"(?s)no class 'goood'.*Did you mean good"):
        measure(MacroF1(["good", "bad"]), ["goood"], ["good"])


def test_the_signature_says_how_many_references_there_were():
    assert measure(BLEU(), ["a", "b"], ["a", ["a", "b"]]).signature.startswith(
        "nrefs:var|bs:1000|seed:12345|case:mixed"
    )
    assert measure(MacroF1("ab"), ["a"], ["b"]).signature.startswith("nrefs:1|bs:1000|seed:12345|version:minillm-")


def test_the_score_without_an_interval_is_the_measured_one():
    answers, references = ["the cat sat down", "a dog"], ["the cat sat", "the dog"]
    for metric in (BLEU(), ChrF(), ExactMatch()):
        assert metric.corpus_score(answers, references) == measure(metric, answers, references).value
