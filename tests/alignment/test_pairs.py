"""Pairs in a file, their tokens, and who is held out."""

import json

import numpy as np
import pytest

from minillm.alignment import hold_out, read_pairs, tokenize_pairs
from minillm.alignment.pairs import Pair, answers_of, as_pair, split_pairs
from minillm.errors import InputError
from minillm.ops import IGNORE
from minillm.text import CharTokenizer, WordPieceTokenizer
from minillm.text.chat import ChatFormat, with_chat_tokens

GOOD = {"prompt": "a", "chosen": "b", "rejected": "c"}


def user(content):
    return {"role": "user", "content": content}


def assistant(content):
    return {"role": "assistant", "content": content}


CHAT = {"prompt": [user("a")], "chosen": [assistant("b")], "rejected": [assistant("c")]}


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
        (CHAT | {"rejected": [assistant("b")]}, "has the same answer twice"),
        (CHAT | {"prompt": "a"}, "has messages, and a part that is no list of them"),
        (CHAT | {"rejected": "c"}, "has messages, and a part that is no list of them"),
        ({"prompt": [user("a")], "chosen": [assistant("b")]}, "has messages, and a part that is no list of them"),
        (CHAT | {"rejected": []}, "has a 'rejected' that does not end with an answer"),
        (CHAT | {"chosen": [assistant("b"), user("a")]}, "has a 'chosen' that does not end with an answer"),
        (CHAT | {"prompt": [], "chosen": [assistant("b")]}, "has in its 'chosen' no conversation"),
        (
            CHAT | {"chosen": [assistant(" ")]},
            "has in its 'chosen' no conversation: message 2, of the assistant, is empty",
        ),
        (CHAT | {"prompt": [{"role": "tool", "content": "a"}]}, "no conversation: message 1 has the role 'tool'"),
        (CHAT | {"prompt": [3]}, 'no conversation: message 1 has no strings "role" and "content"'),
        (
            {"chosen": [user("a"), assistant("b")], "rejected": [user("b"), assistant("c")]},
            "has answers to different conversations",
        ),
    ],
)
def test_what_is_wrong_has_its_number(tmp_path, line, wrong):
    path = written(tmp_path, *[GOOD] * 3, "", line, *[GOOD] * 9)
    with pytest.raises(InputError) as caught:
        read_pairs(path)
    assert caught.value.wrong.startswith("Line 5 of ") and wrong in caught.value.wrong


def test_a_pair_of_messages_is_a_conversation_and_two_answers(tmp_path):
    whole = {key: [user("a"), assistant("x"), user("b"), *CHAT[key]] for key in ("chosen", "rejected")}
    split = {"prompt": [user("a")]} | {key: [assistant("x"), user("b"), *CHAT[key]] for key in ("chosen", "rejected")}
    said = (user("a"), assistant("x"), user("b"))
    expected = [Pair((user("a"),), "b", "c"), *[Pair(said, "b", "c")] * 2]
    assert read_pairs(written(tmp_path, CHAT, whole, split, *[GOOD] * 9))[:3] == expected
    assert [as_pair(record) for record in (CHAT, whole, split)] == expected


def test_too_few(tmp_path):
    with pytest.raises(InputError, match="holds 3 pairs"):
        read_pairs(written(tmp_path, *[GOOD] * 3))


def test_targets_are_the_answers_tokens_and_nothing_else():
    answers = answers_of([np.array([7, 8]), np.array([9])], [np.array([1, 2, 3]), np.array([4])])
    n = IGNORE
    assert answers.inputs.tolist() == [[7, 8, 1, 2], [9, 0, 0, 0]]
    assert answers.targets.tolist() == [[n, 1, 2, 3], [4, n, n, n]]
    assert answers.lengths().tolist() == [3, 1]


class TestMessages:
    tokenizer = with_chat_tokens(CharTokenizer("abcx"))

    def test_tokens_are_those_that_chat_learns_and_reads(self):
        said = [{"role": "system", "content": "x"}, user("a"), assistant("x"), user("b")]
        pair = Pair(tuple(said), "ab", "c")
        prompts, chosen, rejected = (rows[0] for rows in tokenize_pairs([pair], self.tokenizer, 99))
        chat = ChatFormat(self.tokenizer)
        whole = chat.conversation([*said, assistant("ab")])
        assert [*prompts, *chosen] == whole.ids.tolist() and whole.written[len(prompts) :].all()
        assert not whole.written[len(prompts) - 1] and rejected.tolist() == chat.answer("c").tolist()

    def test_what_is_wrong(self):
        pair = Pair((user("a"),), "b", "c")
        with pytest.raises(InputError, match="Pair 1 is a conversation, and the model's tokenizer has no tokens"):
            tokenize_pairs([pair], CharTokenizer("abc"), 99)
        with pytest.raises(InputError, match="Pair 2: The character 'y'"):
            tokenize_pairs([pair, Pair((user("y"),), "b", "c")], self.tokenizer, 99)
        with pytest.raises(InputError, match="Pair 1 has 5 tokens to read, and the model sees 4"):
            tokenize_pairs([pair], self.tokenizer, 4)
        with pytest.raises(InputError, match="A reward model scores texts"):
            split_pairs([pair] * 10, self.tokenizer, 99, "reward", seed=0)


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
