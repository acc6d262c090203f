"""tokenizer.json, a whole tokenizer in one file: those of GPT-2's and BERT's kinds are read here, others by the package `tokenizers`."""

import json
from pathlib import Path

from minillm.files import read_json, reading
from minillm.text.added_tokens import AddedToken
from minillm.text.gpt2 import GPT2_ROLES, GPT2Tokenizer
from minillm.text.huggingface import HuggingFaceTokenizer
from minillm.text.settings import BERT, GPT2, Settings
from minillm.text.tokenizer import usual_roles
from minillm.text.vocabulary import LARGEST_ID
from minillm.text.wordpiece import BERT_ROLES, INSIDE, LONGEST_WORD, WordPieceTokenizer, casing_options

CASING = {
    "do_lower_case": "lowercase",
    "strip_accents": "strip_accents",
    "tokenize_chinese_chars": "handle_chinese_chars",
}


def read_tokenizer_json(path: Path, settings: Settings) -> GPT2Tokenizer | WordPieceTokenizer | HuggingFaceTokenizer:
    """The tokenizer in the file, with what the settings beside it say; InputError if it can't be read, or needs a package that is missing.

    As in transformers, the classes of GPT-2 and BERT take the vocabulary from the file and the rest from the settings; a class of another
    name does what the file says. Without a name it is the class of GPT-2 or BERT if the file describes what these do.
    """
    with reading(path, "tokenizer.json of Hugging Face", "Copy the model's tokenizer.json anew."):
        data = read_json(path)
        if not isinstance(data, dict):
            raise ValueError("it must hold a JSON object")
        kind = settings.kind or (GPT2 if is_gpt2(data) else BERT if is_bert(data) else "")
        in_file = added_tokens_in(data)
        if kind not in (GPT2, BERT):
            settings = settings._replace(added=in_file | settings.added)
        elif not settings.complete:
            settings = settings._replace(added=settings.added | in_file)
        tokenizer = _read(data, kind, settings)
    settings.check(tokenizer, path)
    return tokenizer


def _read(data: dict, kind: str, settings: Settings) -> GPT2Tokenizer | WordPieceTokenizer | HuggingFaceTokenizer:
    model = part(data, "model")
    vocab = model.get("vocab")
    if kind == GPT2 and is_bpe(model):
        tokens = settings.tokens(GPT2_ROLES)
        return GPT2Tokenizer(vocab, merges_in(model), **tokens, add_prefix_space=settings.add_prefix_space)
    if kind == BERT and is_word_piece(model):
        return WordPieceTokenizer(vocab, **settings.tokens(BERT_ROLES), **settings.casing)
    tokens = settings.tokens()
    special = [token.content for token in tokens["added_tokens"] if token.special]
    tokens["roles"] = usual_roles(special) | tokens["roles"]
    if is_gpt2(data):
        space = part(data, "pre_tokenizer").get("add_prefix_space") is True
        return GPT2Tokenizer(vocab, merges_in(model), **tokens, add_prefix_space=space)
    if is_bert(data):
        tokens["roles"] |= {"unk_token": model["unk_token"]}
        normalizer = part(data, "normalizer")
        casing = casing_options({ours: normalizer[theirs] for ours, theirs in CASING.items() if theirs in normalizer})
        return WordPieceTokenizer(vocab, **tokens, **casing)
    return HuggingFaceTokenizer(json.dumps(data), **tokens)


def is_gpt2(data: dict) -> bool:
    """Whether a tokenizer does what GPT-2's does."""
    before = part(data, "pre_tokenizer")
    further = (
        "dropout",
        "unk_token",
        "continuing_subword_prefix",
        "end_of_word_suffix",
        "byte_fallback",
        "ignore_merges",
    )
    return (
        is_bpe(part(data, "model"))
        and not any(part(data, "model").get(name) for name in further)
        and data.get("normalizer") is None
        and before.get("type") == part(data, "decoder").get("type") == "ByteLevel"
        and before.get("use_regex", True) is True
    )


def is_bert(data: dict) -> bool:
    """Whether a tokenizer does what BERT's does."""
    model, decoder, normalizer = part(data, "model"), part(data, "decoder"), part(data, "normalizer")
    return (
        is_word_piece(model)
        and isinstance(model.get("unk_token"), str)
        and (model.get("continuing_subword_prefix"), model.get("max_input_chars_per_word")) == (INSIDE, LONGEST_WORD)
        and (normalizer.get("type"), normalizer.get("clean_text")) == ("BertNormalizer", True)
        and part(data, "pre_tokenizer").get("type") == "BertPreTokenizer"
        and (decoder.get("type"), decoder.get("prefix"), decoder.get("cleanup")) == ("WordPiece", INSIDE, True)
    )


def is_bpe(model: dict) -> bool:
    return model.get("type", "BPE") == "BPE" and "merges" in model  # old files don't name the type


def is_word_piece(model: dict) -> bool:
    return model.get("type", "WordPiece") == "WordPiece" and "max_input_chars_per_word" in model


def part(data: dict, name: str) -> dict:
    """One part of the tokenizer; empty if there is none, or if it is none that minillm knows."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def merges_in(model: dict) -> list[str]:
    """The merges as merges.txt has them, a line each; newer files have lists of two tokens."""
    merges = model["merges"]
    if not isinstance(merges, list):
        raise ValueError('"merges" must be a list')
    return [" ".join(merge) if is_pair(merge) else str(merge) for merge in merges]


def is_pair(merge: object) -> bool:
    return isinstance(merge, list) and all(isinstance(token, str) for token in merge)


def added_tokens_in(data: dict) -> dict[int, AddedToken]:
    entries = data.get("added_tokens") or []
    if not isinstance(entries, list):
        raise ValueError('"added_tokens" must be a list')
    found = {}
    for entry in entries:
        token = AddedToken.parse(entry)
        i = entry.get("id") if isinstance(entry, dict) else None
        if type(i) is not int or not 0 <= i <= LARGEST_ID:
            raise ValueError(f"the id of the added token {token.content!r} must be a whole number, not {i!r}")
        found[i] = token
    return found
