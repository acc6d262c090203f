import numpy as np
import pytest

from minillm.errors import InputError
from minillm.generation import end_tokens, generate, until_stop
from minillm.text import BPETokenizer


def by_the_character(text, stops):
    """What `until_stop` promises: read on until the text ends with a stop string, and leave out the longest that it ends with."""
    for end in range(1, len(text) + 1):
        if found := [len(stop) for stop in stops if text[:end].endswith(stop)]:
            return text[: end - max(found)]
    return text


def cut(text, rng):
    """The text in pieces, some of them empty."""
    places = np.sort(rng.integers(0, len(text) + 1, rng.integers(0, len(text) + 2)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@pytest.mark.parametrize(
    ("text", "stops", "expected"),
    [
        ("one\n\ntwo", ["\n\n"], "one"),
        ("one\ntwo\n", ["\n\n"], "one\ntwo\n"),  # what looked like the beginning of a stop is text after all
        ("stop", ["stop"], ""),
        ("a stop, a stop", ["stop"], "a "),
        ("aab", ["ab"], "a"),
        ("ababac", ["abac"], "ab"),
        ("xyz", [], "xyz"),
        ("", ["a"], ""),
        ("one two three", ["three", "two"], "one "),
        ("abcd", ["abcd", "c"], "ab"),  # `c` is there before `abcd` is
        ("abcd", ["cd", "bcd", "d"], "a"),  # all three end here: the longest
        ("我思故我在", ["故我"], "我思"),
    ],
)
def test_where_a_text_ends(text, stops, expected):
    assert by_the_character(text, stops) == expected
    for pieces in ([text], list(text), ["", *text, ""]):
        assert "".join(until_stop(pieces, stops)) == expected


def test_any_text_cut_anywhere():
    """Two letters and stop strings that overlap themselves and each other; pieces come as early as they can."""
    rng = np.random.default_rng(0)
    stopped = 0
    for _ in range(2000):
        text = "".join(rng.choice(["a", "b"], rng.integers(0, 14)))
        stops = ["".join(rng.choice(["a", "b"], rng.integers(1, 6))) for _ in range(rng.integers(1, 4))]
        expected = by_the_character(text, stops)
        stopped += expected != text
        given = []

        def pieces(parts, given=given):
            for part in parts:
                given.append(part)
                yield part

        shown = ""
        for piece in until_stop(pieces(cut(text, rng)), stops):
            assert piece, "nothing is not a piece"
            shown += piece
            read = "".join(given)
            if len(read) < len(text) and expected != shown:  # what waits could still be the beginning of a stop string
                waiting = by_the_character(read, stops)[len(shown) :]
                assert any(stop.startswith(waiting) for stop in stops)
        assert shown == expected
    assert 500 < stopped < 1900, "or this shows little"


def test_nothing_is_read_after_the_end():
    read = []
    text = "".join(until_stop((read.append(c) or c for c in "one. two."), ["."]))
    assert (text, "".join(read)) == ("one", "one.")


def test_a_stop_string_across_tokens(make_model):
    """Of a model that writes through a tokenizer whose tokens hold several characters; no token is chosen after the end."""
    model, tokenizer = make_model(), BPETokenizer([(97, 98), (98, 97)])
    letters = [97, 98, 256, 257]  # a, b, ab, ba: the model's ids stand for these
    chosen = []

    def tokens():
        for token in generate(model, [3, 1, 4], 60, temperature=3.0):
            chosen.append(letters[token % 4])
            yield chosen[-1]

    whole = tokenizer.decode([letters[token % 4] for token in generate(model, [3, 1, 4], 60, temperature=3.0)])
    stop = whole[20:26]
    text = "".join(until_stop(tokenizer.stream(tokens()), [stop]))
    assert text == by_the_character(whole, [stop]) == whole[: whole.index(stop)]
    written = tokenizer.decode(chosen)
    assert stop in written and stop not in tokenizer.decode(chosen[:-1])


def test_an_empty_stop_string_is_refused():
    with pytest.raises(InputError, match="empty"):
        next(until_stop(["a"], ["b", ""]))


# Tokens that end a text ---------------------------------------------------------------------------------------------------

WITH_AN_END = BPETokenizer([], ["<a>", "</s>"])  # ids 256 and 257
WITHOUT = BPETokenizer([], ["<a>"])


@pytest.mark.parametrize(
    ("named", "tokenizer", "ends"),
    [
        (None, WITHOUT, []),
        ([], WITHOUT, []),
        (7, WITHOUT, [7]),
        (0, WITHOUT, [0]),
        ([7, 256], WITHOUT, [7, 256]),
        ((7,), WITH_AN_END, [7]),
        (None, WITH_AN_END, [257]),
        ((), WITH_AN_END, [257]),
        (50256, WITH_AN_END, [257]),
        (258, WITH_AN_END, [257]),
        (-1, WITH_AN_END, [257]),
        ([50256, 7], WITH_AN_END, [7]),
        ([50256, -1], WITHOUT, []),
    ],
)
def test_which_tokens_end_a_text(named, tokenizer, ends):
    """The model has the say; the tokenizer has it where the model names nothing that could be written."""
    assert end_tokens(named, tokenizer) == ends
