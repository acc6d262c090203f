"""Promised output: what keeps a promise and what breaks it."""

import pytest

from minillm.course.expected import broken, promises


def kept(promised: str, printed: str, numbers: bool = True) -> bool:
    return not broken(promises(promised), printed, numbers=numbers)


@pytest.mark.parametrize(
    ("promised", "printed"),
    [
        ("#> rows sum to [1. 1.]", "rows sum to [1. 1.]"),
        ("#> rows sum to [1. 0.5]", "rows  sum to [ 1.   0.51]"),  # a unit of the last digit, other blanks
        ("#> loss 1.24 ± 0.05", "loss 1.29"),
        ("#> loss 1.24 ± 0.05", "loss 1.19"),
        ("#> error ≤ 1e-7", "error 3.2e-11"),
        ("#> 1,234 tokens", "1,234 tokens"),
        ("#> change -0.5", "change -0.5"),
        ("#> it says: …", "it says: the cat 3 sat"),
        ("#> one\n#> ...\n#> last", "one\ntwo\nthree\nlast"),
        ("#> one\n#> ...", "one\ntwo"),
        ("print(1)\n#> one\nx = 2\n#> two", "one\n\ntwo\n"),
    ],
)
def test_kept(promised, printed):
    assert kept(promised, printed)


@pytest.mark.parametrize(
    ("promised", "printed"),
    [
        ("#> rows sum to [1. 1.]", "rows sum to [1. 0.8]"),
        ("#> 12 steps", "13 steps"),  # a whole number is exact
        ("#> loss 1.24 ± 0.05", "loss 1.30"),
        ("#> loss 1.24 ± 0.05", "loss nan"),
        ("#> error ≤ 1e-7", "error 3.2e-6"),
        ("#> loss 1.24", "Loss 1.24"),
        ("#> one\n#> two", "one"),
        ("#> one", "one\ntwo"),
        ("#> one\n#> two", "two\none"),
        ("#> change 0.5", "change -0.5"),
        ("#> one\n#> ...\n#> last", "one\ntwo"),
    ],
)
def test_broken(promised, printed):
    assert not kept(promised, printed)


def test_a_quick_run_keeps_the_words_alone():
    assert kept("#> loss 1.24 after 600 steps", "loss 4.4 after 9 steps", numbers=False)
    assert not kept("#> loss 1.24", "error 1.24", numbers=False)
    assert kept("#> after 2 words it says: cup", "after 3 words it says: tom", numbers=False)
    assert kept("#> the cat  ->  the cat is", "the cat -> meat meat", numbers=False)
    assert not kept("#> the cat  ->  the cat is", "the dog -> the cat is", numbers=False)
    assert not kept("#> after 2 words it says: cup", "after 2 words it says: tom")
    assert not kept("#> after 2 words it says: cup", "before 2 words it says: cup", numbers=False)


def test_the_first_broken_line_is_named():
    assert broken(promises("#> a 1\n#> b 2"), "a 1\nb 3") == ["promised: b 2", "printed:  b 3"]
