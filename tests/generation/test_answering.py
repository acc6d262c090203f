"""Answers stand in the passage as they stand there, however long it is."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation.answering import answer, answer_spans, find_answers, windows_of, words_of
from minillm.gradcheck import randomize
from minillm.models import Encoder, EncoderConfig, QuestionAnswering, QuestionAnsweringConfig
from minillm.text import BPETokenizer, WordPieceTokenizer, with_cls_and_sep
from minillm.text.special_tokens import CLS, MASK, PAD, SEP
from tests.odd_texts import ODD, random_text

LETTERS = [chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()]
VOCAB = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS if letter.isalnum()),
]
TOKENIZER = WordPieceTokenizer({token: i for i, token in enumerate([*VOCAB, "我", "。", "the", "owl", "é"])})
CASED = WordPieceTokenizer(TOKENIZER.vocab | {"A": len(TOKENIZER.vocab)}, do_lower_case=False)


def pointing(start: str, end: str, missing: float = -100, context: int = 24) -> SimpleNamespace:
    """A model that takes a token for the start of the answer and another for its end, and the first of both before others."""

    def forward(ids, *, mask, token_types):
        first, last = ((ids == TOKENIZER.vocab[token]) & mask for token in (start, end))
        earlier = -np.arange(ids.shape[1]) / 1000
        scores = np.stack([np.where(first, 9 + earlier, earlier), np.where(last, 9 + earlier, earlier)], axis=1)
        scores[:, :, 0] = missing
        return scores, None

    return SimpleNamespace(forward=forward, config=SimpleNamespace(body=SimpleNamespace(context=context)))


def test_word_by_word_a_text_has_the_tokens_of_the_whole():
    rng = random.Random(0)
    for text in [*ODD, *(random_text(rng) for _ in range(200))]:
        for tokenizer in (TOKENIZER, CASED):
            ids = [tokenizer.encode(text[before:last]) for before, _, last in words_of(text)]
            assert np.array_equal(np.concatenate([*ids, []]), tokenizer.encode(text)), text


def test_words_and_where_they_are():
    text = " The  owl's 我们\t(x)"
    assert [text[first:last] for _, first, last in words_of(text)] == [
        "The",
        "owl",
        "'",
        "s",
        "我",
        "们",
        "(",
        "x",
        ")",
    ]
    assert "".join(text[before:last] for before, _, last in words_of(text)) == text


@pytest.mark.parametrize("before", [0, 3, 11, 40])
def test_an_answer_is_found_in_every_window_as_it_stands_in_the_passage(before):
    passage = "x " * before + "The  Owl, (we) say " + "y " * 30
    assert find_answers(pointing("owl", "w"), TOKENIZER, ["who?"], [passage]) == ["Owl, (we"]


def test_half_a_word_is_none():
    assert find_answers(pointing("##b", "##b"), TOKENIZER, ["q"], ["an abc d"]) == ["abc"]


def test_windows_overlap_and_lose_no_token():
    passage = "a b c d e f g h i j k l m n"
    windows = list(windows_of(0, "q r", passage, TOKENIZER, 12))
    letters = [[passage[first] for first, _ in window.places if first >= 0] for window in windows]
    assert letters == [list("abcdefg"), list("defghij"), list("ghijklm"), list("jklmn")]
    for window, read in zip(windows, letters, strict=True):
        expected = with_cls_and_sep(TOKENIZER, TOKENIZER.encode("q r"), TOKENIZER.encode(" ".join(read)))
        assert np.array_equal(window.ids, expected[0]) and np.array_equal(window.types, expected[1])


def test_a_tokenizer_that_keeps_spaces_reads_the_passage_as_a_whole():
    tokenizer = BPETokenizer.train(" the owl and the fox" * 9, 12, (PAD, MASK, CLS, SEP))
    (window,) = windows_of(0, "the fox", "the owl and the fox", tokenizer, 40)
    whole = with_cls_and_sep(tokenizer, tokenizer.encode("the fox"), tokenizer.encode("the owl and the fox"))
    assert np.array_equal(window.ids, whole[0])


def test_a_question_takes_no_more_than_half_of_the_context():
    (window, *_) = windows_of(0, "q " * 100, "a b c d e f g h i j", TOKENIZER, 20)
    assert window.ids.tolist().count(TOKENIZER.vocab["q"]) == 10 and (window.places >= 0).sum() == 2 * 7


def test_no_answer_where_none_beats_the_first_token():
    ask = (TOKENIZER, ["q", "q"], ["the owl", "a b c"])
    assert find_answers(pointing("owl", "owl", missing=5), *ask, may_be_missing=True) == ["owl", ""]
    assert find_answers(pointing("owl", "owl", missing=5), *ask) == ["owl", "a"]
    both = find_answers(pointing("owl", "owl", missing=10), *ask, may_be_missing=True)
    assert both == ["", ""], "start and end count: 20 beats 18"


def test_a_passage_without_a_token_has_an_empty_answer():
    assert find_answers(pointing("owl", "owl"), TOKENIZER, ["q", "", "q"], ["", "owl", " \t\u3000"]) == ["", "owl", ""]


def test_a_models_own_answer_is_the_same():
    body = EncoderConfig(len(TOKENIZER.vocab), context=24, layers=1, heads=2, d_model=8, token_types=2)
    model = randomize(QuestionAnswering(QuestionAnsweringConfig(body), dtype=np.float64), np.random.default_rng(1))
    questions, passages = ["who is it ?", "why ?"], ["the owl and a fox", "a b c d e f"]
    for longest in (1, 3):
        expected = []
        for question, passage in zip(questions, passages, strict=True):
            ids, types = with_cls_and_sep(TOKENIZER, TOKENIZER.encode(question), TOKENIZER.encode(passage))
            kept = types.copy()
            kept[-1] = 0  # the last [SEP] is no word of the passage
            place = model.forward(ids[None], mask=np.ones((1, len(ids)), bool), token_types=types[None])[0][0]
            spans = [
                (place[0, i] + place[1, j], i, j)
                for i in np.flatnonzero(kept)
                for j in range(i, min(i + longest, len(ids) - 1))
            ]
            _, i, j = max(spans)
            words = [
                passage[first:last]
                for _, first, last in words_of(passage)
                for _ in TOKENIZER.encode(passage[first:last])
            ]
            expected.append((words[i - int(types.argmax())], words[j - int(types.argmax())]))
        found = find_answers(model, TOKENIZER, questions, passages, longest=longest)
        assert [(text.split()[0], text.split()[-1]) for text in found] == expected


def test_an_answer_knows_its_place_and_its_probability():
    body = EncoderConfig(len(TOKENIZER.vocab), context=24, layers=1, heads=2, d_model=8, token_types=2)
    model = randomize(QuestionAnswering(QuestionAnsweringConfig(body), dtype=np.float64), np.random.default_rng(1))
    passage = " The  owl,\na b x"  # a token each
    found = answer(model, TOKENIZER, "who?", passage, longest=2)
    assert found.text == passage[found.start : found.end] and found.text.strip() == found.text != ""
    (window,) = windows_of(0, "who?", passage, TOKENIZER, 24)
    (scores,), _ = model.forward(
        window.ids[None], mask=np.ones((1, len(window.ids)), bool), token_types=window.types[None]
    )
    start, end = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    (first,) = np.flatnonzero(window.places[:, 0] == found.start)[:1]
    last = np.flatnonzero(window.places[:, 1] == found.end)[-1]
    assert found.probability == pytest.approx(start[first] * end[last])
    short = answer_spans(model, TOKENIZER, ["who?", "q"], [passage, "a " * 60], longest=2)[0]
    assert short.probability == pytest.approx(found.probability), "padding takes no part"


def test_no_answer_has_the_probability_of_the_window_where_it_is_least_sure():
    def forward(ids, *, mask, token_types):
        scores = np.zeros((*ids.shape, 2)).swapaxes(1, 2)
        scores[:, :, 0] = 1 + (ids == TOKENIZER.vocab["owl"]).any(axis=1)[:, None]
        return scores, None

    model = SimpleNamespace(forward=forward, config=SimpleNamespace(body=SimpleNamespace(context=10)))
    found = answer_spans(model, TOKENIZER, ["q"], ["a b c d e owl"], may_be_missing=True)
    found += answer_spans(model, TOKENIZER, ["q"], ["owl"], may_be_missing=True)
    found += answer_spans(model, TOKENIZER, ["q"], ["owl a b c d e f g"], may_be_missing=True)
    e = np.e
    for each, least, others in zip(found, (e**2, e**2, e), (9, 4, 8), strict=True):
        assert each[:3] == ("", 0, 0) and each.probability == pytest.approx((least / (least + others)) ** 2)


def test_what_cannot_be_asked():
    config = EncoderConfig(len(TOKENIZER.vocab), context=24, layers=1, heads=2, d_model=8)
    model = QuestionAnswering(QuestionAnsweringConfig(config))
    for question, passage, wrong in ((" ", "a", "The question is empty"), ("a", "\n", "The passage is empty")):
        with pytest.raises(InputError, match=wrong):
            answer(model, TOKENIZER, question, passage)
    for question, passage in ((3, "a"), ("a", ["a"])):
        with pytest.raises(InputError, match="must be a string"):
            answer(model, TOKENIZER, question, passage)
    with pytest.raises(InputError, match="`longest` must be at least 1"):
        answer(model, TOKENIZER, "a", "a", longest=0)
    with pytest.raises(InputError, match="does not answer questions"):
        answer(Encoder(config), TOKENIZER, "a", "b")
