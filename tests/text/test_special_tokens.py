import random

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.text import BPETokenizer, CharTokenizer, load_tokenizer, save_tokenizer, with_cls_and_sep

SPECIAL = ("[PAD]", "[MASK]", "<s>", "</s>", "<extra_id_1>", "<extra_id_10>", "[MASK]s", "a b", ".*")


@pytest.fixture(scope="module", params=["char", "bpe"])
def make(request, texts):
    """Trains a tokenizer with the special tokens given."""
    text = "".join([*texts, *SPECIAL])
    if request.param == "char":
        return lambda special: CharTokenizer.train(text, special_tokens=special)
    return lambda special: BPETokenizer.train(text, 300, special_tokens=special)


@pytest.fixture(scope="module")
def tokenizer(make):
    return make(SPECIAL)


def sprinkled(rng: random.Random, texts: list[str]) -> str:
    """Pieces of texts and special tokens, whole and cut, side by side."""
    parts = []
    for _ in range(rng.randrange(8)):
        token = rng.choice(SPECIAL)
        parts += [rng.choice(texts)[:20], token[: rng.choice([len(token), len(token), 3])]]
    return "".join(parts)


def test_they_come_after_the_ordinary_ids(make, tokenizer):
    ordinary = make(()).vocab_size
    assert tokenizer.special_tokens == {token: ordinary + i for i, token in enumerate(SPECIAL)}
    assert tokenizer.vocab_size == ordinary + len(SPECIAL)
    assert make(()).special_tokens == {}


def test_an_ordinary_text_is_encoded_as_without_them(make, tokenizer, texts):
    plain = make(())
    for text in [*texts, "".join(SPECIAL)]:
        assert tokenizer.encode(text).tolist() == plain.encode(text).tolist()


def test_any_text_survives_with_them_and_without(tokenizer, texts):
    rng = random.Random(2)
    special_ids = list(tokenizer.special_tokens.values())
    met = 0
    for _ in range(500):
        text = sprinkled(rng, texts)
        ordinary, ids = tokenizer.encode(text), tokenizer.encode(text, special=True)
        assert ids.dtype == np.int32 and ids.ndim == 1
        assert tokenizer.decode(ids) == tokenizer.decode(ordinary) == text
        assert not np.isin(ordinary, special_ids).any()
        assert "".join(tokenizer.stream(iter(ids))) == text
        skipped = tokenizer.decode(ids, special=False)
        assert skipped == tokenizer.decode(ids[~np.isin(ids, special_ids)])
        assert "".join(tokenizer.stream(iter(ids), special=False)) == skipped
        met += np.isin(ids, special_ids).sum()
    assert met > 500


def test_the_text_around_them_is_as_by_itself(tokenizer):
    ids = tokenizer.special_tokens
    the, of = tokenizer.encode("the ").tolist(), tokenizer.encode(" of").tolist()
    assert tokenizer.encode("the [MASK] of", special=True).tolist() == [*the, ids["[MASK]"], *of]
    assert tokenizer.encode("the [PAD][PAD] of", special=True).tolist() == [*the, ids["[PAD]"], ids["[PAD]"], *of]
    assert tokenizer.encode("</s>", special=True).tolist() == [ids["</s>"]]
    assert tokenizer.decode([*the, ids["[MASK]"], *of], special=False) == "the  of"


def test_the_longest_wins(tokenizer):
    ids = tokenizer.special_tokens
    assert tokenizer.encode("<extra_id_10>[MASK]s[MASK]", special=True).tolist() == [
        ids["<extra_id_10>"],
        ids["[MASK]s"],
        ids["[MASK]"],
    ]


def test_their_names_are_no_patterns(tokenizer):
    assert tokenizer.special_tokens[".*"] not in tokenizer.encode("xyz", special=True)


def test_labels_show_them(tokenizer):
    ids = tokenizer.special_tokens
    assert tokenizer.labels([ids["[MASK]"], ids["a b"]]) == ["[MASK]", "a␣b"]


def test_they_survive_the_file(tmp_path, tokenizer, make):
    save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.special_tokens == tokenizer.special_tokens
    text = "the [MASK] of [PAD] <s>"
    assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()
    assert "special_tokens" not in make(()).to_json()  # as older files are


def test_an_unknown_character_is_none_of_them_and_named_by_its_place_in_the_whole_text():
    tokenizer = CharTokenizer("abc", SPECIAL)
    for unknown in ("!", "z"):  # before and after all that it knows
        with pytest.raises(InputError, match=r"at position 8 .*among the 3 characters"):
            tokenizer.encode("[MASK]ab" + unknown, special=True)


def test_half_a_surrogate_pair_is_named_by_its_place_in_the_whole_text(tokenizer):
    with pytest.raises(InputError, match="at position 8"):
        tokenizer.encode("[MASK]ab\ud800", special=True)


@pytest.mark.parametrize(
    ("special", "message"),
    [
        (("[MASK]", ""), "'' is not"),
        (("[MASK]", 3), "3 is not"),
        (("<s>", "</s>", "<s>"), "'<s>' is there twice"),
        ("[MASK]", "must be several strings"),
        (("\ud800",), "half of a surrogate pair"),
    ],
)
def test_bad_ones_are_refused(special, message):
    for make in (lambda: CharTokenizer.train("ab", special), lambda: BPETokenizer.train("ab", 1, special)):
        with pytest.raises(ValueError, match=message):
            make()


def test_cls_and_sep_around_one_text_and_around_two():
    special = {"[PAD]": 0, "[CLS]": 7, "[SEP]": 8}
    ids, types = with_cls_and_sep(special, np.array([3, 4], np.int32))
    assert ids.tolist() == [7, 3, 4, 8] and types.tolist() == [0, 0, 0, 0]
    ids, types = with_cls_and_sep(special, [3, 4], [5, 6, 5])
    assert ids.tolist() == [7, 3, 4, 8, 5, 6, 5, 8] and types.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert ids.dtype == types.dtype == np.int32
    ids, types = with_cls_and_sep(special, [], [])
    assert ids.tolist() == [7, 8, 8] and types.tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match=r"no special token \[SEP\]: its own are \[CLS\]"):
        with_cls_and_sep({"[CLS]": 7}, [1])
