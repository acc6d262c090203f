"""The tokens that are no text: padding, the mask, the ends, the sentinels."""

from dataclasses import dataclass

import numpy as np

from minillm.text import Tokenizer
from minillm.text.special_tokens import BOS, CLS, EOS, MASK, PAD, SENTINELS, SEP


@dataclass(frozen=True)
class SpecialTokens:
    """Their ids. What a data builder doesn't need may be left out.

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
