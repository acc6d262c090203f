"""ROUGE equals rouge_score's numbers, and the paper's example."""

import numpy as np
import pytest

from minillm.metrics import Rouge, measure
from minillm.metrics.rouge import longest_common_subsequence


@pytest.mark.parametrize("kind", ["1", "2", "L"])
def test_rouge_equals_rouge_score(golden, kind):
    rouge, pairs = Rouge(kind), golden["pairs"]
    ours = np.array([rouge.overlap(*pair) for pair in pairs])
    assert ours == pytest.approx(np.array(golden[f"ROUGE-{kind}"]), abs=1e-9)
    measured = measure(rouge, *zip(*pairs, strict=True), resamples=40)
    assert measured.value == pytest.approx(100 * ours[:, 2].mean())
    assert rouge.means(rouge.of_each(*zip(*pairs, strict=True)).sum(axis=0)) == pytest.approx(ours.mean(axis=0))


def test_the_order_of_words_counts_for_rouge_l_alone():
    """Lin 2004, 3.1: *police kill the gunman* is nearer than *the gunman kill police*, though each has a pair of words."""
    reference = ["police killed the gunman"]
    right, wrong = "police kill the gunman", "the gunman kill police"
    assert [Rouge("L").overlap(text, reference).f1 for text in (right, wrong)] == [3 / 4, 2 / 4]
    assert [Rouge("2").overlap(text, reference).f1 for text in (right, wrong)] == pytest.approx([1 / 3, 1 / 3])


@pytest.mark.parametrize("seed", range(5))
def test_longest_common_subsequence_by_recursion(seed):
    rng = np.random.default_rng(seed)
    first, second = ("".join(rng.choice(list("abc"), size=rng.integers(9))) for _ in range(2))

    def longest(a: str, b: str) -> int:
        if not a or not b:
            return 0
        skipping = max(longest(a[1:], b), longest(a, b[1:]))
        return max(skipping, 1 + longest(a[1:], b[1:])) if a[0] == b[0] else skipping

    assert longest_common_subsequence(first, second) == longest(first, second)


def test_chinese_needs_a_tokenizer_that_reads_it():
    answer, reference = "今天天气很好", ["今天的天气很好"]
    assert Rouge("1").overlap(answer, reference).f1 == 0
    assert Rouge("1", "zh").overlap(answer, reference).f1 == pytest.approx(2 * 6 / 13)


def test_of_several_references_the_one_with_the_largest_f1_counts():
    """Not the one with the largest recall, nor precision."""
    references = ["a", "a b c x y z", "a b d"]
    overlap = Rouge("1").overlap("a b c d", references)
    assert overlap == Rouge("1").overlap("a b c d", references[2:]) and overlap.recall == 1
    assert Rouge("1").overlap("a b c", ["a", "a b x"]).f1 == pytest.approx(2 / 3)
