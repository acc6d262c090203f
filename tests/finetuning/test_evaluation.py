"""How good a classifier is on labelled texts of a file, an encoder-decoder on pairs, and a question answerer."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import Examples, Pairs, class_probabilities, tokenize
from minillm.finetuning.columns import Line
from minillm.finetuning.evaluation import evaluate_classifier, evaluate_pairs, evaluate_questions
from minillm.finetuning.pair_tasks import SUMMARISE
from minillm.finetuning.question_scores import sentence_like
from minillm.finetuning.questions import Questions
from minillm.generation import translate
from minillm.gradcheck import randomize
from minillm.metrics import BLEU, measure
from minillm.models import ClassifierConfig, EncoderConfig, SequenceClassifier, Transformer
from minillm.text import CharTokenizer
from minillm.text.special_tokens import BOS, EOS, PAD
from tests.generation.test_answering import TOKENIZER as POINTS_IN
from tests.generation.test_answering import pointing

TEXTS = [f"{word} {number}" for number in range(20) for word in ("good", "bad", "odd")]
TOKENIZER = CharTokenizer.train(" ".join(TEXTS))
BODY = EncoderConfig(TOKENIZER.vocab_size, context=12, layers=1, heads=2, d_model=8)
MODEL = SequenceClassifier(ClassifierConfig(BODY, 3), seed=1)
MODEL.labels = ["bad", "good", "odd"]
LINES = [Line(10 + place, text, text.split()[0]) for place, text in enumerate(TEXTS) if text != "odd 3"]
LABELS = [line.second for line in LINES]


def test_answers_accuracy_and_confusion_agree():
    found = evaluate_classifier(MODEL, TOKENIZER, LINES)
    probabilities = class_probabilities(MODEL, tokenize([line.first for line in LINES], TOKENIZER).rows, 0)
    assert found.answers == [MODEL.labels[i] for i in probabilities.argmax(axis=1)]
    accuracy, macro = found.evaluation.measures
    right = np.mean([answer == label for answer, label in zip(found.answers, LABELS, strict=True)])
    assert right == np.trace(found.confusion) / found.confusion.sum() and accuracy.value == pytest.approx(100 * right)
    assert found.confusion.sum(axis=1).tolist() == [20, 20, 19]
    named = found.confusion.sum(axis=0) + found.confusion.sum(axis=1)
    assert macro.value == pytest.approx(100 * (2 * np.diag(found.confusion) / named).mean())


def test_the_worst_are_those_whose_label_is_least_likely_with_their_lines():
    found = evaluate_classifier(MODEL, TOKENIZER, LINES).evaluation
    chances = [case.score for case in found.worst]
    assert chances == sorted(chances) and len(chances) == 10
    for case in found.worst:
        line = next(line for line in LINES if line.number == case.line)
        assert (case.text, case.reference) == (line.first, line.second)
    probabilities = class_probabilities(MODEL, tokenize([line.first for line in LINES], TOKENIZER).rows, 0)
    assert chances[0] == min(row[MODEL.labels.index(label)] for row, label in zip(probabilities, LABELS, strict=True))


def test_what_is_to_be_beaten():
    alone = evaluate_classifier(MODEL, TOKENIZER, LINES).evaluation.baselines
    assert [(each.name, each.measured.name) for each in alone] == [
        ("always good", "accuracy"),
        ("always good", "macro-F1"),
    ]
    assert alone[0].measured.value == pytest.approx(100 * 20 / 59)
    training = Examples([f"odd {i}" for i in range(9)] + ["good 1", "bad 1"] * 3, ["odd"] * 9 + ["good", "bad"] * 3)
    found = {
        each.name: each.measured.value
        for each in evaluate_classifier(MODEL, TOKENIZER, LINES, training).evaluation.baselines
        if each.measured.name == "accuracy"
    }
    assert found == pytest.approx({"always odd": 100 * 19 / 59, "a bag of words": 100})


def test_a_label_that_the_model_does_not_know_is_told_with_its_line():
    with pytest.raises(InputError, match=r"Line 7 has the label 'fair', which the model does not know"):
        evaluate_classifier(MODEL, TOKENIZER, [*LINES, Line(7, "good", "fair")])


WRITES = CharTokenizer(" .abcdef", (PAD, BOS, EOS))
WRITER = randomize(Transformer(WRITES.vocab_size, d_model=8, nhead=2, num_layers=1), np.random.default_rng(27))
PAIRS = Pairs(
    ["a b c d e", "b c d e", "f", "a. b", "c d"], ["a b c d f", "e d c b", "f f", "a.", "a a c"], [2, 3, 5, 6, 9]
)
TRAINING = Pairs(["c d e", "a b"], ["e d c b", "a"], [1, 2])


def test_an_encoder_decoder_is_judged_by_what_it_writes():
    found, written = evaluate_pairs(WRITER, WRITES, PAIRS, beams=2), translate(WRITER, WRITES, PAIRS.sources, beams=2)
    assert found.answers == written != translate(WRITER, WRITES, PAIRS.sources)
    assert [each.name for each in found.evaluation.measures] == ["BLEU", "chrF2"]
    assert found.evaluation.measures[0] == measure(BLEU(), written, PAIRS.targets)
    (copy,) = [each for each in found.evaluation.baselines if each.measured.name == "BLEU"]
    assert copy.name == "the source as it is" and copy.measured == measure(BLEU(), PAIRS.sources, PAIRS.targets)


def test_the_answers_furthest_from_their_targets_come_first_with_their_lines():
    worst = evaluate_pairs(WRITER, WRITES, PAIRS).evaluation.worst
    written = translate(WRITER, WRITES, PAIRS.sources)
    assert sorted(case.line for case in worst) == PAIRS.lines
    for case in worst:
        place = PAIRS.lines.index(case.line)
        assert case[1:4] == (PAIRS.sources[place], written[place], PAIRS.targets[place])
        assert case.score == BLEU().sentence_score(case.answer, [case.reference])
    assert [case.score for case in worst] == sorted(case.score for case in worst)


def test_summaries_are_compared_with_the_first_sentence_and_with_the_nearest_text():
    found = evaluate_pairs(WRITER, WRITES, PAIRS, SUMMARISE, TRAINING).evaluation
    assert [each.name for each in found.measures] == ["ROUGE-L", "ROUGE-1", "ROUGE-2"]
    first, nearest = (each for each in found.baselines if each.measured.name == "ROUGE-L")
    assert (first.name, nearest.name) == ("the first sentence", "the nearest pair's target")
    assert nearest.measured.value > 0


PASSAGE = "The fox sleeps. The old owl flew to the sea! We saw it."


def test_a_question_answerer_is_judged_by_f1_and_exact_match():
    questions = Questions(
        ["1", "2", "3"],
        ["who flew ?", "where to ?", "when ?"],
        [PASSAGE] * 3,
        [["Owl"], ["the sea"], ["now", "the owl flew!"]],
        [[None]] * 3,
    )
    found = evaluate_questions(pointing("owl", "owl", context=40), POINTS_IN, questions)
    assert found.answers == ["owl"] * 3 and found.ids == ["1", "2", "3"]
    f1, exact = found.evaluation.measures
    assert (f1.name, exact.name) == ("F1", "EM")
    assert exact.value == pytest.approx(100 / 3) and f1.value == pytest.approx(100 * (1 + 0 + 2 / 3) / 3)
    assert "lang:en" in f1.signature
    like, blind, *_ = found.evaluation.baselines
    assert like.name == "the sentence most like the question" and like.measured.value < f1.value
    assert blind.name == "the same model without the question"
    assert blind.measured.value == f1.value, "this one looks at no question"
    assert [case.text for case in found.evaluation.worst] == ["where to ?", "when ?", "who flew ?"]
    assert found.evaluation.worst[0][1:4] == ("where to ?", "owl", "the sea")


def test_where_answers_may_be_missing_the_model_may_say_so():
    questions = Questions(["1", "2"], ["who flew ?", "why ?"], [PASSAGE, "We saw it."], [["owl"], [""]], [[None]] * 2)
    found = evaluate_questions(pointing("owl", "owl", missing=5, context=40), POINTS_IN, questions)
    assert found.answers == ["owl", ""] and found.evaluation.measures[1].value == 100


def test_chinese_answers_are_measured_by_character():
    questions = Questions(["1"], ["谁？"], ["我们 owl"], [["我们"]], [[None]])
    found = evaluate_questions(pointing("我", "我", context=40), POINTS_IN, questions).evaluation
    assert found.measures[0].value == pytest.approx(100 * 2 / 3) and "lang:zh" in found.measures[0].signature


def test_the_sentence_most_like_a_question():
    assert sentence_like("Where did the owl fly?", PASSAGE) == "The old owl flew to the sea!"
    assert sentence_like("我们看见了什么？", "狐狸睡了。我们看见了它。") == "我们看见了它。"
