"""What stands beside a tokenizer's vocabulary: tokenizer_config.json, special_tokens_map.json, added_tokens.json."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from minillm.errors import InputError
from minillm.files import read_json, reading
from minillm.text.added_tokens import AddedToken
from minillm.text.tokenizer import USUAL_ROLES, Tokenizer
from minillm.text.wordpiece import casing_options

GPT2, BERT = "GPT2Tokenizer", "BertTokenizer"  # the classes of transformers that minillm reads by itself
SETTINGS, ROLES, ADDED, MODEL = "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "config.json"
# Special tokens without a role: a list, or an object of names and tokens.
MORE = ("additional_special_tokens", "extra_special_tokens")


class Settings(NamedTuple):
    """What the files say, read as transformers reads them."""

    kind: str  # the class of the tokenizer, without "Fast"; "" if it isn't named
    casing: dict[str, bool | None]  # see `casing_options`
    add_prefix_space: bool
    roles: dict[str, AddedToken | None]  # the token for each role that is named; None if there shall be none
    more: list[AddedToken]  # further special tokens
    added: dict[int, AddedToken]  # the added tokens by their ids
    complete: bool  # whether those are all, by "added_tokens_decoder"

    def tokens(self, usual: Mapping[str, str] = MappingProxyType({})) -> dict:
        """The added tokens that are named, in the order in which they get their ids, and who has which role, as options for a tokenizer.

        A `usual` role holds if the settings don't give it to another token.
        """
        tokens = {role: AddedToken(token) for role, token in usual.items()} | self.roles
        roles = {role: tokens[role].content for role in dict.fromkeys([*USUAL_ROLES, *tokens]) if tokens.get(role)}
        listed = {}
        for _, token in sorted(self.added.items()):
            listed[token.content] = replace(token, special=token.special or token.content in roles.values())
        named = {token.content: token for token in [*map(self.roles.get, roles), *self.more] if token}
        return {"added_tokens": list((listed | named | listed).values()), "roles": roles}

    def check(self, tokenizer: Tokenizer, path: Path) -> None:
        """InputError if an added token has another id in the tokenizer, which was read from that path, than the files give it."""
        ids = {token.content: i for token, i in tokenizer.added_tokens.items()}
        for i, token in self.added.items():
            if ids[token.content] != i:
                raise InputError(
                    f"The settings beside {path} give the token {token.content!r} the id {i}, "
                    f"and by the vocabulary it has {ids[token.content]}.",
                    "Copy the model's files anew, all from one place.",
                )


def read_settings(directory: Path) -> Settings:
    """InputError, which names the file, for one that is damaged. Each may be missing."""
    settings = _read(directory / SETTINGS, "configuration of a tokenizer")
    model = _read(directory / MODEL, "configuration of a model")
    with reading(directory / SETTINGS, "configuration of a tokenizer", _remedy(SETTINGS)):
        kind = settings.get("tokenizer_class") or model.get("tokenizer_class") or ""
        if not isinstance(kind, str):
            raise ValueError('"tokenizer_class" must be a string')
        prefix_space = settings.get("add_prefix_space") or False
        if not isinstance(prefix_space, bool):
            raise ValueError(f'"add_prefix_space" must be true or false, not {prefix_space!r}')
        casing = casing_options(settings)
        roles, more = _tokens_in(settings)
        complete = "added_tokens_decoder" in settings
        added = dict(_by_id(settings)) if complete else {}
    if not complete:  # the way of older files
        with reading(directory / ROLES, "list of special tokens", _remedy(ROLES)):
            further_roles, further = _tokens_in(_read(directory / ROLES, "list of special tokens"))
            roles, more = roles | further_roles, more + further
        special = {token.content for token in [*roles.values(), *more] if token}
        with reading(directory / ADDED, "list of added tokens", _remedy(ADDED)):
            for token, i in _read(directory / ADDED, "list of added tokens").items():
                if type(i) is not int:
                    raise ValueError("the id of a token must be a whole number")
                added[i] = AddedToken.parse(token, special=token in special)
    return Settings(kind.removesuffix("Fast"), casing, prefix_space, roles, more, added, complete)


def _read(path: Path, what: str) -> dict:
    with reading(path, what, _remedy(path.name)):
        data = read_json(path) if path.exists() else {}
        if not isinstance(data, dict):
            raise ValueError("it must hold a JSON object")
        return data


def _remedy(name: str) -> str:
    return f"Copy the model's {name} anew."


def _tokens_in(data: dict) -> tuple[dict[str, AddedToken | None], list[AddedToken]]:
    """The tokens with a role, in entries such as "mask_token", and the special tokens without one."""
    named = {name: token for name, token in data.items() if name in USUAL_ROLES or _is_role(name, token)}
    roles = {name: None if token is None else _special(token) for name, token in named.items()}
    more = []
    for name in MORE:
        tokens = data.get(name) or []
        if not isinstance(tokens, list | dict):
            raise ValueError(f'"{name}" must be a list of tokens')
        more += map(_special, tokens.values() if isinstance(tokens, dict) else tokens)
    return roles, more


def _is_role(name: str, token: object) -> bool:
    """Whether an entry gives a role of the model's own. Others end so too: add_bos_token is true or false."""
    return name.endswith("_token") and isinstance(token, str | dict)


def _special(token: object) -> AddedToken:
    return AddedToken.parse(token | {"special": True} if isinstance(token, dict) else token, special=True)


def _by_id(data: dict) -> Iterator[tuple[int, AddedToken]]:
    entries = data["added_tokens_decoder"]
    if not isinstance(entries, dict):
        raise ValueError('"added_tokens_decoder" must be a JSON object')
    for i, token in entries.items():
        if (
            not (i.isascii() and i.isdecimal())
            or not isinstance(token, dict)
            or not isinstance(token.get("content"), str)
        ):
            raise ValueError(f'entry {i!r} of "added_tokens_decoder" must be an id and an object with a content')
        yield int(i), AddedToken.parse(token)
