"""SQuAD's exact match and F1: is a short answer that of the question?"""

import re
import string
import unicodedata
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence

from minillm.errors import check_known
from minillm.metrics.metric import Mean

ARTICLES = re.compile(r"\b(a|an|the)\b")
IDEOGRAPH = re.compile("([\u4e00-\u9fa5])")


def english_words(text: str) -> list[str]:
    """In lower case, without ASCII punctuation, articles and white space: "The U.S." is ["us"]."""
    text = "".join(character for character in text.lower() if character not in string.punctuation)
    return ARTICLES.sub(" ", text).split()


def chinese_words(text: str) -> list[str]:
    """Each Chinese character; what stands between them is cut at white space. No punctuation marks of any script. Lewis et al. 2020."""
    text = "".join(character for character in text.lower() if not is_punctuation(character))
    return IDEOGRAPH.sub(r" \1 ", text).split()


def is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


WORDS = {"en": english_words, "zh": chinese_words}


class Answer(Mean):
    """What exact match and F1 have in common: each answer is compared with all references, and the best counts."""

    def __init__(self, language: str = "en"):
        check_known([language], WORDS, "language of answers")
        self._words, self.settings = WORDS[language], f"lang:{language}"

    def statistics(self, answer: str, references: Sequence[str]) -> list[float]:
        """The best agreement, and 1. References without a word are left out; where none is left, no answer is the right one."""
        words = self._words(answer)
        others = [other for other in map(self._words, references) if other] or [[]]
        return [max(self.agreement(words, other) for other in others), 1]

    @abstractmethod
    def agreement(self, answer: list[str], reference: list[str]) -> float:
        """Of two lists of words, from 0 to 1."""


class ExactMatch(Answer):
    """The share of answers, in percent, that are a reference word by word. Rajpurkar et al. 2016; equal to SQuAD's script (version 2.0).

    Case, punctuation, articles and white space don't count; in Chinese ("zh") there are no articles, and each character is a word (Lewis et
    al. 2020).
    """

    name = "EM"

    def agreement(self, answer: list[str], reference: list[str]) -> float:
        return float(answer == reference)


class AnswerF1(Answer):
    """How many words the answers have in common with a reference: the mean of F1, in percent. Rajpurkar et al. 2016.

        F1 = 2 P R / (P + R)        P = common words / the answer's        R = common words / the reference's

    Words are those of `ExactMatch`; where neither has one, F1 is 1. Equal to SQuAD's script (version 2.0).
    """

    name = "F1"

    def agreement(self, answer: list[str], reference: list[str]) -> float:
        if not answer or not reference:
            return float(answer == reference)
        return 2 * (Counter(answer) & Counter(reference)).total() / (len(answer) + len(reference))  # = 2 P R / (P + R)
