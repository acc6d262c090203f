"""Rewards: what the rules find and leave alone, and what happens when a user's own function goes wrong."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.preferences import (
    Reward,
    find_personal_information,
    length_reward,
    parse_reward,
    personal_reward,
    style_reward,
    style_violations,
    word_reward,
)

# --- the style of a line of Python --------------------------------------------------------------------------------------------------------

GOOD = """\
x = 1
x = f(a, b=2)[0]
x == y and x != z or x <= -1
    return {"a": [1, 2], **others}, (3,)
def f(a=1, *, b: int = 2, **c) -> dict[str, int]:
    key=value,
    key=value)
print("a,b", 'c==d( e', "it's,so")  # comments,too: x=1( y
# x=1,2
    x += 1; y **= 2; z //= 3; w >>= 4
x[a:b], y[-1:], lambda: 0
assert (a, ) and [1, 2]
from . import (  # noqa
)

""".splitlines()

BAD = {
    "x=1": "E225",
    "x =1": "E225",
    "x= 1": "E225",
    "self.x[0]=1": "E225",
    "if x==1:": "E225",
    "if x ==1:": "E225",
    "f(x== 1)": "E225",
    "x+=1": "E225",
    "x **=2": "E225",
    "def f()->int:": "E225",
    "f(a,b)": "E231",
    'f("a","b")': "E231",
    "f( a)": "E201",
    "[ 1, 2]": "E201",
    "f(a )": "E202",
    "{1: 2 }": "E202",
    "x = 1 ": "W291",
    "   ": "W291",
    "# end ": "W291",
    "\tx = 1": "W191",
    "    \tx = 1": "W191",
    "x = " + "1" * 76: "E501",
}


@pytest.mark.parametrize("line", GOOD)
def test_good_lines(line):
    assert style_violations(line) == []


@pytest.mark.parametrize("line", BAD)
def test_bad_lines(line):
    assert [rule[:4] for rule in style_violations(line)] == [BAD[line]]
    assert style_violations(line + "\r\n") == style_violations(line)


def test_the_limit_of_a_line_is_79():
    assert style_violations("x" * 79) == style_violations("x" * 79 + "\n") == []
    assert style_violations("x" * 80) == ["E501 longer than 79 characters"]


def test_several_rules_each_once():
    assert [rule[:4] for rule in style_violations("x=f( a,b,c )\t")] == ["W291", "E201", "E202", "E231", "E225"]


def test_any_line_can_be_judged():
    rng = np.random.default_rng(0)
    for _ in range(300):
        style_violations("".join(rng.choice(list("ab 01'\"\\#=<>!+-*/()[]{},:\t漢"), size=40)))


# --- personal information -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to a.b+c@mail.example.org, soon", [("e-mail", "a.b+c@mail.example.org")]),
        ("<guido@python.org>", [("e-mail", "guido@python.org")]),
        ("see https://docs.python.org/3/x.html#y.", [("URL", "https://docs.python.org/3/x.html#y")]),
        ("(www.example.com/a?b=c)", [("URL", "www.example.com/a?b=c")]),
        ("call +1 (555) 123-4567 or 555-123-4567", [("phone", "+1 (555) 123-4567"), ("phone", "555-123-4567")]),
        ("+44 20 7946 0958", [("phone", "+44 20 7946 0958")]),
        ("电话13800138000。或 010-6552 9988", [("phone", "13800138000"), ("phone", "010-6552 9988")]),
        ("邮箱li@a-b.cn，网址http://a-b.cn/。", [("e-mail", "li@a-b.cn"), ("URL", "http://a-b.cn/")]),
    ],
)
def test_personal_information_is_found(text, found):
    assert find_personal_information(text) == found
    assert personal_reward()([text]) == [-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@property",
        "x @ y, a@b",
        "2023-01-15 12:30:59",
        "version 3.11.4 of 1989-2024",
        "192.168.100.17",
        "pi = 3.14159265358979",
        "0x7fff5fbff8a0 and 1234567890123456",
        "1,234,567 of 10000000",
        "the http server",
        "978-0-13-468599-1",
    ],
)
def test_other_things_are_left_alone(text):
    assert find_personal_information(text) == []
    assert personal_reward()([text]) == [0]


# --- the built-in rewards -----------------------------------------------------------------------------------------------------------------


def test_scores_run_from_0_to_minus_1():
    np.testing.assert_array_equal(style_reward()(["x = 1\n", "x=1\n", ""]), [0, -1, 0])
    np.testing.assert_allclose(length_reward(4)(["abcd", "abc", "abcdef", "", "a" * 100]), [0, -0.25, -0.5, -1, -1])
    assert style_reward()([]).shape == (0,)


def test_words_are_whole_words():
    reward = word_reward(["bad", "very ugly", "C++", "坏"], "list")
    texts = [
        "BAD!",
        "badly",
        "not-bad",
        "a very ugly one",
        "very  ugly",
        "I like C++.",
        "C+",
        "好坏参半",
        "好",
        "bad坏",
    ]
    np.testing.assert_array_equal(reward(texts), [-1, 0, -1, -1, 0, -1, 0, -1, 0, -1])
    assert word_reward(["bad"])(["这是bad的"]) == [-1]  # Chinese around it is no part of the word
    with pytest.raises(InputError, match="The word list of words has no word"):
        word_reward(["", " "])


def test_a_reward_is_chosen_by_its_form(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("bad\n\nugly\n", encoding="utf-8")
    texts = ["bad =1", "a@b.cd", "ok"]
    np.testing.assert_array_equal(parse_reward("style")(texts), [-1, 0, 0])
    np.testing.assert_array_equal(parse_reward("personal")(texts), [0, -1, 0])
    np.testing.assert_array_equal(parse_reward("length:2")(texts), [-1, -1, 0])
    np.testing.assert_array_equal(parse_reward(f"words:{words}")(texts), [-1, 0, 0])


@pytest.mark.parametrize(
    "form", ["", "nice", "words:", "style:3", "rewards.py", "rewards.py:", ":f", "C:\\rewards.txt"]
)
def test_what_is_no_reward_is_refused(form):
    with pytest.raises(InputError, match="There is no reward") as error:
        parse_reward(form)
    assert "FILE.py:NAME" in error.value.remedy


@pytest.mark.parametrize("form", ["length", "length:", "length:-3", "length:x", "length:²"])
def test_what_is_no_length_is_refused(form):
    with pytest.raises(InputError, match="names no length"):
        parse_reward(form)
    with pytest.raises(InputError, match="A length of 0 characters"):
        parse_reward("length:0")


# --- a user's own -------------------------------------------------------------------------------------------------------------------------

OWN = """\
import math
SCORE = 2.0

def vowels(texts):
    return [SCORE * sum(c in "aeiou" for c in text) for text in texts]

def one(texts):
    return 0.5

def short(texts):
    return [0.0] * (len(texts) - 1)

def square(texts):
    return [[0.0] * len(texts)] * len(texts)

def nan(texts):
    return [math.nan if text == "b" * 50 else -math.inf for text in texts]

def words(texts):
    return list(texts)

def ragged(texts):
    return [[0.0], [0.0, 1.0]]

def fails(texts):
    return 1 / 0

def fails_without_a_word(texts):
    assert False
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own rewards.py"
    path.write_text(OWN, encoding="utf-8")
    return path


def test_a_function_of_ones_own(own):
    scores = parse_reward(f"{own}:vowels", trusted=True)(["banana", "xyz"])
    assert scores.dtype == np.float64 and scores.tolist() == [6, 0]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("one", "gave a single number for 2 texts"),
        ("short", "gave 1 scores for 2 texts"),
        ("square", r"gave an array of shape \(2, 2\) for 2 texts"),
        ("nan", r"gave nan for text 1, 'b{40}…'"),
        ("words", "gave something that is no list of numbers"),
        ("ragged", "gave something that is no list of numbers"),
        ("fails", "failed with ZeroDivisionError: division by zero"),
        ("fails_without_a_word", "failed with AssertionError."),
    ],
)
def test_what_it_gives_is_checked(own, name, wrong):
    with pytest.raises(InputError, match=f":{name} {wrong}"):
        parse_reward(f"{own}:{name}", trusted=True)(["b" * 50, "x"])


def test_a_failure_is_told_in_one_line():
    def fails(texts):
        raise ValueError("one\n  two.\n")

    with pytest.raises(InputError) as error:
        Reward("r", fails)([])
    assert error.value.wrong == "The reward r failed with ValueError: one two."


def test_infinity_is_no_score(own):
    with pytest.raises(InputError, match="gave -inf for text 2, 'x'"):
        Reward("r", lambda texts: [0, -np.inf])(["y", "x"])


def test_what_is_not_there_is_said(own, tmp_path):
    with pytest.raises(InputError, match="has no function consonants") as error:
        parse_reward(f"{own}:consonants", trusted=True)
    assert "vowels" in error.value.remedy and "SCORE" not in error.value.remedy
    with pytest.raises(InputError, match="has no function SCORE"):
        parse_reward(f"{own}:SCORE", trusted=True)
    with pytest.raises(InputError, match="There is no file"):
        parse_reward(f"{tmp_path / 'missing.py'}:f", trusted=True)


@pytest.mark.parametrize("content", ["def f(:", "import no_such_module_at_all", "raise SystemExit(3)", "\0"])
def test_a_file_that_cannot_be_run(tmp_path, content):
    path = tmp_path / "broken.py"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"broken\.py can't be run: "):
        parse_reward(f"{path}:f", trusted=True)
