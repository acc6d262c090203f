"""The one door: which files of a folder are read, and what its settings may say."""

import json

import pytest

from minillm.errors import InputError
from minillm.text import GPT2Tokenizer, WordPieceTokenizer, load_pretrained_tokenizer


def configure(folder, name="tokenizer_config.json", **settings):
    (folder / name).write_text(json.dumps(settings), encoding="utf-8")


def added(content, **flags):
    off = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True}
    return {"content": content, **off, **flags}


def test_the_files_say_what_it_is(gpt2_folder):
    assert type(load_pretrained_tokenizer(gpt2_folder)) is GPT2Tokenizer
    assert type(load_pretrained_tokenizer(str(gpt2_folder))) is GPT2Tokenizer


def test_a_vocabulary_of_words_is_bert(bert_folder):
    assert type(load_pretrained_tokenizer(bert_folder)) is WordPieceTokenizer


def test_a_tokenizer_json_comes_first_as_in_transformers(gpt2_folder):
    (gpt2_folder / "tokenizer.json").write_text("damaged", encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer\.json is no tokenizer.json of Hugging Face: it is not JSON"):
        load_pretrained_tokenizer(gpt2_folder)


@pytest.mark.parametrize("name", ["GPT2Tokenizer", "GPT2TokenizerFast", None])
def test_the_class_may_be_named(gpt2_folder, name):
    configure(gpt2_folder, tokenizer_class=name, model_max_length=1024)
    assert type(load_pretrained_tokenizer(gpt2_folder)) is GPT2Tokenizer


def test_files_of_another_class_are_not_taken_for_ours(gpt2_folder):
    """CLIP and RoBERTa have a vocab.json and a merges.txt too, and read them in another way."""
    configure(gpt2_folder, tokenizer_class="CLIPTokenizer")
    with pytest.raises(InputError, match="no files of a CLIPTokenizer that minillm can read") as caught:
        load_pretrained_tokenizer(gpt2_folder)
    assert "tokenizer.json" in caught.value.remedy
    (gpt2_folder / "tokenizer.json").write_text("damaged", encoding="utf-8")
    with pytest.raises(InputError, match=r"tokenizer\.json is no tokenizer.json of Hugging Face: it is not JSON"):
        load_pretrained_tokenizer(gpt2_folder)


@pytest.mark.parametrize(
    ("settings", "tokens"),
    [
        ({}, ["cat", "e", "我", "the"]),
        ({"do_lower_case": True}, ["cat", "e", "我", "the"]),
        ({"do_lower_case": False}, ["cat", "é", "我", "[UNK]"]),
        ({"do_lower_case": False, "strip_accents": True}, ["cat", "e", "我", "[UNK]"]),
        ({"strip_accents": False}, ["cat", "é", "我", "the"]),
        ({"strip_accents": None}, ["cat", "e", "我", "the"]),
        ({"tokenize_chinese_chars": False, "do_lower_case": False}, ["cat", "[UNK]", "[UNK]"]),
    ],
)
def test_the_settings_of_bert_are_respected(bert_folder, settings, tokens):
    configure(bert_folder, tokenizer_class="BertTokenizer", **settings)
    tokenizer = load_pretrained_tokenizer(bert_folder)
    assert tokenizer.labels(tokenizer.encode("cat é我 The")) == tokens


def test_added_tokens_have_the_ids_of_their_file(gpt2_folder):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    expected = {"<|endoftext|>": size - 1, "[PAD]": size, "<sep>": size + 1}
    old = {"[PAD]": size, "<sep>": size + 1}
    configure(gpt2_folder, "added_tokens.json", **old)
    configure(gpt2_folder, "special_tokens_map.json", pad_token="[PAD]", additional_special_tokens=["<sep>"])
    assert load_pretrained_tokenizer(gpt2_folder).special_tokens == expected
    (gpt2_folder / "added_tokens.json").unlink()
    (gpt2_folder / "special_tokens_map.json").unlink()
    by_id = {str(size + 1): added("<sep>"), str(size): added("[PAD]"), str(size - 1): added("<|endoftext|>")}
    configure(gpt2_folder, added_tokens_decoder=by_id)
    assert load_pretrained_tokenizer(gpt2_folder).special_tokens == expected


@pytest.mark.parametrize("name", ["tokenizer_config.json", "special_tokens_map.json"])
def test_roles_and_further_special_tokens_in_either_file(gpt2_folder, name):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    mask = {"content": "<mask>", "lstrip": True, "normalized": False}
    configure(
        gpt2_folder, name, eos_token="<end>", mask_token=mask, additional_special_tokens=["<|user|>", {"content": "B"}]
    )
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    new = {"<end>": size, "<mask>": size + 1, "<|user|>": size + 2}
    assert tokenizer.special_tokens == {"B": 66, "<|endoftext|>": size - 1} | new
    assert [tokenizer.role(role) for role in ("eos_token", "bos_token", "mask_token")] == [size, size - 1, size + 1]
    assert tokenizer.encode("<|user|>  <mask> B", special=True).tolist() == [size + 2, size + 1, 32, 66]


def test_the_map_goes_before_the_settings_and_a_list_of_all_added_tokens_before_the_map(gpt2_folder):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    configure(gpt2_folder, eos_token="A", pad_token="B")
    configure(gpt2_folder, "special_tokens_map.json", eos_token="C")
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert tokenizer.role("eos_token") == 67 and tokenizer.role("pad_token") == 66
    configure(
        gpt2_folder, eos_token="A", added_tokens_decoder={str(size): added("<x>"), "65": added("A", special=False)}
    )
    configure(gpt2_folder, "added_tokens.json", **{"<y>": 7})
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert tokenizer.special_tokens == {"A": 65, "<|endoftext|>": size - 1, "<x>": size}, (
        "a token with a role is special"
    )
    assert tokenizer.role("eos_token") == 65


def test_a_token_that_is_named_again_among_the_further_ones_has_their_flags(gpt2_folder):
    mask = {"content": "<mask>", "lstrip": True}
    configure(gpt2_folder, mask_token=mask)
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    hole = tokenizer.role("mask_token")
    assert tokenizer.encode("A <mask>", special=True).tolist() == [65, hole]
    configure(gpt2_folder, mask_token=mask, additional_special_tokens=["<mask>"])
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert tokenizer.encode("A <mask>", special=True).tolist() == [65, 32, hole]


def test_special_tokens_with_names_of_their_own(gpt2_folder):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    configure(gpt2_folder, image_token="<img>", extra_special_tokens={"boi": "<boi>"}, add_bos_token=True, max_token=7)
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert list(tokenizer.special_tokens) == ["<|endoftext|>", "<img>", "<boi>"]
    assert tokenizer.role("image_token") == size


def test_added_tokens_that_are_not_said_to_be_special_are_words(gpt2_folder):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    configure(gpt2_folder, "added_tokens.json", **{"<b>": size})
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert "<b>" not in tokenizer.special_tokens
    assert tokenizer.encode("a<b>").tolist() == [97, size]


def test_a_token_with_flags_and_a_space_before_the_text(gpt2_folder):
    size = load_pretrained_tokenizer(gpt2_folder).vocab_size
    token = added("word", special=False, single_word=True, rstrip=True)
    configure(gpt2_folder, add_prefix_space=True, added_tokens_decoder={str(size): token})
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert tokenizer.encode("word  Z").tolist() == [size, 32, 90]
    assert size not in tokenizer.encode("words")


def test_a_role_may_be_taken_away(bert_folder):
    configure(bert_folder, mask_token=None)
    tokenizer = load_pretrained_tokenizer(bert_folder)
    assert tokenizer.role("mask_token") is None and "[MASK]" not in tokenizer.special_tokens


def test_no_token_is_invented(gpt2_folder, bert_folder):
    """Both kinds have usual special tokens; in a vocabulary without them, and with no file that names them, they are text."""
    vocab = json.loads((gpt2_folder / "vocab.json").read_text(encoding="utf-8"))
    words = bert_folder / "vocab.txt"
    del vocab["<|endoftext|>"]
    (gpt2_folder / "vocab.json").write_text(json.dumps(vocab), encoding="utf-8")
    assert load_pretrained_tokenizer(gpt2_folder).special_tokens == {}
    for name in ("vocab.json", "merges.txt"):
        (gpt2_folder / name).unlink()
    words.write_text(words.read_text(encoding="utf-8").replace("[MASK]\n", ""), encoding="utf-8")
    tokenizer = load_pretrained_tokenizer(bert_folder)
    assert list(tokenizer.special_tokens) == ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    assert "mask_token" in tokenizer.roles and tokenizer.role("mask_token") is None


def test_config_json_may_name_the_class(bert_folder):
    configure(bert_folder, "config.json", model_type="gpt2", tokenizer_class="BertTokenizer")
    (bert_folder / "vocab.json").write_text("{}", encoding="utf-8")
    (bert_folder / "merges.txt").write_text("", encoding="utf-8")
    assert type(load_pretrained_tokenizer(bert_folder)) is WordPieceTokenizer
    configure(bert_folder, tokenizer_class="GPT2Tokenizer")
    with pytest.raises(InputError, match=r"vocab\.json is no vocabulary of GPT-2"):
        load_pretrained_tokenizer(bert_folder)


def test_tokens_with_a_role_are_special(gpt2_folder):
    configure(gpt2_folder, pad_token="[PAD]", bos_token={"content": "A"}, sep_token=None)
    tokenizer = load_pretrained_tokenizer(gpt2_folder)
    assert tokenizer.special_tokens == {
        "A": 65,
        "<|endoftext|>": tokenizer.vocab_size - 2,
        "[PAD]": tokenizer.vocab_size - 1,
    }


def test_ids_that_do_not_fit_the_vocabulary_are_refused(gpt2_folder):
    configure(gpt2_folder, "added_tokens.json", **{"[PAD]": 50257})
    with pytest.raises(InputError) as caught:
        load_pretrained_tokenizer(gpt2_folder)
    assert "vocab.json give the token '[PAD]' the id 50257, and by the vocabulary it has" in caught.value.wrong


@pytest.mark.parametrize("lost", ["vocab.json", "merges.txt"])
def test_half_of_gpt2_is_not_enough(gpt2_folder, lost):
    (gpt2_folder / lost).unlink()
    with pytest.raises(InputError) as caught:
        load_pretrained_tokenizer(gpt2_folder)
    assert caught.value.wrong == f"{gpt2_folder} lacks {lost}."


def test_an_empty_folder_and_none_at_all(tmp_path):
    with pytest.raises(InputError, match="holds no tokenizer that minillm can read") as caught:
        load_pretrained_tokenizer(tmp_path)
    assert all(name in caught.value.remedy for name in ("vocab.json", "merges.txt", "vocab.txt", "tokenizer.json"))
    with pytest.raises(InputError, match="There is no folder"):
        load_pretrained_tokenizer(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tokenizer_config.json", "", "it is not JSON"),
        ("tokenizer_config.json", "[]", "it must hold a JSON object"),
        ("tokenizer_config.json", '{"tokenizer_class": 3}', '"tokenizer_class" must be a string'),
        ("tokenizer_config.json", '{"do_lower_case": "no"}', "\"do_lower_case\" must be true or false, not 'no'"),
        ("tokenizer_config.json", '{"strip_accents": 0}', '"strip_accents" must be true or false'),
        ("tokenizer_config.json", '{"pad_token": 3}', "a token must be a string"),
        ("tokenizer_config.json", '{"add_prefix_space": 1}', '"add_prefix_space" must be true or false'),
        ("tokenizer_config.json", '{"pad_token": ""}', "a special token must be a string of one character or more"),
        ("tokenizer_config.json", '{"pad_token": {"lstrip": true}}', "an object with its content"),
        ("tokenizer_config.json", '{"additional_special_tokens": "<sep>"}', "must be a list of tokens"),
        ("tokenizer_config.json", '{"extra_special_tokens": [null]}', "a token must be a string"),
        ("tokenizer_config.json", '{"added_tokens_decoder": []}', '"added_tokens_decoder" must be a JSON object'),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"7": {"content": "a", "lstrip": 1}}}', "the lstrip of"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"²": {"content": "a"}}}', "entry '²'"),
        ("special_tokens_map.json", '{"mask_token": 5}', "a token must be a string"),
        ("special_tokens_map.json", "[]", "it must hold a JSON object"),
        ("config.json", "[]", "it must hold a JSON object"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"x": {"content": "a"}}}', "entry 'x'"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"7": "a"}}', "entry '7'"),
        ("tokenizer_config.json", '{"added_tokens_decoder": {"7": {"content": null}}}', "entry '7'"),
        ("added_tokens.json", '{"[PAD]": "7"}', "must be a whole number"),
        ("added_tokens.json", '{"[PAD]": 7, "[PAD]": 8}', "'[PAD]' is there twice"),
        ("added_tokens.json", "7", "it must hold a JSON object"),
    ],
)
def test_damaged_settings_are_named(bert_folder, name, content, reason):
    (bert_folder / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_pretrained_tokenizer(bert_folder)
    assert caught.value.wrong.startswith(f"{bert_folder / name} is no ")
    assert reason in caught.value.wrong
