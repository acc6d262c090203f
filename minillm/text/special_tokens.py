"""Special tokens: [MASK], [SEP], </s>, <extra_id_0> and their like, which stand beside the text and are no part of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from minillm.text.characters import check_text
from minillm.text.tokenizer import Tokenizer

PAD, MASK = "[PAD]", "[MASK]"
CLS, SEP = "[CLS]", "[SEP]"  # what BERT puts around a text
BOS, EOS = "<s>", "</s>"  # what an encoder-decoder puts around one
SENTINELS = tuple(f"<extra_id_{i}>" for i in range(32))  # T5's: each stands for a span that is hidden


def check_special_tokens(tokens: Iterable[str]) -> list[str]:
    """The tokens as a list; ValueError unless each is a string of a character or more, and there once."""
    if isinstance(tokens, str):
        raise ValueError(f"special tokens must be several strings, and {tokens!r} is one")
    tokens, seen = list(tokens), set()
    for token in tokens:
        if not isinstance(token, str) or not token:
            raise ValueError(f"a special token must be a string of one character or more, and {token!r} is not")
        if token in seen:
            raise ValueError(f"the special token {token!r} is there twice")
        seen.add(token)
        check_text(token)
    return tokens


def special_tokens_of(data: dict) -> list[str]:
    """The special tokens in a tokenizer's file; none in one that was written before there were any."""
    tokens = data.get("special_tokens", [])
    if not isinstance(tokens, list):
        raise ValueError('"special_tokens" must be a list of strings')
    return check_special_tokens(tokens)


def roles_of(data: dict) -> dict[str, str] | None:
    """Which token has which role, by the file of a run; None in one that doesn't say, as earlier versions wrote it."""
    roles = data.get("roles")
    if not (roles is None or (isinstance(roles, dict) and all(isinstance(token, str) for token in roles.values()))):
        raise ValueError('"roles" must be an object of roles and their tokens')
    return roles


def with_cls_and_sep(
    tokenizer: Tokenizer,
    first: Sequence[int] | np.ndarray,
    second: Sequence[int] | np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """What BERT reads: [CLS] first [SEP], or [CLS] first [SEP] second [SEP], and the token types; both int32 (T,).

    The types are 0 up to and with the first [SEP], and 1 for the rest. Devlin et al. 2019, section 3 and figure 2.
    The texts are given as ids. A tokenizer without tokens of these two roles is a ValueError.
    """
    cls, sep = tokenizer.role("cls_token"), tokenizer.role("sep_token")
    for role, token in (("[CLS]", cls), ("[SEP]", sep)):
        if token is None:
            raise ValueError(
                f"the tokenizer has no special token for the role of {role}: "
                f"its own are {', '.join(tokenizer.special_tokens) or 'none'}"
            )
    ids = [cls, *first, sep]
    types = [0] * len(ids)
    if second is not None:
        ids += [*second, sep]
        types += [1] * (len(ids) - len(types))
    return np.array(ids, np.int32), np.array(types, np.int32)


@dataclass(frozen=True)
class SpecialTokens:
    """The ids of special tokens. What a data builder doesn't need may be left out.

    pad fills a batch up to its longest row; mask stands where something is hidden; bos and eos are a text's first and last token ([CLS] and
    [SEP] in BERT), and bos is what a decoder reads first (T5 takes pad for that, and so may you). sentinels stand for hidden spans, the
    first in a text for the first span and so on; T5's are its last 100 ids, counted down.
    """

    pad: int
    mask: int | None = None
    bos: int | None = None
    eos: int | None = None
    sentinels: tuple[int, ...] = ()

    def __post_init__(self):
        distinct = [token for token in (self.pad, self.mask, self.eos, *self.sentinels) if token is not None]
        if len(set(distinct)) < len(distinct):
            raise ValueError(f"pad, mask, eos and sentinels must all differ, got {self}")

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> "SpecialTokens":
        """Those of a tokenizer, by their names: BERT's ends, [CLS] and [SEP], or <s> and </s>; T5's sentinels."""
        ids = tokenizer.special_tokens
        sentinels = tuple(ids[name] for name in SENTINELS if name in ids)
        bos, eos = (ids.get(name, ids.get(of_bert)) for name, of_bert in ((BOS, CLS), (EOS, SEP)))
        return cls(pad=ids[PAD], mask=ids.get(MASK), bos=bos, eos=eos, sentinels=sentinels)

    def require(self, *names: str) -> None:
        """Raise ValueError unless all of these are given."""
        for name in names:
            if getattr(self, name) in (None, ()):
                raise ValueError(f"this objective needs the special token {name}, and {self} is without")

    def check_absent(self, ids: np.ndarray) -> None:
        """Raise ValueError if a text holds one that only a data builder may write: pad, mask or a sentinel."""
        ours = [token for token in (self.pad, self.mask, *self.sentinels) if token is not None]
        if (found := np.isin(ids, ours)).any():
            raise ValueError(f"the text holds token {ids[found][0]}, and {self} means something else by it")
