"""What a piece is, while tokens of it are hidden: a sentence, or all sentences of a line."""

import numpy as np
import pytest

from minillm.pretraining import Masked
from minillm.text import CharTokenizer

LINES = ["the hen ran. it sang.", "no fox came. it slept. it ate."]


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
