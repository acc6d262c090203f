"""What is wrong with the answers of a student's function, as exactly as it can be told.

First come the mistakes that the exercise knows by name; then what can be seen of any answer: its type, its shape, a sign, a factor, a slip;
at last the numbers themselves, for the smallest call that comes out wrong.
"""

import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from minillm.course import patterns, reading
from minillm.course.answers import Failure, Other, is_number, same
from minillm.course.calling import Attempt, try_text
from minillm.course.exercises import NOT_WRITTEN, Exercise, load, planted
from minillm.course.slips import slips
from minillm.course.wording import apart, call, failed, kind, listed, sentences, size, value

PATIENCE = (
    10.0  # seconds in which the slips of an exercise are tried: there are up to a thousand, and the student waits
)


class Verdict(NamedTuple):
    """How an exercise came out. `yours` and `target` are the two answers to the first call that went wrong, or to the first."""

    name: str
    passed: bool
    message: str = ""
    yours: Any = None
    target: Any = None
    printed: str = ""  # what the student's code printed, or the beginning of it
    seconds: float = 0.0

    def row(self, lesson: str) -> dict[str, Any]:
        """What a teacher's table has of it, for JSON."""
        seconds = round(self.seconds, 4)
        return {
            "lesson": lesson,
            "exercise": self.name,
            "passed": self.passed,
            "diagnosis": self.message,
            "seconds": seconds,
        }


def judge(
    exercise: Exercise,
    attempt: Attempt,
    solution: str,
    source: str = "",
    seed: int = 0,
    repair: Callable[[], str] = str,
) -> Verdict:
    """Whether the answers are those of the solution, and else what is wrong. source: the student's text, to quote lines from;
    repair: asked what one change makes it right, where no known mistake explains it.
    """
    case = Case(exercise, attempt.answers, try_text(solution, exercise, seed), solution, seed)
    message = case.finished(attempt.writes) if case.right else case.wrong(attempt, source, repair)
    pairs = list(zip(attempt.answers, case.target, strict=False))
    yours, target = next((pair for pair in pairs if not same(*pair)), pairs[0])
    return Verdict(exercise.name, not message, message, yours, target, attempt.printed, attempt.seconds)


class Case:
    """The answers of a student's function beside the right ones."""

    def __init__(self, exercise: Exercise, yours: list, target: list, solution: str, seed: int):
        self.exercise, self.yours, self.target, self.solution, self.seed = exercise, yours, target, solution, seed
        self.calls = exercise.calls(np.random.default_rng(seed))
        self.parameters = list(inspect.signature(getattr(load(solution, "<solution>"), exercise.name)).parameters)
        self.right = same(yours, target)

    def finished(self, writes: Sequence[int]) -> str:
        return (
            f"right, but it writes into {self._written(writes)}, which it was given: work on a copy" if writes else ""
        )

    def _written(self, writes: Sequence[int]) -> str:
        return listed([self.parameters[index] for index in writes])

    def wrong(self, attempt: Attempt, source: str, repair: Callable[[], str]) -> str:
        """What is wrong with answers that are not all right."""
        name = self.exercise.name
        failures = [answer for answer in self.yours if isinstance(answer, Failure)]
        kinds = {failure.kind for failure in failures}
        if "NotImplementedError" in kinds:
            return NOT_WRITTEN
        if "Missing" in kinds:
            return f"there is no function {name} in the file"
        if kinds & {"Timeout", "Crash"}:
            return failed(failures[-1], name, source, self._call(len(self.yours) - 1))
        if (
            message := reading.early_return(source, name)
            or reading.pitfall(source, name)
            or self._explained(self._mistakes())
        ):
            return message
        if attempt.random:
            why = reading.kept(source, name) or "it needs its arguments, and nothing that is drawn or kept from before"
            return f"it answers the same call in two ways: {why}"
        if attempt.writes:
            return f"it writes into {self._written(attempt.writes)}, which it was given, and comes out wrong: first of all, work on a copy"
        if failures:
            index = self._smallest([isinstance(answer, Failure) for answer in self.yours])
            return sentences(failed(self.yours[index], name, source, self._call(index)), repair())
        return (
            self._kinds(source)
            or (self.names and patterns.exchanged(self.yours, self.target, self.names))
            or ("" if isinstance(self.target[0], str) else repair())
            or self._difference(source)
        )

    def _mistakes(self) -> Iterator[tuple[str, str]]:
        """The solution with each known mistake, and what that is called."""
        for mistake in self.exercise.mistakes:
            yield planted(self.solution, mistake), mistake.diagnosis

    def _slips(self) -> Iterator[tuple[str, str]]:
        began = time.perf_counter()
        for text, message in slips(self.solution, self.exercise.name):
            if time.perf_counter() - began > PATIENCE:
                return
            yield text, f"it comes out as if {message}"

    def _explained(
        self, changed: Iterable[tuple[str, str]], part: int | None = None, spared: Sequence[int] = ()
    ) -> str:
        """What is said of the first of these changed solutions that gives the student's answers, or this part of them.

        It must share something wrong with them, and not only an error: the same error may come of anything. spared: the parts that are
        right, and that it must leave so.
        """
        yours, target = (_part(answers, part) for answers in (self.yours, self.target))
        shortest = self._smallest([not same(*pair) for pair in zip(yours, target, strict=True)])
        only = slice(shortest, shortest + 1)
        for text, message in changed:
            if not same(yours[only], _part(try_text(text, self.exercise, self.seed, only), part)):
                continue  # most are refuted by this one call
            whole = try_text(text, self.exercise, self.seed)
            answers = _part(whole, part)
            if (
                same(yours, answers)
                and all(same(_part(whole, each), _part(self.target, each)) for each in spared)
                and any(
                    not isinstance(answer, Failure) and not same(answer, its)
                    for answer, its in zip(answers, target, strict=True)
                )
            ):
                return message
        return ""

    def _smallest(self, chosen: Sequence[bool]) -> int:
        """The number of the shortest of these calls."""
        return min(np.flatnonzero(chosen).tolist(), key=lambda index: size(self.calls[index]))

    def _call(self, index: int) -> str:
        return call(self.exercise.name, self.parameters, self.calls[index])

    @property
    def names(self) -> Sequence[str]:
        """Those of several outputs."""
        first = self.target[0]
        if not self.exercise.outputs and isinstance(first, tuple) and not all(isinstance(part, int) for part in first):
            return [f"value {part + 1} of {len(first)}" for part in range(len(first))]
        return self.exercise.outputs

    def _kinds(self, source: str) -> str:
        """What is wrong with the type of an answer."""
        for index, (mine, its) in enumerate(zip(self.yours, self.target, strict=True)):
            if mine is None and any(answer is not None for answer in self.yours):
                return f"it returns None in {self._call(index)}: no return is reached there"
            if mine is None and (message := reading.printed(source, self.exercise.name)):
                return f"it returns None: {message}"
            if message := _wrong_kind(mine, its, self.names):
                return message
        return ""

    def _difference(self, source: str) -> str:
        """In what the answers differ from the target, when no known mistake explains it."""
        first, names = self.target[0], self.names
        if not names:
            if message := self._explanation(self.yours, self.target):
                return message
            return self._word() if isinstance(first, str) else self._numbers(self.yours, self.target, source)
        yours, target = (list(zip(*answers, strict=True)) for answers in (self.yours, self.target))
        wrong = [part for part in range(len(names)) if not same(yours[part], target[part])]
        choices = [part for part in wrong if all(map(self._is_choice, target[part], self.calls))]
        if choices != wrong:  # a choice is wrong because of what it was chosen by
            wrong = [part for part in wrong if part not in choices]
        right = [part for part in range(len(names)) if part not in (*wrong, *choices)]
        fine = (
            f"{listed([names[part] for part in right])} {'is' if len(right) == 1 else 'are'} right. " if right else ""
        )
        for part in wrong:
            if message := self._explanation(yours[part], target[part], part, right):
                return f"{fine}{names[part]}: {message}"
        return f"{fine}{names[wrong[0]]}: {self._numbers(yours[wrong[0]], target[wrong[0]], source)}"

    @staticmethod
    def _is_choice(its: Any, arguments: Sequence) -> bool:
        """Whether an answer is one of the numbers that were given: mistakes of all kinds choose the same one by chance."""
        return is_number(its) and any(isinstance(each, list) and its in each for each in arguments)

    def _word(self) -> str:
        """Of answers that are words, such as predictions, the first wrong one: what is said of the known mistake with the same word, or of
        another that spoils the same call.
        """
        index = next(i for i, pair in enumerate(zip(self.yours, self.target, strict=True)) if not same(*pair))
        answers = [(try_text(text, self.exercise, self.seed)[index], message) for text, message in self._mistakes()]
        about = [
            (same(answer, self.yours[index]), message)
            for answer, message in answers
            if not same(answer, self.target[index])
        ]
        if about:
            return max(about, key=lambda pair: pair[0])[1]
        return f"{self._call(index)} gives {value(self.yours[index])}, and should give {value(self.target[index])}"

    def _explanation(
        self, yours: Sequence, target: Sequence, part: int | None = None, right: Sequence[int] = ()
    ) -> str:
        """What explains the answers, or one output of several in all of them; empty if nothing is found. right: the outputs that are."""
        if part is not None and (message := self._explained(self._mistakes(), part, right)):
            return message
        if (
            len(yours) > 2
            and all(same(mine, yours[0]) for mine in yours)
            and not all(same(its, target[0]) for its in target)
        ):
            return f"it answers {value(yours[0])} whatever it is given"
        if not all(is_number(its) or isinstance(its, np.ndarray) for its in target):
            return self._explained(self._slips(), part, right)
        for mine, its in zip(yours, target, strict=True):
            if np.shape(mine) != np.shape(its):
                return self._explained(self._slips(), part, right) or patterns.shape(np.asarray(mine), np.asarray(its))
        mine, its = ([np.asarray(each) for each in answers] for answers in (yours, target))
        return (
            patterns.empty(mine, its)
            or patterns.mended(mine, its)
            or patterns.unchanged(mine, self.calls, self.parameters)
            or self._explained(self._slips(), part, right)
            or patterns.seen(mine, its, self.calls, self.parameters)
        )

    def _numbers(self, yours: Sequence, target: Sequence, source: str) -> str:
        """The shortest call that goes wrong, and what differs most in its answer; and what the function does not use."""
        unread = reading.unread(source, self.solution, self.exercise.name)
        return sentences(self._worst(yours, target), unread)

    def _worst(self, yours: Sequence, target: Sequence) -> str:
        wrong = [not same(mine, its) for mine, its in zip(yours, target, strict=True)]
        index = self._smallest(wrong)
        mine, its = yours[index], target[index]
        if not (is_number(its) or isinstance(its, np.ndarray)):
            return f"{self._call(index)} gives {value(mine)}, and should give {value(its)}{_parts(mine, its)}"
        if not np.shape(its):
            texts = apart(mine, its)
            return f"{self._call(index)} gives {texts[0]}, and should give {texts[1]}{_how_many(wrong)}"
        with np.errstate(all="ignore"):
            distance = np.nan_to_num(np.abs(mine.astype(float) - its), nan=np.inf)
        worst = np.unravel_index(np.argmax(np.where(mine == its, -1, distance)), its.shape)
        texts, at = apart(mine[worst], its[worst]), tuple(map(int, worst)) if its.ndim > 1 else f"index {worst[0]}"
        found = [
            patterns.places(*pair)
            for pair, differs in zip(zip(yours, target, strict=True), wrong, strict=True)
            if differs
        ]
        where = f"{patterns.places(mine, its)}: " if all(found) else ""
        most = f"at {at}, where it differs most, it is {texts[0]} and should be {texts[1]}"
        return f"{where}{most}, in {self._call(index)}{_how_many(wrong)}"


def _part(answers: list, part: int | None) -> list:
    """One output of several in all answers; None where there is no such output."""
    if part is None:
        return answers
    return [answer[part] if isinstance(answer, tuple | list) and part < len(answer) else None for answer in answers]


def _how_many(wrong: Sequence[bool]) -> str:
    """How many calls come out right, if some do."""
    if wrong[0] is False and all(wrong[1:]) and len(wrong) > 2:
        return " (only the first call comes out right)"
    return f" ({wrong.count(False)} of {len(wrong)} calls come out right)" if False in wrong else ""


def _wrong_kind(mine: Any, its: Any, names: Sequence[str]) -> str:
    """What is wrong with the type of an answer; names are those of several outputs."""
    if mine is None:
        return "it returns None: is there a return?"
    if isinstance(mine, Other) and mine.kind in ("function", "method", "builtin_function_or_method"):
        return "it returns a function: is it to be called, with ()?"
    if names:
        wanted = f"{len(names)} values: {', '.join(names)}"
        if not isinstance(mine, tuple | list):
            return f"it returns {kind(mine)}, and should return {wanted}"
        if len(mine) != len(names):
            return f"it returns {len(mine)} value{'s' * (len(mine) != 1)}, and should return {wanted}"
        for name, one, other in zip(names, mine, its, strict=True):
            if message := _wrong_kind(one, other, ()):
                return f"{name}: {message}"
        return ""
    if isinstance(mine, tuple) and len(mine) > 1 and same(mine[0], its):
        return f"it returns {len(mine)} values: only the first is asked for"
    if isinstance(its, tuple | list):
        fits, wanted = isinstance(mine, tuple | list), kind(its)
    elif isinstance(its, dict):
        fits, wanted = isinstance(mine, dict), "a dict"
    elif isinstance(its, str):
        fits, wanted = isinstance(mine, str), "a text"
    elif isinstance(its, np.ndarray):
        fits, wanted = isinstance(mine, np.ndarray) or is_number(mine), "a NumPy array"
    else:
        fits, wanted = is_number(mine) or isinstance(mine, np.ndarray), "one number"
    if fits:
        return ""
    if isinstance(mine, tuple) and len(mine) == 1:
        return f"it returns a tuple with one thing in it, and should return {wanted}: is there a comma too many?"
    remedy = ": return a NumPy array, np.array(...)" if wanted == "a NumPy array" else f", and should return {wanted}"
    return f"it returns {kind(mine)}{remedy}"


def _parts(mine: Any, its: Any) -> str:
    """What can be said of two lists, or of two dicts; of two texts nothing."""
    if isinstance(its, dict):
        kinds = [next((kind(key) for key in each), "") for each in (mine, its)]
        if mine and its and kinds[0] != kinds[1]:
            return f": each key is {kinds[0]}, and should be {kinds[1]}"
        differences = [f"{value(key)} is missing" for key in its if key not in mine][:1]
        differences += [f"{value(key)} should not be there" for key in mine if key not in its][:1]
        other = [key for key in its if key in mine and not same(mine[key], its[key])]
        differences += [
            f"for {value(key)} it is {value(mine[key])} and should be {value(its[key])}" for key in other[:1]
        ]
        return f": {listed(differences)}"
    if isinstance(its, str):
        return ""
    kinds = [kind(each[0]) if each else "" for each in (mine, its)]
    if mine and its and kinds[0] != kinds[1]:
        return f": each part of it is {kinds[0]}, and should be {kinds[1]}"
    if len(mine) > 1 and same(list(mine)[::-1], list(its)):
        return ": it is right, in reversed order"
    if all(isinstance(part, tuple | list) and len(part) > 1 for part in mine) and same(
        [part[::-1] for part in mine], its
    ):
        return ": each part of it is right, in reversed order"
    if len(mine) != len(its):
        return f": it is {abs(len(mine) - len(its))} too {'long' if len(mine) > len(its) else 'short'}"
    return ""
