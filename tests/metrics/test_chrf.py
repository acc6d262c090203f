"""chrF and chrF++ equal sacrebleu's numbers, and their formula by hand."""

import pytest

from minillm.metrics import ChrF, measure


@pytest.mark.parametrize("case", ["mixed", "lc"])
@pytest.mark.parametrize("word_order", [0, 1, 2])
def test_chrf_equals_sacrebleu(golden, word_order, case):
    answers, references = zip(*golden["pairs"], strict=True)
    expected, chrf = golden[f"chrF {word_order} {case}"], ChrF(word_order, lowercase=case == "lc")
    measured = measure(chrf, answers, references, resamples=40)
    assert measured.value == pytest.approx(expected["corpus"], abs=1e-9)
    assert [chrf.sentence_score(*pair) for pair in golden["pairs"]] == pytest.approx(expected["sentences"], abs=1e-9)
    signature = measured.signature.replace("bs:40|seed:12345|", "").rpartition("|")[0]
    assert signature == expected["signature"].rpartition("|")[0]


def test_recall_counts_twice_as_much_as_precision():
    """Of *abc* in *abcd*: P is 1, R the mean of 3/4, 2/3 and 1/2; four in a row are left out, since *abc* has none."""
    recall = (3 / 4 + 2 / 3 + 1 / 2) / 3
    assert ChrF().sentence_score("ab c", ["a bcd"]) == pytest.approx(100 * 5 * recall / (4 + recall))
    assert ChrF().sentence_score("abcd", ["abc"]) == pytest.approx(100 * 5 * recall / (4 * recall + 1))


def test_of_several_references_the_best_one_counts():
    chrf = ChrF()
    assert chrf.statistics("abc", ["xyz", "abd"]) == chrf.statistics("abc", ["abd"])


def test_its_name_says_how_many_words_it_counts():
    assert [ChrF(words).name for words in (0, 1, 2)] == ["chrF2", "chrF2+", "chrF2++"]
