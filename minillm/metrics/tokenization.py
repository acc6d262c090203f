"""How metrics cut a text into words. A score depends on it, so each way is kept as it was first published, oddities included."""

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from minillm.errors import check_known

# What sacrebleu's zh takes for Chinese. U+2001 to U+2A6D (dashes, arrows, mathematics ...) are in it by a slip: meant was Extension B,
# U+20000 to U+2A6D6, which is not in it. All scores of sacrebleu for Chinese have it.
CHINESE = re.compile(
    "([\u2001-\u2a6d\u2e80-\u2fdf\u2ff0-\u303f\u3100-\u312f\u31a0-\u31bf\u31c0-\u31ef\u3200-\u4db5\u4e00-\u9fbb"
    "\uf900-\ufa2d\ufa30-\ufa6a\ufa70-\ufad9\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef])"
)
EUROPEAN = (
    (re.compile(r"([{-~[-` -&(-+:-@/])"), r" \1 "),  # punctuation and symbols, but ' , - .
    (re.compile(r"([^0-9])([.,])"), r"\1 \2 "),  # a period or comma that no digit stands before
    (re.compile(r"([.,])([^0-9])"), r" \1 \2"),  # or that none stands after
    (re.compile(r"([0-9])(-)"), r"\1 \2 "),  # a dash after a digit
)
ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
NOT_ALPHANUMERIC = re.compile("[^a-z0-9]+")


def words_13a(text: str) -> list[str]:
    """NIST's mteval-v13a.pl, for languages of Europe: punctuation marks are words, but not those inside of numbers."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return apart(f" {text} ")


def words_zh(text: str) -> list[str]:
    """Each Chinese character is a word, as is each punctuation mark; the rest is cut as by 13a."""
    return apart(CHINESE.sub(r" \1 ", text.strip()))


def apart(text: str) -> list[str]:
    for pattern, spaced in EUROPEAN:
        text = pattern.sub(spaced, text)
    return text.split()


def characters(text: str) -> list[str]:
    return [character for character in text if not character.isspace()]


def alphanumeric(text: str) -> list[str]:
    """Lin's ROUGE: runs of a-z and 0-9 after lower-casing. Nothing is left of Chinese, nor of an accent: *é* separates words."""
    return NOT_ALPHANUMERIC.sub(" ", text.lower()).split()


TOKENIZERS: dict[str, Callable[[str], list[str]]] = {
    "13a": words_13a,
    "zh": words_zh,
    "char": characters,
    "none": str.split,
    "alphanumeric": alphanumeric,
}


def tokenizer_named(name: str) -> Callable[[str], list[str]]:
    check_known([name], TOKENIZERS, "tokenizer of a metric")
    return TOKENIZERS[name]


def ngrams(tokens: Sequence[Hashable], n: int) -> Counter:
    """How often each n-gram stands in a sequence, which may be a string."""
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))
