"""BERT's way to pretrain: what a piece is, a sentence or all sentences of a line; and which tokens stand in a hidden one's place."""

import numpy as np
import pytest

from minillm.ops import IGNORE
from minillm.pretraining import Masked
from minillm.text import BPETokenizer, CharTokenizer, WordPieceTokenizer

LINES = ["the hen ran. it sang.", "no fox came. it slept. it ate."]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
TEXT = "the fox ran home. the hen sat in the sun. " * 200


@pytest.mark.parametrize(
    ("line_by_line", "expected"),
    [
        (False, {"the hen ran.", " it sang.", "\nno fox came.", " it slept.", " it ate.", "\nthe hen ran."}),
        (True, {f"{line}\n" for line in LINES}),
    ],
)
def test_a_piece_is_a_sentence_or_with_line_by_line_a_line(line_by_line, expected):
    text = "\n".join(LINES * 20) + "\n"
    tokenizer = CharTokenizer.train(text, Masked.special_tokens)
    pieces = Masked(context=60, line_by_line=line_by_line).data(text, tokenizer).pieces
    drawn = pieces.draw(np.random.default_rng(0), 400)
    assert {tokenizer.decode(row[real]) for row, real in zip(drawn.ids, drawn.real, strict=True)} == expected


def random_tokens(tokenizer) -> set[int]:
    """What stands at hidden places, besides the mask and the right token."""
    batch = Masked(context=16, rate=0.5).data(TEXT, tokenizer).batch(np.random.default_rng(0), 2000)
    drawn = batch.inputs[(batch.targets != IGNORE) & (batch.inputs != batch.targets)]
    return set(drawn.tolist()) - {tokenizer.special_tokens["[MASK]"]}


def test_a_random_token_is_any_but_a_special_one_wherever_those_stand():
    words = ["the", "fox", "ran", "home", ".", "hen", "sat", "in", "sun"]
    for vocabulary in ([*SPECIAL, *words], [*words, *SPECIAL], [*words[:4], *SPECIAL, *words[4:]]):
        bert = WordPieceTokenizer({token: i for i, token in enumerate(vocabulary)})
        assert random_tokens(bert) == {bert.vocab[word] for word in words}


def test_of_a_tokenizer_of_ours_it_is_any_of_its_bytes_and_merges():
    tokenizer = BPETokenizer.train(TEXT, 8, Masked.special_tokens)
    assert random_tokens(tokenizer) == set(range(tokenizer.vocab_size - len(Masked.special_tokens)))
