"""The tokenizer of a pretrained model, from a folder with files as Hugging Face names them."""

from pathlib import Path
from typing import NamedTuple

from minillm.errors import InputError
from minillm.files import read_json, reading
from minillm.text.gpt2 import END_OF_TEXT, GPT2Tokenizer
from minillm.text.huggingface import HuggingFaceTokenizer
from minillm.text.tokenizer import Tokenizer
from minillm.text.wordpiece import BERT_TOKENS, WordPieceTokenizer, casing_options

VOCAB, MERGES, WORDS, WHOLE = "vocab.json", "merges.txt", "vocab.txt", "tokenizer.json"
SETTINGS, ADDED = "tokenizer_config.json", "added_tokens.json"

# Which token has which role, where the settings don't say otherwise.
GPT2_ROLES = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "unk_token": END_OF_TEXT}
BERT_ROLES = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), BERT_TOKENS, strict=True))
ROLES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


class Settings(NamedTuple):
    kind: str  # the class of the tokenizer, "" if it isn't named
    casing: dict[str, bool | None]  # see `casing_options`
    roles: dict[str, str | None]  # the token for each role that is named
    added: dict[str, int]  # tokens with their ids, in the order of the ids
    obstacle: str  # what it asks for that minillm's own readers don't do, "" if nothing


def load_pretrained_tokenizer(directory: str | Path) -> Tokenizer:
    """GPT-2's vocab.json and merges.txt, or BERT's vocab.txt, which minillm reads itself; failing these, any tokenizer.json.

    What tokenizer_config.json says, if there is one, is respected: the class of the tokenizer, lower case, accents, Chinese characters,
    added and special tokens. Where it asks for what minillm's own readers don't do, tokenizer.json is read too.
    InputError, which names the file, for one that is missing or damaged.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"There is no folder {directory}.", "Name the folder that holds the model's files.")
    settings = _settings(directory)
    there = {name for name in (VOCAB, MERGES, WORDS, WHOLE) if (directory / name).exists()}
    gpt2 = {VOCAB, MERGES} <= there and settings.kind in ("", "GPT2Tokenizer")
    bert = WORDS in there and settings.kind in ("", "BertTokenizer")
    if (gpt2 or bert) and not settings.obstacle:
        return _read_gpt2(directory, settings) if gpt2 else _read_bert(directory, settings)
    if WHOLE in there:
        return HuggingFaceTokenizer.read(directory / WHOLE)
    if gpt2 or bert:
        raise InputError(
            f"{directory / SETTINGS} asks for {settings.obstacle}, which minillm cannot do by itself.",
            f"Add the model's {WHOLE}: the package tokenizers can.",
        )
    if there & {VOCAB, MERGES} and settings.kind in ("", "GPT2Tokenizer"):
        lacking = MERGES if VOCAB in there else VOCAB
        raise InputError(f"{directory} lacks {lacking}.", f"Copy the model's {VOCAB} and {MERGES} there.")
    raise InputError(
        f"{directory} holds no {f'files of a {settings.kind}' if settings.kind else 'tokenizer'} that minillm can read.",
        f"Copy the model's files there: {VOCAB} and {MERGES} for GPT-2, {WORDS} for BERT, {WHOLE} for any other.",
    )


def _read_gpt2(directory: Path, settings: Settings) -> GPT2Tokenizer:
    special = _special_tokens(settings, GPT2_ROLES)
    tokenizer = GPT2Tokenizer.read(directory / VOCAB, directory / MERGES, special)
    return _with_ids_checked(tokenizer, directory / VOCAB, settings)


def _read_bert(directory: Path, settings: Settings) -> WordPieceTokenizer:
    special = _special_tokens(settings, BERT_ROLES)
    tokenizer = WordPieceTokenizer.read(directory / WORDS, special_tokens=special, **settings.casing)
    return _with_ids_checked(tokenizer, directory / WORDS, settings)


def _special_tokens(settings: Settings, roles: dict[str, str]) -> list[str]:
    return list(dict.fromkeys([*settings.added, *filter(None, (roles | settings.roles).values())]))


def _with_ids_checked(tokenizer: Tokenizer, vocab: Path, settings: Settings) -> Tokenizer:
    for token, i in settings.added.items():
        if tokenizer.special_tokens[token] != i:
            raise InputError(
                f"The settings beside {vocab} give the token {token!r} the id {i}, "
                f"and by the vocabulary it has {tokenizer.special_tokens[token]}.",
                "Copy the model's files anew, all from one place.",
            )
    return tokenizer


def _settings(directory: Path) -> Settings:
    path, added = directory / SETTINGS, directory / ADDED
    data, tokens = {}, {}
    if added.exists():
        with reading(added, "list of added tokens", f"Copy the model's {ADDED} anew."):
            tokens = _object(read_json(added))
            if not all(type(i) is int for i in tokens.values()):
                raise ValueError("the id of a token must be a whole number")
    with reading(path, "configuration of a tokenizer", f"Copy the model's {SETTINGS} anew."):
        if path.exists():
            data = _object(read_json(path))
        kind = data.get("tokenizer_class") or ""
        if not isinstance(kind, str):
            raise ValueError('"tokenizer_class" must be a string')
        obstacle = "add_prefix_space" if data.get("add_prefix_space") else ""
        for i, token in _object(data.get("added_tokens_decoder", {})).items():
            if not i.isdecimal() or not isinstance(token, dict) or not isinstance(token.get("content"), str):
                raise ValueError(f'entry {i!r} of "added_tokens_decoder" must be an id and an object with a content')
            tokens[token["content"]] = int(i)
            if any(token.get(flag) for flag in ("lstrip", "rstrip", "single_word")) or not token.get("special"):
                obstacle = f"an added token, {token['content']!r}, that is not found in a text as plainly as [MASK]"
        roles = {role: _content(data[role]) for role in ROLES if role in data}
        by_id = dict(sorted(tokens.items(), key=lambda item: item[1]))
        return Settings(kind.removesuffix("Fast"), casing_options(data), roles, by_id, obstacle)


def _object(data: object) -> dict:
    if not isinstance(data, dict):
        raise ValueError("it must hold a JSON object")
    return data


def _content(token: object) -> str | None:
    """A token as settings write it: its text, or an object with it and more."""
    if isinstance(token, dict):
        token = token.get("content")
    if not (token is None or isinstance(token, str)):
        raise ValueError(f"a token must be a string or an object with its content, not {token!r}")
    return token
