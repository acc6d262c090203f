"""Pairs in a file, their tokens, and who is held out."""

import json

import numpy as np
import pytest

from minillm.alignment import hold_out, read_pairs, tokenize_pairs
from minillm.alignment.pairs import Pair, answers_of
from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.text import CharTokenizer, WordPieceTokenizer

GOOD = {"prompt": "a", "chosen": "b", "rejected": "c"}


def written(tmp_path, *lines):
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines), encoding="utf-8")
    return str(path)


def test_pairs_are_read_and_blank_lines_are_not(tmp_path):
    assert read_pairs(written(tmp_path, *[GOOD, ""] * 10)) == [Pair("a", "b", "c")] * 10


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("{", "is no JSON"),
        ("[1]", "is no JSON object"),
        ({"prompt": "a", "chosen": "b"}, "has no 'rejected'"),
        ({"prompt": "a", "chosen": "b", "rejected": 3}, "has a 'rejected' that is no string"),
        ({"prompt": "a", "chosen": "", "rejected": "b"}, "has an empty answer"),
        ({"prompt": "a", "chosen": "b", "rejected": "b"}, "has the same answer twice"),
    ],
)
def test_what_is_wrong_has_its_number(tmp_path, line, wrong):
    path = written(tmp_path, *[GOOD] * 3, "", line, *[GOOD] * 9)
    with pytest.raises(InputError) as caught:
        read_pairs(path)
    assert caught.value.wrong.startswith("Line 5 of ") and wrong in caught.value.wrong


def test_too_few(tmp_path):
    with pytest.raises(InputError, match="holds 3 pairs"):
        read_pairs(written(tmp_path, *[GOOD] * 3))


def test_targets_are_the_answers_tokens_and_nothing_else():
    answers = answers_of([np.array([7, 8]), np.array([9])], [np.array([1, 2, 3]), np.array([4])])
    n = IGNORE
    assert answers.inputs.tolist() == [[7, 8, 1, 2], [9, 0, 0, 0]]
    assert answers.targets.tolist() == [[n, 1, 2, 3], [4, n, n, n]]
    assert answers.lengths().tolist() == [3, 1]


class TestTokens:
    tokenizer = CharTokenizer("\nabc")

    def test_an_empty_prompt_is_a_new_line(self):
        tokens = tokenize_pairs([Pair("", "a", "bc")], self.tokenizer, 4)
        assert [row[0].tolist() for row in tokens] == [[0], [1], [2, 3]]

    def test_a_pair_fits_exactly(self):
        tokenize_pairs([Pair("ab", "c", "abc")], self.tokenizer, 4)  # the last token is never read
        with pytest.raises(InputError, match=r"Pair 2 has 4 tokens to read, and the model sees 3 at once"):
            tokenize_pairs([Pair("a", "b", "c"), Pair("ab", "c", "abc")], self.tokenizer, 3)

    @pytest.mark.parametrize(
        ("pair", "wrong"),
        [
            (Pair(" ", "a", "bc"), "has nothing in its 'prompt': it comes to no token"),
            (Pair("a", "\n \n", "bc"), "has nothing in its 'chosen': it comes to no token"),
            (Pair("a", "bc", "\t"), "has nothing in its 'rejected': it comes to no token"),
            (Pair("a", "bc", ""), "has nothing in its 'rejected': it comes to no token"),
            (Pair("", "a", "bc"), "has nothing in its 'prompt': the model's tokenizer knows no new line to put there"),
            (Pair("a", "b c", "b  c\n"), "has the same answer twice, as the model's tokenizer reads it"),
            (Pair("a", "x", "y"), "has the same answer twice, as the model's tokenizer reads it"),
        ],
    )
    def test_a_tokenizer_that_leaves_white_space_out(self, pair, wrong):
        tokenizer = WordPieceTokenizer(["[UNK]", "[CLS]", "[SEP]", "[MASK]", "[PAD]", "a", "b", "c", "bc"])
        with pytest.raises(InputError) as caught:
            tokenize_pairs([Pair("a", "b", "c"), pair], tokenizer, 9)
        assert caught.value.wrong == f"Pair 2 {wrong}."

    def test_an_empty_prompt_for_characters_without_a_new_line(self):
        with pytest.raises(InputError, match=r"Pair 1 has nothing in its 'prompt': .* no new line to put there"):
            tokenize_pairs([Pair("", "a", "b")], CharTokenizer("abc"), 9)
        with pytest.raises(InputError, match="Pair 1: The character"):
            tokenize_pairs([Pair("\n", "a", "b")], CharTokenizer("abc"), 9)

    def test_the_line_of_the_file_is_named_where_there_is_one(self, tmp_path):
        path = written(tmp_path, "", *[GOOD] * 3, "", GOOD | {"chosen": "x"}, *[GOOD] * 9)
        with pytest.raises(InputError) as caught:
            tokenize_pairs(read_pairs(path), self.tokenizer, 9)
        assert caught.value.wrong.startswith(f"Line 6 of {path}: The character 'x'")

    def test_an_unknown_character(self):
        with pytest.raises(InputError, match=r"Pair 2: The character 'x'"):
            tokenize_pairs([Pair("a", "b", "c"), Pair("a", "b", "x")], self.tokenizer, 9)


def test_a_tenth_is_held_out_by_the_seed():
    training, held_out = hold_out(95, 3)
    assert len(held_out) == 9 and sorted([*training, *held_out]) == list(range(95))
    assert held_out.tolist() == hold_out(95, 3)[1].tolist() != hold_out(95, 4)[1].tolist()
