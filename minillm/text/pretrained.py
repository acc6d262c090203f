"""The tokenizer of a pretrained model, from a folder with files as Hugging Face names them."""

from pathlib import Path

from minillm.errors import InputError
from minillm.text.gpt2 import GPT2_ROLES, GPT2Tokenizer
from minillm.text.settings import BERT, GPT2, Settings, read_settings
from minillm.text.tokenizer import Tokenizer
from minillm.text.tokenizer_json import read_tokenizer_json
from minillm.text.wordpiece import BERT_ROLES, WordPieceTokenizer

VOCAB, MERGES, WORDS, WHOLE = "vocab.json", "merges.txt", "vocab.txt", "tokenizer.json"


def load_pretrained_tokenizer(directory: str | Path) -> Tokenizer:
    """A tokenizer.json, or without one GPT-2's vocab.json and merges.txt or BERT's vocab.txt.

    What the settings beside them say is respected (tokenizer_config.json, special_tokens_map.json, added_tokens.json): the class of the
    tokenizer, lower case, accents, Chinese characters, added and special tokens and their roles. No token is invented that the files don't
    name. InputError, which names the file, for one that is missing or damaged.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(f"There is no folder {directory}.", "Name the folder that holds the model's files.")
    settings = read_settings(directory)
    files = {name for name in (VOCAB, MERGES, WORDS, WHOLE) if (directory / name).exists()}
    if WHOLE in files:
        return read_tokenizer_json(directory / WHOLE, settings)
    if {VOCAB, MERGES} <= files and settings.kind in ("", GPT2):
        return _read_gpt2(directory, settings)
    if WORDS in files and settings.kind in ("", BERT):
        return _read_bert(directory, settings)
    if files & {VOCAB, MERGES} and settings.kind in ("", GPT2):
        lacking = MERGES if VOCAB in files else VOCAB
        raise InputError(f"{directory} lacks {lacking}.", f"Copy the model's {VOCAB} and {MERGES} there.")
    raise InputError(
        f"{directory} holds no {f'files of a {settings.kind}' if settings.kind else 'tokenizer'} that minillm can read.",
        f"Copy the model's files there: {VOCAB} and {MERGES} for GPT-2, {WORDS} for BERT, {WHOLE} for any other.",
    )


def _read_gpt2(directory: Path, settings: Settings) -> GPT2Tokenizer:
    vocab, tokens = directory / VOCAB, settings.tokens(GPT2_ROLES)
    tokenizer = GPT2Tokenizer.read(vocab, directory / MERGES, **tokens, add_prefix_space=settings.add_prefix_space)
    settings.check(tokenizer, vocab)
    return tokenizer


def _read_bert(directory: Path, settings: Settings) -> WordPieceTokenizer:
    tokenizer = WordPieceTokenizer.read(directory / WORDS, **settings.tokens(BERT_ROLES), **settings.casing)
    settings.check(tokenizer, directory / WORDS)
    return tokenizer
