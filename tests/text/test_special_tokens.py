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
    tokenizer = CharTokenizer("abcdefg", ("[CLS]", "[SEP]"))  # 7 and 8
    ids, types = with_cls_and_sep(tokenizer, np.array([3, 4], np.int32))
    assert ids.tolist() == [7, 3, 4, 8] and types.tolist() == [0, 0, 0, 0]
    ids, types = with_cls_and_sep(tokenizer, [3, 4], [5, 6, 5])
    assert ids.tolist() == [7, 3, 4, 8, 5, 6, 5, 8] and types.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert ids.dtype == types.dtype == np.int32
    ids, types = with_cls_and_sep(tokenizer, [], [])
    assert ids.tolist() == [7, 8, 8] and types.tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match=r"no special token for the role of \[SEP\]: its own are \[CLS\]"):
        with_cls_and_sep(CharTokenizer("ab", ("[CLS]",)), [1])


def test_a_role_is_told_by_the_name_of_a_token():
    special = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "<s>", "</s>")
    tokenizer = CharTokenizer("ab", special)
    roles = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token", "bos_token", "eos_token")
    assert [tokenizer.role(role) for role in roles] == [2, 3, 4, 5, 6, 7, 8]
    assert CharTokenizer("ab", ("<|endoftext|>", "</s>")).role("eos_token") == 3, "the first of the usual names"
    assert CharTokenizer("ab", ("<|endoftext|>",)).role("eos_token") == 2
    assert CharTokenizer("ab").role("eos_token") is None


class TestATokenizerOfMoreTokensThanItsModel:
    """What the model has no row for is refused in a text, and is nobody's elsewhere."""

    @pytest.fixture
    def tokenizer(self, make):
        tokenizer = make(SPECIAL)
        tokenizer.restrict(tokenizer.special_tokens["</s>"])
        return tokenizer

    def test_its_size_is_that_of_the_model(self, make, tokenizer):
        ordinary = make(()).vocab_size
        assert tokenizer.vocab_size == ordinary + 3
        assert list(tokenizer.special_tokens) == ["[PAD]", "[MASK]", "<s>"]
        assert tokenizer.role("eos_token") is None and tokenizer.role("bos_token") == ordinary + 2
        assert tokenizer.labels([ordinary + 2]) == ["<s>"]
        for use in (tokenizer.decode, tokenizer.labels):
            with pytest.raises(ValueError, match=f"token id {ordinary + 3} is outside the vocabulary"):
                use([ordinary + 3])

    def test_a_text_that_uses_one_is_refused(self, make, tokenizer):
        i = make(SPECIAL).special_tokens["</s>"]
        with pytest.raises(InputError) as caught:
            tokenizer.encode("the </s> [MASK] <extra_id_1>", special=True)
        assert (
            caught.value.wrong
            == f"The text has the token '</s>' (id {i}), and the model knows the ids 0 to {i - 1} only."
        )

    def test_any_other_text_is_read_as_ever(self, make, tokenizer):
        for text, special in (("the </s> [MASK]", False), ("the [MASK] <s>", True), ("", True)):
            assert tokenizer.encode(text, special).tolist() == make(SPECIAL).encode(text, special).tolist()

    def test_its_file_forgets_none(self, make, tokenizer, tmp_path):
        save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
        assert load_tokenizer(tmp_path / "tokenizer.json").to_json() == make(SPECIAL).to_json()

    def test_a_model_of_more_tokens_changes_nothing(self, make):
        tokenizer, size = make(SPECIAL), make(SPECIAL).vocab_size
        tokenizer.restrict(size + 9)
        assert tokenizer.vocab_size == size and "b" in SPECIAL[-2]
