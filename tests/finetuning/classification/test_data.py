"""From texts to batches: nothing mixed up, little padding, every text as likely as any other."""

import numpy as np

from minillm.finetuning import TextData, padded, padding_of, tokenize
from minillm.text import BPETokenizer, CharTokenizer

ROWS = [np.arange(1, 1 + i % 7 + 1) + 10 * i for i in range(40)]  # the first id tells which row it is
LABELS = np.arange(40)


def test_unknown_characters_are_dropped_and_long_texts_cut():
    tokens = tokenize(["abba", "a-b", "語", "aaaaab"], CharTokenizer("ab"), 5)
    assert [row.tolist() for row in tokens.rows] == [[0, 1, 1, 0], [0, 1], [], [0, 0, 0, 0, 0]]
    assert (tokens.cut, tokens.dropped) == (1, 2)
    assert tokenize(["a" * 99], CharTokenizer("ab")).cut == 0


def test_the_ends_of_an_encoder_stay_where_a_text_is_cut():
    tokenizer = BPETokenizer([], ["[PAD]", "[CLS]", "[SEP]"])
    tokens = tokenize(["ab", "abcdef", "[CLS]"], tokenizer, 5)
    assert [row.tolist() for row in tokens.rows[:2]] == [[257, 97, 98, 258], [257, 97, 98, 99, 258]]
    assert tokens.rows[2].tolist() == [257, *b"[CL", 258], "a text is text"
    assert tokens.cut == 2 and tokens.rows[0].dtype == np.int64
    assert (padding_of(tokenizer), padding_of(CharTokenizer("ab"))) == (256, 0)


def test_padding_stands_on_the_right():
    ids, mask = padded([np.array([3, 4]), np.array([], np.int64), np.array([5])], 9)
    assert ids.tolist() == [[3, 4], [9, 9], [5, 9]]
    assert mask.tolist() == [[True, True], [False, False], [True, False]]
    ids, mask = padded([np.array([], np.int64)], 9)
    assert ids.shape == (1, 1) and not mask.any(), "a model needs a token, even of a text without any"


def rows_of(ids, mask) -> list[int]:
    """Which rows a batch holds, each checked to be whole."""
    for row, real in zip(ids, mask, strict=True):
        number = row[0] // 10
        assert np.array_equal(row[real], ROWS[number]) and (row[~real] == 999).all()
    return [int(row[0]) // 10 for row in ids]


def test_every_text_is_drawn_with_its_label_and_as_often_as_any_other():
    data = TextData(ROWS, LABELS, ROWS[:1], LABELS[:1], 999)
    drawn = np.zeros(40)
    rng = np.random.default_rng(0)
    for _ in range(2000):
        ids, mask, labels = data.batch(rng, 4)
        assert rows_of(ids, mask) == labels.tolist()
        drawn[labels] += 1
    assert abs(drawn / drawn.mean() - 1).max() < 0.4, "8,000 draws: 200 each, give or take 14 and the batches' own"


def test_a_batch_has_texts_of_a_like_length():
    rows = [np.zeros(1 + i, np.int64) for i in range(640)]
    _, mask, _ = TextData(rows, np.arange(640), rows, np.arange(640), 0).batch(np.random.default_rng(0), 8)
    assert np.ptp(mask.sum(axis=1)) < 64


def test_validation_is_every_held_out_text_once_the_shortest_first():
    data = TextData(ROWS[:1], LABELS[:1], ROWS, LABELS, 999)
    batches = list(data.validation_batches(7))
    seen = [number for ids, mask, _ in batches for number in rows_of(ids, mask)]
    assert seen == [label for *_, labels in batches for label in labels.tolist()]
    assert sorted(seen) == list(range(40)) and len(batches) == 6
    assert [len(ROWS[i]) for i in seen] == sorted(len(row) for row in ROWS)
