"""Checks of lesson 15."""

from functools import partial

import numpy as np

from minillm.course import Exercise, Mistake


def text(rng: np.random.Generator, question: int, passage: int, padding: int, missing: float = -9.0) -> tuple:
    """Scores and passage of a text, and the longest span. Question and padding have the highest scores, and [CLS] a sum of `missing`."""
    within = np.arange(question + passage + padding + 3) - (question + 2)
    inside = (within >= 0) & (within < passage)
    scores = rng.standard_normal((2, len(inside))) + np.where(inside, 0, 4)
    scores[:, 0] = missing * np.array([0.75, 0.25])
    return scores, inside, 3


def spot(start: list[float], end: list[float], longest: int = 3) -> tuple:
    """A text of [CLS], a token of the question, and a passage."""
    return np.array([start, end], float), np.arange(len(start)) >= 2, longest


SPOTS = [
    spot([1, 9, 0, 5, 0], [1, 9, 4, 3, 1], 2),  # the two pointers cross
    spot([5, 9, 0, 5, 0], [5, 9, 4, 3, 1], 2),  # no answer
    spot([3, 9, 0, 5, 0], [5, 9, 4, 3, 1], 2),  # a tie
    spot([8, 9, 1, 5, 0], [-3, 9, 0, 2, 1]),  # [CLS] has a high start
    spot([-3, 9, 1, 5, 0], [8, 9, 0, 2, 1]),  # and a high end
    spot([7, 9, 1, 2, 0], [1, 9, 0, 5, 1]),  # and a low end, and the highest sum
    spot([-9, -1, -5, -2, -6], [-9, -1, -4, -3, -7], 2),  # all are negative
    # one token more would be better, no limit better still
    spot([0, 0, 9, 1, 2, 0, 0, 1], [0, 0, 1, 3, 5, 9, 0, 12]),
    spot([0, 0, 5, 0, 4, 0], [0, 0, -3, -2, 6, 5], 2),  # the best start has no good end
    spot([0, 0, 4, 5, 0, -3, -2], [0, 0, 0, 5, 0, 0, 6], 2),  # the best end has no good start
    spot([0, 0, 1, 0, 0, 0, 6], [0, 0, 6, 1, 0, 0, 0], 2),  # the best end stands before the best start
    spot([0, 0, 6, 0, 3], [0, 0, -6, 2.9, 3], 1),  # the place that is almost surely a start is surely no end
]


class Reader:
    """What a network says of the windows of a passage: it takes each token for as good a start and end in every window."""

    def __init__(self, start: np.ndarray, end: np.ndarray, none: np.ndarray, longest: int):
        """start and end (length,): the scores of each token; none (length,): start + end of [CLS] in the window that begins there."""
        self.start, self.end, self.none, self.longest = start, end, none, longest

    def __call__(self, start: int, stop: int) -> tuple[int, int, float, float]:
        tokens = range(len(self.start))[start:stop]
        spans = [(first, last) for first in tokens for last in tokens if first <= last < first + self.longest]
        if not spans:
            return 0, 0, -np.inf, np.inf
        first, last = max(spans, key=self.total)
        return first - start, last - start, self.total((first, last)), float(self.none[start])

    def total(self, span: tuple[int, int]) -> float:
        return float(self.start[span[0]] + self.end[span[1]])

    def __repr__(self) -> str:
        return "..."


def passage(rng: np.random.Generator, length: int, size: int, longest: int, answer: tuple, none: list[float]) -> tuple:
    """Arguments of answer_in_windows, with the answer at a place. none: how much higher than the answer [CLS] is in each window."""
    start, end = rng.standard_normal((2, length))
    start[answer[0]] += 9
    end[answer[1]] += 9
    higher = np.repeat([*none, none[-1]], size - longest + 1)[:length]
    return Reader(start, end, start[answer[0]] + end[answer[1]] + higher, longest), length, size, longest


CASES = (
    "a capital and a full stop",
    "a letter that is an article",
    "hyphens",
    "turned round",
    "the opposite",
    "the whole sentence",
    "another word",
    "said four times",
)

# Mistakes in the same place of a solution: what stands there in its stead, and what is said of it.
compared = partial(Mistake, "start[0] + end[0] > sums[first, last]")
overlapping = partial(Mistake, "    overlap = longest - 1\n")
placed = partial(Mistake, "(start + first, start + last)")
least = partial(Mistake, "min(missing, none)")
searched = partial(Mistake, "    first, last = np.divmod(sums.argmax(), len(places))\n")
decided = partial(Mistake, "(-1, -1) if missing > best else span")
allowing = partial(Mistake, "    allowed = passage[:, None] & passage &")
returned = partial(Mistake, "    return int(first), int(last)\n")
windowed = partial(Mistake, "max(length - overlap, 1), size - overlap)")
ended = partial(Mistake, "max(length - overlap, 1)")
kept = partial(Mistake, "        if total > best:\n")
limited = partial(Mistake, "(length <= longest)")
summed = partial(Mistake, "np.where(allowed, start[:, None] + end, -np.inf)")
scored = partial(Mistake, "    start, end = scores\n")
within = partial(Mistake, "passage[:, None] & passage &")
cut = partial(Mistake, "min(start + size, length))")
unanswered = partial(Mistake, "    if start[0] + end[0] > sums[first, last]:\n        return 0, 0\n")
whole = partial(Mistake, '"the whole sentence": "below 50"')
repeated = partial(Mistake, '"said four times": "below 50"')
turned = partial(Mistake, '"turned round": "100"')
opposite = partial(Mistake, '"the opposite": "above 50"')

EXERCISES = [
    Exercise(
        "best_span",
        lambda rng: [*SPOTS, text(rng, 3, 7, 2), text(rng, 2, 9, 3), text(rng, 2, 6, 4, missing=9.0)],
        [
            "All sums at once: start[:, None] + end is (T, T), with a start in each row and an end in each column.",
            "Which of them are spans? Both places in the passage; and end - start + 1, the length, from 1 to `longest`.",
            "What is no span gets -inf: np.where(allowed, sums, -np.inf). Then np.divmod(sums.argmax(), T) are start and end.",
            "At last [CLS]: where start[0] + end[0] is higher than the sum of that span, (0, 0). Higher, not as high.",
        ],
        [
            searched(
                "    first, last = np.where(passage, scores, -np.inf).argmax(axis=1)\n",
                "Each pointer is taken for itself, so that an answer may end before it begins, or be too long. Look for the best of the spans.",
            ),
            Mistake(
                "(length >= 1) & (length <= longest)",
                "(length <= longest)",
                "An answer may end before it begins: only spans with start <= end count.",
            ),
            Mistake(
                "length = places - places[:, None] + 1",
                "length = np.abs(places - places[:, None]) + 1",
                "The distance has no sign, so that an answer may end a little before it begins: only spans with start <= end count.",
            ),
            Mistake(
                "(length >= 1)",
                "(length > 1)",
                "An answer of one token is left out: start and end may be the same place.",
            ),
            limited(
                "(length < longest)",
                "An answer of exactly `longest` tokens is allowed: from start to end there are end - start + 1.",
            ),
            limited(
                "(length <= longest + 1)",
                "An answer of `longest` + 1 tokens is taken: from start to end there are end - start + 1 tokens, not end - start.",
            ),
            Mistake(" & (length <= longest)", "", "The answer may be of any length: `longest` tokens at most."),
            summed(
                "np.where(allowed, start[:, None] * end, -np.inf)",
                "The scores are multiplied. They are logarithms of probabilities, but for a constant: those would be multiplied, scores are added.",
            ),
            scored(
                "    start, end = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n",
                "Probabilities are added up. Both ends have to be right: their probabilities are multiplied, or their scores added.",
            ),
            summed(
                "np.where(allowed, np.maximum(start[:, None], end), -np.inf)",
                "A span is as good as the better one of its two ends. It is as good as both together: start + end.",
            ),
            searched(
                "    first = np.where(passage, start, -np.inf).argmax()\n    last = sums[first].argmax()\n",
                "The best start is chosen first, and then an end for it. A start that is a little less good may have a much better end: compare all spans.",
            ),
            searched(
                "    last = np.where(passage, end, -np.inf).argmax()\n    first = sums[:, last].argmax()\n",
                "The best end is chosen first, and then a start for it. An end that is a little less good may have a much better start: compare all spans.",
            ),
            searched(
                "    first, last = np.divmod(sums.argmin(), len(places))\n",
                "That is the lowest sum, or what is no span at all: argmax.",
            ),
            Mistake(
                "passage[:, None] & passage & (length",
                "(length",
                "Answers are taken from anywhere, from the question and the padding too: both ends stand in the passage.",
            ),
            within(
                "passage[:, None] &",
                "The answer begins in the passage, but may end behind it, at [SEP] or in the padding.",
            ),
            within(
                "passage &",
                "The answer ends in the passage, but may begin in the question: both ends stand in the passage.",
            ),
            allowing(
                "    behind = places >= passage.argmax()\n    allowed = behind[:, None] & behind &",
                "The question is left out, but not what stands behind the passage: [SEP] and the padding.",
            ),
            allowing(
                "    before = (places <= np.flatnonzero(passage)[-1]) & (places > 0)\n    allowed = before[:, None] & before &",
                "The padding is left out, but not the question: it holds no answer.",
            ),
            allowing(
                "    either = passage | (places == 0)\n    allowed = either[:, None] & either &",
                "[CLS] is a start like any other, so that an answer may begin there and end in the passage. It stands for itself alone, and wins only if it is higher.",
            ),
            Mistake(
                "    sums = np.where(allowed, start[:, None] + end, -np.inf)\n",
                "    sums = np.where(allowed, start[:, None] + end, 0)\n",
                "What is no span gets 0, which is much where all scores are negative: -np.inf.",
            ),
            compared(
                "start[0] + end[0] >= sums[first, last]",
                "Where [CLS] has the same sum as the best span, the span counts: > for >=.",
            ),
            unanswered(
                "",
                "Every question gets an answer. Where the start + end of [CLS] is higher than that of the best span, it is (0, 0).",
            ),
            compared(
                "start[0] > start[first]",
                "Only the starts are compared: of [CLS] and of the span the sums of start and end.",
            ),
            compared(
                "end[0] > end[last]", "Only the ends are compared: of [CLS] and of the span the sums of start and end."
            ),
            compared(
                "start[0] > sums[first, last]",
                "The start of [CLS] alone is compared with a sum of two scores: add its end.",
            ),
            compared(
                "2 * start[0] > sums[first, last]",
                "The start of [CLS] is taken twice: one of the two is its end, scores[1, 0].",
            ),
            unanswered(
                "    alone = np.where(passage, scores, -np.inf).argmax(axis=1)\n    if alone[0] > alone[1] or start[0] + end[0] > sums[first, last]:\n        return 0, 0\n",
                "Where the two pointers cross you give no answer: then the best span is another one. There is none only where [CLS] is higher.",
            ),
            compared(
                "start[0] >= start[passage].max() and end[0] >= end[passage].max()",
                "There is no answer for you only where both pointers have [CLS] as their best place. It need not be: the sums are compared.",
            ),
            Mistake(
                "        return 0, 0\n",
                "        return None\n",
                "Where there is no answer it is (0, 0), the place of [CLS], and not None.",
            ),
            compared(
                "start[0] > start[first] and end[0] > end[last]",
                "[CLS] must be higher in both pointers, each for itself: the sums are compared.",
            ),
            compared(
                "start[0] > start[first] or end[0] > end[last]",
                "It is enough for you that [CLS] is higher in one of the two pointers: the sums are compared.",
            ),
            compared(
                "start[0] + end[0] < sums[first, last]",
                "It is the other way round: (0, 0) where [CLS] is higher than the span.",
            ),
            scored(
                "    end, start = scores\n",
                "Starts and ends are exchanged: scores[0] says how well each place fits as start.",
            ),
            returned("    return int(last), int(first)\n", "They are the right places, but the end stands first."),
            returned(
                "    return int(first), int(last) + 1\n",
                "The end is one too far: the last place of the answer is asked for, not the one behind it.",
            ),
            returned(
                "    return int(first - passage.argmax()), int(last - passage.argmax())\n",
                "The places are counted within the passage. Count them in the whole text, from [CLS] at 0.",
            ),
            Mistake(
                "        return 0, 0",
                "        return -1, -1",
                "(-1, -1) stands for no answer: it is (0, 0), the place of [CLS].",
            ),
        ],
    ),
    Exercise(
        "answer_in_windows",
        lambda rng: [
            passage(rng, 9, 5, 3, (6, 7), [-40, -40, -40]),
            passage(rng, 4, 5, 3, (1, 1), [-9]),
            passage(rng, 2, 6, 4, (0, 1), [-9, -9]),
            passage(rng, 8, 5, 3, (4, 6), [-9, -9]),
            passage(rng, 19, 8, 4, (4, 7), [-9, -9, -9, -9]),
            passage(rng, 20, 8, 3, (5, 7), [3, 2, 4]),
            passage(rng, 17, 7, 3, (9, 10), [-40, 60, 70]),
            passage(rng, 15, 7, 3, (2, 4), [4, 5, -5]),
            passage(rng, 17, 7, 3, (8, 9), [1, -3, -5]),
            passage(rng, 17, 7, 3, (8, 9), [7, -3, -2]),
            passage(rng, 17, 7, 3, (1, 2), [-1, -40, -2]),
            passage(rng, 14, 6, 2, (6, 6), [0, 0, 0]),
            passage(rng, 12, 4, 1, (9, 9), [-9, -9, -9]),
        ],
        [
            "A span of `longest` tokens that does not end in a window has at most `longest` - 1 tokens in it: so many must be read again.",
            "So windows overlap by `longest` - 1 tokens, and each begins `size` - (`longest` - 1) behind the one before. A window that would begin within the last `longest` - 1 tokens has nothing new.",
            "Go through the windows and keep three things: the highest total, its span, and the lowest of all [CLS].",
            "Places in the passage are start + first and start + last. At the end (-1, -1) if the lowest [CLS] > the highest total.",
        ],
        [
            overlapping(
                "    overlap = longest\n",
                "The windows overlap by `longest` tokens: one more than they must. Does a span that begins where the next window does lie in that?",
            ),
            overlapping(
                "    overlap = 0\n",
                "The windows stand side by side: a span that crosses their border is whole in neither. How much must they overlap?",
            ),
            overlapping(
                "    overlap = longest + 1\n",
                "The windows overlap by `longest` + 1 tokens: two more than they must. Which span would be cut if it were less?",
            ),
            windowed(
                "max(length - size, 0) + longest, longest)",
                "Each window begins `longest` tokens further than the one before. How many tokens must two windows share? The step is `size` minus that.",
            ),
            overlapping(
                "    overlap = longest - 2\n",
                "The overlap is one too small: a span of `longest` tokens that ends one behind a window begins one before the next.",
            ),
            overlapping(
                "    overlap = size // 2\n",
                "The windows overlap by half. That is simple, and often done, but how much it must be depends on `longest`.",
            ),
            windowed(
                "max(length - size, 0) + max(overlap, 1), max(overlap, 1))",
                "Each window begins `longest` - 1 further than the one before. That is how much they overlap: the step is `size` minus that.",
            ),
            windowed(
                "max(length - size, 0) + 1, 1)",
                "A window begins at each token: that is right, and far too much to read.",
            ),
            Mistake(
                "    windows = [(start, min(start + size, length)) for start in starts]\n",
                "    windows = [(max(min(start, length - size), 0), min(start + size, length)) for start in starts]\n",
                "The last window is moved back until it is full. It begins like the others, as far to the right as it can, and is shorter.",
            ),
            Mistake(
                "min(start + size, length)",
                "start + size",
                "The last window goes on where the passage has ended: it stops at `length`.",
            ),
            ended(
                "length",
                "There is a window too many where all that is left is in the one before already. The window that reaches the end is the last.",
            ),
            ended(
                "max(length - size, 0) + 1",
                "The end of the passage is not read unless a full window fits in: the last one may be shorter.",
            ),
            ended(
                "length - overlap",
                "A passage that is shorter than `longest` is not read at all: it has one window, like every short one.",
            ),
            cut(
                "min(start + size, length) - 1)",
                "The windows miss their last token: stop is the place behind it, as in range(start, stop).",
            ),
            cut(
                "min(size, length - start))",
                "The second number of a window is how long it is: where it stops is asked for.",
            ),
            placed("(first, last)", "The places of the span are counted within its window: add where that begins."),
            placed(
                "(start + first, last)",
                "The end of the span is still counted within its window: add where that begins, as for the start.",
            ),
            placed(
                "(windows.index((start, stop)) * size + first, windows.index((start, stop)) * size + last)",
                "The span was moved as if the windows stood side by side: add where its window begins.",
            ),
            placed(
                "(start + first, start + last + 1)",
                "The end of the span is one too far: its last place is asked for, not the one behind it.",
            ),
            placed(
                "(start + first - 1, start + last - 1)",
                "The span is one too far to the left: the places that `read` returns count the passage's tokens from 0, [CLS] is not among them.",
            ),
            least(
                "read(*windows[0])[3]",
                "Only the first window's [CLS] is asked. There is no answer if [CLS] is higher in every window, so the lowest of them decides.",
            ),
            least(
                "np.mean([read(*window)[3] for window in windows])",
                "The mean of all [CLS] decides. But it is high in every window without the answer, and those are most: the lowest decides.",
            ),
            least(
                "sum(read(*window)[3] for window in windows)",
                "The [CLS] of all windows are added up, and a passage of many windows would hardly get an answer: the lowest decides.",
            ),
            least(
                "none",
                "Only the last window's [CLS] is asked. There is no answer if [CLS] is higher in every window, so the lowest of them decides.",
            ),
            least(
                "max(read(*window)[3] for window in windows)",
                "One window in which [CLS] is high is enough for you to give no answer. But a window without the answer should say so: all must.",
            ),
            Mistake(
                "        missing = min(missing, none)\n        if total > best:\n            best, span = total, (start + first, start + last)",
                "        if total > best:\n            best, missing, span = total, none, (start + first, start + last)",
                "Only the [CLS] of the window with the best span is asked: the lowest of all windows decides.",
            ),
            decided(
                "span",
                "Every question gets an answer: it is (-1, -1) where [CLS] is higher than the best span in every window.",
            ),
            decided(
                "(-1, -1) if missing >= best else span",
                "Where [CLS] is as high as the best span, the span counts: > for >=.",
            ),
            decided(
                "(0, 0) if missing > best else span",
                "(0, 0) is the first token of the passage here, which might be an answer: no answer is (-1, -1).",
            ),
            kept(
                "        if total > best and span == (-1, -1):\n",
                "The first window's span is kept whatever the others have: the highest total of all.",
            ),
            kept(
                "        if total >= none and span == (-1, -1):\n",
                "The first window that finds an answer wins: the highest total of all does.",
            ),
            kept(
                "        if True:\n",
                "The last window's span is taken whatever the others have: the highest total of all.",
            ),
            Mistake(
                "        if total > best:\n            best, span = total, (start + first, start + last)\n    return windows, (-1, -1) if missing > best else span",
                "        if total > best and total >= none:\n            best, span = total, (start + first, start + last)\n    return windows, span",
                "Each window decides for itself whether it has an answer. But [CLS] may be high where the answer stands and low elsewhere: first the highest total of all windows, then the lowest [CLS] of all.",
            ),
            decided("None if missing > best else span", "Where there is no answer the span is (-1, -1), and not None."),
            Mistake(
                "        if total > best:\n            best, span = total, (start + first, start + last)\n    return windows, (-1, -1) if missing > best else span",
                "        if total - none > best:\n            best, span = total - none, (start + first, start + last)\n    return windows, (-1, -1) if best < 0 else span",
                "The windows are compared by how far their span is above their [CLS]. The totals are compared, and [CLS] is asked at the end.",
            ),
        ],
        outputs=("windows", "span"),
    ),
    Exercise(
        "predict",
        lambda rng: [(case,) for case in CASES],
        [
            "Put both into lower case, without punctuation, without a, an and the; then count: common words, the answer's, the reference's.",
            "Exact match compares lists of words, and F1 bags of words: 2 · common / (the answer's + the reference's).",
            "What is taken out leaves no space behind. And a word is common at most as often as the reference has it.",
        ],
        [
            Mistake(
                '"a capital and a full stop": "exact"',
                '"a capital and a full stop": "100"',
                "A capital and a full stop: lower case, no punctuation, no article. What is left is `harbour`, on both sides.",
            ),
            Mistake(
                '"a letter that is an article": "exact"',
                '"a letter that is an article": "above 50"',
                "A letter that is an article: in lower case the A of vitamin A is the word a, and that is taken out. SQuAD's script can't tell them apart.",
            ),
            Mistake(
                '"hyphens": "0"',
                '"hyphens": "exact"',
                "Hyphens: they are taken out, and no space is put in. `twoyearold` is one word, and none of the reference's three.",
            ),
            turned(
                '"turned round": "exact"',
                "Turned round: the words are all there, but exact match compares them in their order.",
            ),
            turned(
                '"turned round": "above 50"',
                "Turned round: F1 counts words and does not look at their order. All three are common.",
            ),
            opposite(
                '"the opposite": "0"',
                "The opposite: F1 knows no meanings. Of three words two are right, and both of the reference's are there: 2 · 2 / (3 + 2) = 80 %.",
            ),
            opposite(
                '"the opposite": "below 50"',
                "The opposite: two common words, three in the answer, two in the reference: 2 · 2 / (3 + 2) = 80 %.",
            ),
            whole(
                '"the whole sentence": "above 50"',
                "The whole sentence: without its article it has eight words, of which two are common. 2 · 2 / (8 + 2) = 40 %.",
            ),
            whole(
                '"the whole sentence": "0"',
                "The whole sentence: the answer stands in it, so something is common. F1 is 0 only if no word is.",
            ),
            whole(
                '"the whole sentence": "100"', "The whole sentence: the recall is 100 %, but the precision is 2 of 8."
            ),
            Mistake(
                '"another word": "0"',
                '"another word": "exact"',
                "Another word: it means the same, but the measures compare words as they are written. That is why SQuAD has several references for a question.",
            ),
            repeated(
                '"said four times": "100"',
                "Said four times: a word counts as often as the reference has it, once. 2 · 1 / (4 + 1) = 40 %.",
            ),
            repeated('"said four times": "exact"', "Said four times: those are four words, and the reference has one."),
            repeated(
                '"said four times": "above 50"',
                "Said four times: one common word, four in the answer, one in the reference: 2 · 1 / (4 + 1) = 40 %.",
            ),
        ],
    ),
]
