"""A tokenizer.json of Hugging Face of any kind, such as T5's, through their package `tokenizers`, which minillm works without."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

import numpy as np

from minillm.errors import InputError, MissingPackageError
from minillm.text.added_tokens import FLAGS, AddedToken
from minillm.text.byte_level import byte_label
from minillm.text.characters import check_ids, legible
from minillm.text.gpt2 import token_bytes
from minillm.text.special_tokens import roles_of
from minillm.text.tokenizer import Tokenizer, usual_roles


class HuggingFaceTokenizer(Tokenizer):
    """`description` is the content of a tokenizer.json. What it adds to every text, such as </s>, is left to the caller.

    `added_tokens` are further ones, or have other flags than in the file; `roles` go before those that the names of the tokens suggest.
    """

    def __init__(
        self, description: str, added_tokens: Iterable[AddedToken] = (), roles: Mapping[str, str] | None = None
    ):
        tokenizers = _package()
        try:
            self._tokenizer = tokenizers.Tokenizer.from_str(description)
            self._plain = tokenizers.Tokenizer.from_str(description)
        except Exception as error:  # all that the package raises is of this class
            raise ValueError(f"tokenizers {tokenizers.__version__} says: {error}") from None
        self._plain.encode_special_tokens = True  # reads a special token's name as text
        for tokenizer in (self._tokenizer, self._plain):
            tokenizer.no_truncation()
            tokenizer.no_padding()
            tokenizer.add_tokens([tokenizers.AddedToken(**asdict(token)) for token in added_tokens])
        found = self._tokenizer.get_added_tokens_decoder()
        self.added_tokens = {
            AddedToken(**{flag: getattr(t, flag) for flag in ("content", *FLAGS)}): i for i, t in found.items()
        }
        special = {token.content: i for token, i in self.added_tokens.items() if token.special}
        size = max(self._tokenizer.get_vocab().values(), default=-1) + 1
        super().__init__(size, special, usual_roles(special) | dict(roles or {}))

    def with_special_tokens(self, tokens: Iterable[str]) -> "HuggingFaceTokenizer":
        return HuggingFaceTokenizer(self._tokenizer.to_str(), map(AddedToken, tokens), self.roles)

    @property
    def start_tokens(self) -> list[int]:
        """Those that the file puts before a text. Where it puts one behind it too, as T5's and BERT's do, it is for an encoder."""
        alone = self._tokenizer.encode("a", add_special_tokens=False).ids
        whole = self._tokenizer.encode("a").ids
        added = len(whole) - len(alone)
        return whole[:added] if whole[added:] == alone else []

    def _ids(self, text: str, special: bool) -> np.ndarray:
        tokenizer = self._tokenizer if special else self._plain
        try:
            return np.array(tokenizer.encode(text, add_special_tokens=False).ids, np.int32)
        except Exception as error:  # all that the package raises is of this class
            raise InputError(
                f"The tokenizer cannot read the text: {error}.", "Copy the files of the model's own tokenizer anew."
            ) from None

    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The text of some ids; special=False leaves special tokens out."""
        return self._tokenizer.decode(check_ids(ids, self.vocab_size).tolist(), skip_special_tokens=not special)

    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive, whole characters only; joined, the pieces are `decode` of all the ids.

        So it is as long as a token only ever adds to the text, and what it adds depends on no tokens before those of the last piece: with
        these it is decoded.
        """
        last, new = [], []
        for token in ids:
            new.append(int(token))
            before, text = self.decode(last, special), self.decode(last + new, special)
            if len(text) > len(before) and not text.endswith("\ufffd"):
                yield text[len(before) :]
                last, new = new, []
        if new and len(text) > len(before):
            yield text[len(before) :]

    def _label(self, i: int) -> str:
        """As the vocabulary writes it, with ␣ for SentencePiece's sign for a space; of a byte-level one, as its bytes are read."""
        token = self._tokenizer.id_to_token(i) or ""
        if isinstance(self._tokenizer.decoder, _package().decoders.ByteLevel):
            return byte_label(token_bytes(token))
        return legible(token).replace("▁", "␣")

    def to_json(self) -> dict:
        return {"type": "huggingface", "tokenizer": json.loads(self._tokenizer.to_str()), "roles": self.roles}

    @classmethod
    def from_json(cls, data: dict) -> "HuggingFaceTokenizer":
        """The tokenizer that `to_json` described; ValueError if the description is not sound."""
        return cls(json.dumps(data.get("tokenizer")), roles=roles_of(data))


def _package():
    try:
        import tokenizers
    except ImportError:
        raise MissingPackageError(
            "This tokenizer needs the package tokenizers, which is not installed.",
            "Install it: pip install tokenizers",
        ) from None
    return tokenizers
