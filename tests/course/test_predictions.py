"""What a lesson's exercise says would happen does happen."""

from itertools import pairwise

import numpy as np
import pytest

from minillm.course import outline
from minillm.course.desk import solution_of, stub_path
from minillm.course.exercises import load, read
from minillm.metrics import BLEU, Rouge, measure
from minillm.models.question_answering import best_spans


@pytest.mark.parametrize(
    ("number", "cases"),
    [
        (13, "CHANGES"),
        (14, "CHANGES"),
        (15, "CASES"),
        (16, "CASES"),
        (17, "OBJECTIVES"),
        (18, "CHANGES"),
        (19, "CHANGES"),
        (20, "CHANGES"),
        (21, "CHANGES"),
        (22, "CHANGES"),
    ],
)
def test_each_case_comes_out_as_the_solution_predicts(number, cases):
    lesson = outline.find(number)
    solved = load(solution_of(lesson), f"ex{number}.py")
    cases = getattr(solved, cases)
    assert {case: solved.predict(case) for case in cases} == {case: solved.try_out(case) for case in cases}
    assert "def try_out" in read(stub_path(lesson))


def test_the_bleu_of_several_references_is_the_librarys():
    solved, rng = load(solution_of(outline.find(14)), "ex14.py"), np.random.default_rng(0)
    texts = [[[*rng.choice(list("abc"), rng.integers(6, 12))] for _ in range(4)] for _ in range(20)]
    candidates, references = [several[0] for several in texts], [several[1:] for several in texts]
    joined = [[" ".join(text) for text in several] for several in references]
    measured = measure(BLEU("none"), [" ".join(text) for text in candidates], joined)
    assert solved.corpus_bleu(candidates, references) == pytest.approx(measured.value)


def test_the_best_span_is_the_librarys_unless_cls_is_higher():
    solved, rng = load(solution_of(outline.find(15)), "ex15.py"), np.random.default_rng(0)
    scores, passage = rng.normal(size=(20, 2, 9)), (np.arange(9) > 2) & (np.arange(9) < rng.integers(4, 10, (20, 1)))
    spans, sums = best_spans(scores, passage, 3)
    spans[scores[:, :, 0].sum(axis=1) > sums] = 0
    assert [solved.best_span(*text, 3) for text in zip(scores, passage, strict=True)] == [*map(tuple, spans.tolist())]
    assert 0 < (spans[:, 0] == 0).sum() < 20


def test_every_span_of_a_passage_lies_whole_in_a_window_and_no_window_could_begin_later():
    solved = load(solution_of(outline.find(15)), "ex15.py")
    for size, longest in ((7, 3), (5, 1), (4, 4)):
        for length in range(1, 25):
            windows, _ = solved.answer_in_windows(lambda start, stop: (0, 0, 0.0, 0.0), length, size, longest)
            spans = [range(first, min(first + longest, length)) for first in range(length)]
            cut = [span for span in spans if not any(start <= span[0] and span[-1] < stop for start, stop in windows)]
            assert not cut and windows[0][0] == 0 and all(0 < stop - start <= size for start, stop in windows)
            assert all(late[0] - early[0] == size - longest + 1 for early, late in pairwise(windows))
            assert [stop == length for _, stop in windows] == [False] * (len(windows) - 1) + [True]


def test_without_a_gap_rouge_s_is_rouge_2_of_the_library():
    solved, rng = load(solution_of(outline.find(16)), "ex16.py"), np.random.default_rng(0)
    for _ in range(50):
        summary, reference = ([*rng.choice(list("abc"), rng.integers(1, 9))] for _ in range(2))
        of_library = Rouge("2").overlap(" ".join(summary), [" ".join(reference)])
        assert solved.rouge_s(summary, reference, 0) == pytest.approx(of_library)


def test_at_every_exponent_the_winner_is_the_one_with_the_highest_score():
    solved, rng = load(solution_of(outline.find(16)), "ex16.py"), np.random.default_rng(0)
    changes = 0
    for _ in range(50):
        lengths = rng.permutation(np.arange(3, 20))[:6]
        totals = -(lengths ** rng.uniform(0.3, 2)) * rng.uniform(0.3, 1, 6)
        won = solved.winners(totals.tolist(), lengths.tolist())
        for alpha in np.linspace(0, 9, 37):
            assert [index for index, start in won if start <= alpha][-1] == np.argmax(totals / lengths**alpha)
        changes += len(won) - 1
    assert changes > 50
