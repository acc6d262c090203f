"""What all tokenizers have in common: special tokens and their roles, and the vocabulary of the model that they speak to."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np

from minillm.errors import InputError
from minillm.text.characters import check_ids, check_text

# What a special token may be for, by the names of Hugging Face, and who has the role where nothing says so: the first that is there.
USUAL_ROLES = {
    "bos_token": ("<s>", "<|endoftext|>"),
    "eos_token": ("</s>", "<|endoftext|>"),
    "unk_token": ("[UNK]", "<unk>"),
    "sep_token": ("[SEP]",),
    "pad_token": ("[PAD]", "<pad>"),
    "cls_token": ("[CLS]",),
    "mask_token": ("[MASK]",),
}


class Tokenizer(ABC):
    """Text to ids and back.

    For char, bpe and gpt2 decode(encode(text)) == text, special tokens or not; the others keep the words, and not all of the spaces.

    `special_tokens` gives the id of each, in the order of the ids; `roles` says which token has a role, such as "mask_token". A role may
    name a token that is not there.
    """

    def __init__(self, size: int, special_tokens: Mapping[str, int], roles: Mapping[str, str] | None = None):
        self._size = size
        self.special_tokens = dict(sorted(special_tokens.items(), key=lambda item: item[1]))
        self.roles = usual_roles(special_tokens) if roles is None else dict(roles)
        self.restrict(size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(vocab_size={self.vocab_size})"

    @property
    def start_tokens(self) -> list[int]:
        """What every text of its model begins with, such as Llama's <s>. `encode` leaves it to whoever knows that a text begins."""
        return []

    def with_start_tokens(self, ids: np.ndarray) -> np.ndarray:
        """The ids of a text (T,) behind `start_tokens`, unless it begins with them already: what a GPT reads of a whole text."""
        start = self.start_tokens
        return ids if list(ids[: len(start)]) == start else np.concatenate([start, ids]).astype(ids.dtype)

    @property
    def vocab_size(self) -> int:
        """One more than the largest id. Between 0 and that some may be nobody's."""
        return min(self._size, self._limit)

    def restrict(self, vocab_size: int) -> None:
        """Speak to a model that knows the ids below `vocab_size` only: from now on a text with another token in it is an InputError."""
        self._limit = vocab_size
        self.special_tokens = {token: i for token, i in self.special_tokens.items() if i < vocab_size}
        self._special_ids = frozenset(self.special_tokens.values())

    def role(self, name: str) -> int | None:
        """The id of the token with this role; None if no token has it."""
        return self.special_tokens.get(self.roles.get(name))

    def encode(self, text: str, special: bool = False) -> np.ndarray:
        """The ids of a text's tokens, int32 (T,).

        A text that happens to hold "[MASK]" holds six characters like any other. With special=True it is the special token, if the
        tokenizer has it; of several that begin at the same place, the longest.
        """
        check_text(text)
        ids = self._ids(text, special)
        beyond = ids[ids >= self._limit]
        if beyond.size:
            raise InputError(
                f"The text has the token {self._label(int(beyond[0]))!r} (id {beyond[0]}), "
                f"and the model knows the ids 0 to {self._limit - 1} only.",
                "Leave it out of the text, or use a model that was trained with this token.",
            )
        return ids

    def readable(self, text: str) -> str:
        """The text without the characters that `encode` would refuse, of which most tokenizers know none."""
        check_text(text)
        return text

    @abstractmethod
    def decode(self, ids: Sequence[int] | np.ndarray, special: bool = True) -> str:
        """The text of some ids; special=False leaves special tokens out."""

    @abstractmethod
    def stream(self, ids: Iterable[int], special: bool = True) -> Iterator[str]:
        """The text of ids as they arrive; joined, the pieces are `decode` of all the ids."""

    @abstractmethod
    def with_special_tokens(self, tokens: Iterable[str]) -> "Tokenizer":
        """The same tokenizer with further special tokens, which it lacks; their ids come after all others, in the order given."""

    @abstractmethod
    def to_json(self) -> dict:
        """What the file of a run holds of it."""

    @abstractmethod
    def _ids(self, text: str, special: bool) -> np.ndarray:
        """The ids of a text, which is sound Unicode, int32 (T,)."""

    def labels(self, ids: Sequence[int] | np.ndarray) -> list[str]:
        """Each token as a plot or a table can show it, every character visible; an id that is nobody's is empty."""
        return [self._label(i) for i in check_ids(ids, self.vocab_size).tolist()]

    @abstractmethod
    def _label(self, i: int) -> str: ...

    def _checked(self, ids: Sequence[int] | np.ndarray, special: bool) -> list[int]:
        """The ids, checked; without the special ones if those are not wanted."""
        ids = check_ids(ids, self.vocab_size).tolist()
        return ids if special else [i for i in ids if i not in self._special_ids]


def usual_roles(special_tokens: Collection[str]) -> dict[str, str]:
    """Which of the special tokens has which role, by their names."""
    return {role: name for role, names in USUAL_ROLES.items() for name in reversed(names) if name in special_tokens}
