import json
import unicodedata
from itertools import pairwise

import pytest

from minillm.errors import InputError
from minillm.text import GPT2Tokenizer, load_tokenizer, save_tokenizer
from minillm.text.added_tokens import AddedToken
from minillm.text.gpt2 import byte_characters, words


@pytest.fixture
def files(gpt2_folder):
    return gpt2_folder / "vocab.json", gpt2_folder / "merges.txt"


@pytest.fixture
def tokenizer(files):
    return GPT2Tokenizer.read(*files)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The cat sat.", ["The", " cat", " sat", "."]),
        ("don't we'll 'S", ["don", "'t", " we", "'ll", " '", "S"]),
        ("'s't'm'd're've'll'x", ["'s", "'t", "'m", "'d", "'re", "'ve", "'ll", "'", "x"]),
        ("x2 snake_case", ["x", "2", " snake", "_", "case"]),
        ("a   b\n\n  c  ", ["a", "  ", " b", "\n\n ", " c", "  "]),
        ("½ ² Ⅷ٣12", ["½", " ²", " Ⅷ٣12"]),
        ("一二三 α", ["一二三", " α"]),
        ("e\u0301a", ["e", "\u0301", "a"]),  # an accent is no letter
        ("a\x1cb\u200bc", ["a", "\x1c", "b", "\u200b", "c"]),  # neither of these is white space
        ("a\u00a0\u3000b\x85", ["a", "\u00a0", "\u3000", "b", "\x85"]),
        ("a" * 130, ["a" * 130]),
    ],
)
def test_words_are_those_of_gpt2(text, pieces):
    assert words().findall(text) == pieces


def kind(character: str) -> str:
    """One character for all of its kind: letters, numbers, white space (four controls are none), the rest."""
    category = unicodedata.category(character)[0]
    white = character.isspace() and character not in "\x1c\x1d\x1e\x1f"
    return "a" if category == "L" else "1" if category == "N" else "\n" if white else "-"


def test_letters_numbers_and_white_space_are_unicodes():
    """Where the kinds change: all of a kind are one word, and none joins a character of another kind."""
    every = list(map(chr, range(0x110000)))
    kinds = list(map(kind, every))
    edges = [i for i, (left, right) in enumerate(pairwise(kinds)) if left != right]
    edges = sorted({*edges, *(i + 1 for i in edges), 0, len(every) - 1})
    assert len(edges) > 1000
    for one in "a1\n-":
        members = [every[i] for i in edges if kinds[i] == one]
        assert words().fullmatch("".join(members)), one
        for other in set("a1-") - {one}:
            mixed = other.join(member for member in members if member != " ")
            assert max(map(len, words().findall(mixed))) == 1, (one, other)


def test_bytes_are_written_as_gpt2_writes_them():
    characters = byte_characters()
    assert len(set(characters)) == 256
    assert [characters[byte] for byte in b" \n\0A~\x7f\xa0\xa1\xad\xff"] == list("ĠĊĀA~ġł¡Ńÿ")


def test_any_text_survives(tokenizer, texts):
    for text in texts:
        assert tokenizer.decode(tokenizer.encode(text)) == text
        ids = tokenizer.encode(text, special=True)
        assert tokenizer.decode(ids) == text
        assert "".join(tokenizer.stream(iter(ids))) == text


def test_ids_are_those_of_the_file(tokenizer, bpe):
    """The folder's vocabulary has the ids of our own tokenizer, whose words differ from GPT-2's in few places."""
    text = "The cat sat on the mat."
    assert tokenizer.encode(text).tolist() == bpe.encode(text).tolist()
    assert tokenizer.vocab_size == bpe.vocab_size + 1
    assert tokenizer.special_tokens == {"<|endoftext|>": bpe.vocab_size}


def test_ids_follow_the_vocabulary_whatever_its_order(files, tokenizer):
    vocab = json.loads(files[0].read_text(encoding="utf-8"))
    last = len(vocab) - 1
    files[0].write_text(json.dumps({token: last - i for token, i in vocab.items()}), encoding="utf-8")
    turned = GPT2Tokenizer.read(*files)
    text = "The cat sat<|endoftext|> on 我 the mat."
    assert turned.encode(text, special=True).tolist() == (last - tokenizer.encode(text, special=True)).tolist()
    assert turned.decode(turned.encode(text)) == text


def test_the_end_of_a_text_is_itself_only_when_asked(tokenizer):
    end = tokenizer.special_tokens["<|endoftext|>"]
    cat = tokenizer.encode(" cat").tolist()
    assert tokenizer.encode(" cat<|endoftext|> cat", special=True).tolist() == [*cat, end, *cat]
    assert end not in tokenizer.encode(" cat<|endoftext|> cat")
    assert tokenizer.decode([*cat, end, *cat], special=False) == " cat cat"


def test_a_special_token_outside_the_vocabulary_comes_after_it(files, tokenizer):
    more = GPT2Tokenizer.read(*files, added_tokens=[AddedToken("[PAD]"), AddedToken("<|endoftext|>"), AddedToken("我")])
    size = tokenizer.vocab_size
    assert more.special_tokens == {"<|endoftext|>": size - 1, "[PAD]": size, "我": size + 1}
    assert more.vocab_size == size + 2
    assert more.encode("我[PAD]", special=True).tolist() == [size + 1, size]
    assert more.decode([size + 1, size]) == "我[PAD]"


def test_it_survives_the_file_of_a_run(tmp_path, tokenizer, texts):
    save_tokenizer(tokenizer, tmp_path / "tokenizer.json")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert type(loaded) is GPT2Tokenizer
    assert loaded.special_tokens == tokenizer.special_tokens
    for text in texts:
        assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()


def test_merges_may_come_without_their_first_line_and_with_other_line_ends(files, tokenizer):
    lines = files[1].read_bytes()
    files[1].write_bytes(lines.split(b"\n", 1)[1].replace(b"\n", b"\r\n"))
    assert GPT2Tokenizer.read(*files).merges == tokenizer.merges


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda vocab: "vocab", "it must hold one JSON object"),
        (lambda vocab: vocab | {"A": "65"}, "whole numbers"),
        (lambda vocab: vocab | {"A": True}, "whole numbers"),
        (lambda vocab: vocab | {"A": 1.0}, "whole numbers"),
        (lambda vocab: vocab | {"A": 66}, "'A' and 'B' both have the id 66"),
        (lambda vocab: vocab | {"A": 10**9}, "must be in 0 to 16777215, and 'A' has 1000000000"),
        (lambda vocab: vocab | {"A": -1}, "and 'A' has -1"),
        (lambda vocab: {}, "it holds no token"),
    ],
)
def test_a_damaged_vocabulary_is_named(files, damage, reason):
    files[0].write_text(json.dumps(damage(json.loads(files[0].read_text(encoding="utf-8")))), encoding="utf-8")
    refused(files, files[0], reason)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is not JSON"),
        (b'{"a": 0, "b": 1, "a": 2}', "'a' is there twice"),
        (b'{"\xff": 0}', "it is not UTF-8 (byte 2)"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_vocabulary_is_named(files, content, reason):
    files[0].write_bytes(content)
    refused(files, files[0], reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a", "must be two tokens and a space between them, not 'a'"),
        ("a b c", "must be two tokens and a space between them, not 'a b c'"),
        ("", "must be two tokens and a space between them, not ''"),
        ("a nowhere", "needs the token 'nowhere', which the vocabulary lacks"),
        ("ÿ ÿ", "needs the token 'ÿÿ', which the vocabulary lacks"),
    ],
)
def test_a_damaged_merge_is_named(files, line, reason):
    lines = files[1].read_text(encoding="utf-8").split("\n")
    files[1].write_text("\n".join([*lines[:3], line, *lines[3:]]), encoding="utf-8")
    refused(files, files[1], "merge 2 (counting from 0)")
    refused(files, files[1], reason)


def test_ids_may_have_holes_that_are_nobodys(files, tokenizer):
    """All ids from 300 on are one more: nobody has 300."""
    vocab = json.loads(files[0].read_text(encoding="utf-8"))
    files[0].write_text(json.dumps({token: i + (i >= 300) for token, i in vocab.items()}), encoding="utf-8")
    holed = GPT2Tokenizer.read(*files)
    assert holed.vocab_size == tokenizer.vocab_size + 1
    ids = tokenizer.encode("The cat sat on the mat.<|endoftext|>", special=True)
    assert holed.encode("The cat sat on the mat.<|endoftext|>", special=True).tolist() == (ids + (ids >= 300)).tolist()
    assert (ids > 300).any() and (ids < 300).any()
    assert holed.decode([97, 300, 98]) == "ab" == "".join(holed.stream([97, 300, 98]))
    assert holed.labels([97, 300]) == ["a", ""]


def test_a_byte_that_has_no_token_is_left_out(files):
    """As `tokenizers` does: what stood around it may then be merged."""
    vocab = {token: i for i, token in enumerate([*byte_characters(), "at"]) if token != "B"}
    files[0].write_text(json.dumps(vocab), encoding="utf-8")
    files[1].write_text("a t\n", encoding="utf-8")
    without = GPT2Tokenizer.read(*files)
    assert without.encode("BaBt B").tolist() == [vocab["at"], vocab["Ġ"]]
    assert without.encode("BB").tolist() == []


def test_a_merge_that_is_there_twice_was_learnt_the_second_time(files):
    vocab = {token: i for i, token in enumerate([*byte_characters(), "ab", "bc"])}
    files[0].write_text(json.dumps(vocab), encoding="utf-8")
    files[1].write_text("a b\nb c\n", encoding="utf-8")
    assert GPT2Tokenizer.read(*files).encode("abc").tolist() == [vocab["ab"], vocab["c"]]
    files[1].write_text("a b\nb c\na b\n", encoding="utf-8")
    assert GPT2Tokenizer.read(*files).encode("abc").tolist() == [vocab["a"], vocab["bc"]]


def test_a_token_that_stands_for_no_bytes_is_what_it_says(files):
    vocab = json.loads(files[0].read_text(encoding="utf-8"))
    files[0].write_text(json.dumps(vocab | {"A 我": len(vocab)}), encoding="utf-8")
    assert GPT2Tokenizer.read(*files).decode([65, len(vocab)]) == "AA 我"


def test_a_line_with_the_version_may_stand_anywhere(files, tokenizer):
    files[1].write_text(files[1].read_text(encoding="utf-8") + "#version: 0.3\n", encoding="utf-8")
    assert GPT2Tokenizer.read(*files).merges == tokenizer.merges


def test_a_space_before_the_text_and_behind_a_token(files):
    spaced = GPT2Tokenizer.read(*files, add_prefix_space=True)
    assert spaced.decode(spaced.encode("cat<|endoftext|>cat<|endoftext|> cat<|endoftext|>", special=True)) == (
        " cat<|endoftext|> cat<|endoftext|> cat<|endoftext|>"
    )
    assert spaced.encode("").tolist() == []


def test_the_file_of_an_earlier_version_is_read(tmp_path, tokenizer):
    """It had a list of tokens, and the names of the special ones, which came after them."""
    vocab = sorted(tokenizer.vocab, key=tokenizer.vocab.get)[:-1]
    old = {"type": "gpt2", "vocab": vocab, "merges": tokenizer.merges, "special_tokens": ["<|endoftext|>", "[PAD]"]}
    (tmp_path / "tokenizer.json").write_text(json.dumps(old), encoding="utf-8")
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.special_tokens == {"<|endoftext|>": len(vocab), "[PAD]": len(vocab) + 1}
    assert loaded.role("eos_token") == len(vocab)
    text = "The cat<|endoftext|> sat"
    assert loaded.encode(text, special=True).tolist() == tokenizer.encode(text, special=True).tolist()


def test_no_token_is_invented(files):
    """<|endoftext|> is special in every GPT-2, and in a vocabulary without it it is text."""
    vocab = json.loads(files[0].read_text(encoding="utf-8"))
    del vocab["<|endoftext|>"]
    files[0].write_text(json.dumps(vocab), encoding="utf-8")
    plain = GPT2Tokenizer.read(*files)
    assert plain.vocab_size == len(vocab) and plain.special_tokens == {} and plain.role("eos_token") is None
    assert plain.decode(plain.encode("a<|endoftext|>", special=True)) == "a<|endoftext|>"


def test_two_tokens_with_one_id_by_their_number(files):
    """A token that the vocabulary lacks comes after it, by the number of its tokens; a hole makes that another token's id."""
    vocab = json.loads(files[0].read_text(encoding="utf-8"))
    last = vocab.pop("<|endoftext|>")
    files[0].write_text(json.dumps(vocab | {"<|endoftext|>": last + 1}), encoding="utf-8")
    assert GPT2Tokenizer.read(*files).special_tokens == {"<|endoftext|>": last + 1}
    with pytest.raises(InputError, match=f"the id {last + 1} is that of '<.endoftext.>'"):
        GPT2Tokenizer.read(*files, added_tokens=[AddedToken("[PAD]")])


def test_a_missing_file_is_named(files):
    for file in reversed(files):
        file.unlink()
        refused(files, file, "No such file")


def refused(files, culprit, reason):
    with pytest.raises(InputError) as caught:
        GPT2Tokenizer.read(*files)
    assert caught.value.wrong.startswith((f"{culprit} is no ", f"Cannot read {culprit}"))
    assert reason in caught.value.wrong
    assert len(str(caught.value).splitlines()) == 2


def test_no_merges_is_no_damage(files):
    files[1].write_text("#version: 0.2\n", encoding="utf-8")
    assert GPT2Tokenizer.read(*files).encode("ab").tolist() == [97, 98]
