"""Rewards: a score for every segment of a text, from 0 for what is wanted down to -1 for what is not.

A segment is a line, a sentence or a whole sample, whatever the objective cuts texts into. Scores are of order one on purpose:
reward-weighted objectives do nothing if all scores are alike.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.objectives.words import IDEOGRAPH
from minillm.preferences.personal_information import find_personal_information
from minillm.preferences.python_style import style_violations
from minillm.preferences.user_function import load_function, one_line
from minillm.text import read_text
from minillm.weights import find

FORMS = "Choose style, personal, length:CHARACTERS, words:FILE, or a function of yours, FILE.py:NAME."
SHOWN = 40  # characters of a segment in a message


class Reward(NamedTuple):
    """A name for messages, and a function from a list of segments to one number for each of them.

    A reward that is `whole` judges an answer together with its prompt, such as a reward model; the others judge it line by line. `sha256`
    is that of the file that it was made from, if it was.
    """

    name: str
    function: Callable[[Sequence[str]], Sequence[float]]
    whole: bool = False
    sha256: str | None = None

    def __call__(self, segments: Sequence[str]) -> np.ndarray:
        """The scores (N,), float64. InputError unless the function gives a finite number for each of the N segments."""
        try:
            scores = self.function(list(segments))
        except Exception as error:  # the function may be a user's
            raise InputError(
                f"The reward {self.name} failed with {one_line(error)}.",
                f"It was called with a list of {len(segments)} texts; try it on a few of your own.",
            ) from error
        remedy = "It gets a list of texts, and is to return a list with one number for each."
        try:
            scores = np.asarray(scores, np.float64)
        except (TypeError, ValueError):
            raise InputError(f"The reward {self.name} gave something that is no list of numbers.", remedy) from None
        if scores.shape != (len(segments),):
            kinds = {0: "a single number", 1: f"{scores.size} scores"}
            what = kinds.get(scores.ndim, f"an array of shape {scores.shape}")
            raise InputError(f"The reward {self.name} gave {what} for {len(segments)} texts.", remedy)
        if len(wrong := np.flatnonzero(~np.isfinite(scores))):
            text = segments[wrong[0]]
            shown = repr(text if len(text) <= SHOWN else text[:SHOWN] + "…")
            raise InputError(
                f"The reward {self.name} gave {scores[wrong[0]]} for text {wrong[0] + 1}, {shown}.",
                "Have it return a finite number for every text, an empty one too.",
            )
        return scores


def each(name: str, score: Callable[[str], float]) -> Reward:
    """The reward that scores segments one by one."""
    return Reward(name, lambda segments: [score(segment) for segment in segments])


def style_reward() -> Reward:
    """-1 for a line of Python that breaks a rule of `style_violations`, else 0."""
    return each("style", lambda line: -1.0 if style_violations(line) else 0.0)


def personal_reward() -> Reward:
    """-1 for a text with an e-mail address, a web address or a telephone number in it, else 0."""
    return each("personal", lambda text: -1.0 if find_personal_information(text) else 0.0)


def length_reward(characters: int) -> Reward:
    """0 for a text of so many characters, and -1 for an empty one or one of twice as many or more; evenly between."""
    if characters < 1:
        raise InputError(f"A length of {characters} characters can't be aimed at.", "Give 1 or more, as in length:80.")
    return each(f"length:{characters}", lambda text: -min(abs(len(text) - characters) / characters, 1.0))


def word_reward(words: Sequence[str], name: str = "words") -> Reward:
    """-1 for a text with one of these words in it, else 0. Upper or lower case doesn't matter; a part of a word is no word.

    Chinese has no blanks between words: there a word counts wherever its characters stand.
    """
    if not (words := [word.strip() for word in words if word.strip()]):
        raise InputError(f"The word list of {name} has no word.", "Write one word or phrase to a line.")
    pattern = re.compile("|".join(map(_whole_word, words)), re.IGNORECASE)
    return each(name, lambda text: -1.0 if pattern.search(text) else 0.0)


def _whole_word(word: str) -> str:
    letter = rf"(?![{IDEOGRAPH}])\w"
    before = rf"(?<!{letter})" if re.match(letter, word) else ""
    after = rf"(?!{letter})" if re.match(letter, word[-1]) else ""
    return before + re.escape(word) + after


def parse_reward(form: str, *, trusted: bool = False, sha256: str | None = None) -> Reward:
    """The reward of this form: `style`, `personal`, `length:80`, `words:FILE` (one to a line), `FILE.py:NAME`.

    A Python file is run for its function, and a word list may be a pipe, only if the form is `trusted`: if the user wrote it on this
    command line, or the programmer in this program; never if it stands in a file of a run. `sha256` is what FILE must have if it is to be
    the same as once before. The reward's name is its form with the whole path of FILE.
    """
    kind, _, rest = form.partition(":")
    if form == "style":
        return style_reward()
    if form == "personal":
        return personal_reward()
    if kind == "length":
        if not (rest.isascii() and rest.isdigit() and len(rest) < 10):
            raise InputError(f"{form!r} names no length.", "Give a number of characters, as in length:80.")
        return length_reward(int(rest))
    if kind == "words" and rest:
        text = read_text(rest, files_only=not trusted)
        digest = check_sha256(rest, text.encode("utf-8"), sha256)
        return word_reward(text.split("\n"), absolute_form(form))._replace(sha256=digest)
    file, name = _python_file(form)
    if name:
        if not trusted:
            raise InputError(
                f"The reward {form} is a Python file, which is run only if you name it yourself.",
                f"If you trust it, add `reward` {form}",
            )
        if not Path(file).is_file():
            raise InputError(f"There is no file {file}.", f"Name the Python file that defines {name}.")
        source = Path(file).read_bytes()
        digest = check_sha256(file, source, sha256)
        return Reward(absolute_form(form), load_function(Path(file), source, name), sha256=digest)
    raise InputError(f"There is no reward {form!r}.", FORMS)


def resumed_reward(
    form: str, sha256: str | None, named: str | None, make: Callable[..., Reward] = parse_reward
) -> Reward:
    """The reward that a run began with, by the form and SHA-256 in its folder, which may be anybody's; `named` is what the user says now.

    InputError if it isn't the same any more; if it is a Python file, or has no whole path, and the user doesn't name it. `make` is called
    as `parse_reward` is.
    """
    if named is not None and form not in (named, absolute_form(named)):
        raise InputError(
            f"This run has the reward {form}, and `resume` cannot change it to {named}.",
            "Leave `reward` out, or start another run.",
        )
    if named is None and absolute_form(form) != form:
        raise InputError(
            f"This run has the reward {form}, and does not say in which folder.", "Name it again: `reward` FORM."
        )
    return make(named or form, trusted=named is not None, sha256=sha256)


def absolute_form(form: str) -> str:
    """The form with the whole path of its file or folder, so that it names the same one from anywhere."""
    if find(form).is_dir():
        return str(find(form).resolve())
    kind, _, rest = form.partition(":")
    if kind == "words" and rest not in ("", "-"):
        return f"words:{Path(rest).resolve()}"
    file, name = _python_file(form)
    return f"{Path(file).resolve()}:{name}" if name else form


def _python_file(form: str) -> tuple[str, str]:
    """FILE.py and NAME of the form FILE.py:NAME; two times nothing for any other form."""
    file, _, name = form.rpartition(":")
    return (file, name) if file.endswith(".py") and name else ("", "")


def check_sha256(file: str, content: bytes, sha256: str | None) -> str:
    """The SHA-256 of a file's content; InputError if it was another one when the file was read before."""
    digest = hashlib.sha256(content).hexdigest()
    if sha256 not in (None, digest):
        raise InputError(
            f"{file} is not what it was when this run began.", "Put it back as it was, or start another run."
        )
    return digest
