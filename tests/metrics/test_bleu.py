"""BLEU equals sacrebleu's numbers, and what the paper works out by hand."""

import math

import pytest

from minillm.errors import InputError
from minillm.metrics import BLEU, measure
from minillm.metrics.tokenization import TOKENIZERS


@pytest.mark.parametrize("case", ["mixed", "lc"])
@pytest.mark.parametrize("tokenize", ["13a", "zh", "char", "none"])
def test_bleu_equals_sacrebleu(golden, tokenize, case):
    answers, references = zip(*golden["pairs"], strict=True)
    expected, bleu = golden[f"BLEU {tokenize} {case}"], BLEU(tokenize, lowercase=case == "lc")
    measured = measure(bleu, answers, references, resamples=40)
    assert measured.value == pytest.approx(expected["corpus"], abs=1e-9)
    assert [bleu.sentence_score(*pair) for pair in golden["pairs"]] == pytest.approx(expected["sentences"], abs=1e-9)
    assert without_version(measured.signature.replace("bs:40|seed:12345|", "")) == without_version(
        expected["signature"]
    )


def without_version(signature: str) -> str:
    assert signature.split("|")[-1].startswith("version:")
    return signature.rpartition("|")[0]


def test_an_ngram_counts_as_often_as_in_one_reference():
    """Papineni et al. 2002, example 2: of seven times *the*, two are found."""
    statistics = BLEU().statistics(
        "the the the the the the the", ["The cat is on the mat .".lower(), "there is a cat on the mat"]
    )
    assert statistics[2] == 2 and statistics[6] == 7


def test_short_answers_are_penalized_and_long_ones_are_not():
    short, whole, long = "a b c d e", "a b c d e f", "a b c d e f g h i j"
    assert BLEU().sentence_score(short, [whole]) == pytest.approx(100 * math.exp(1 - 6 / 5))
    assert BLEU().sentence_score(whole, [whole]) == pytest.approx(100)
    assert BLEU().statistics(long, [whole])[:2] == [10, 6]


def test_the_reference_length_is_the_nearest_and_the_shorter_of_two_as_near():
    assert BLEU().statistics("a b c", ["a b c d e", "a", "a b c d e f"])[1] == 1
    assert BLEU().statistics("a b c", ["a b c d", "a"])[1] == 4


def test_a_corpus_counts_first_and_divides_once():
    """So BLEU of two sentences is not the mean of theirs."""
    answers, references = ["a b c d", "x"], ["a b c d", "y y y y y y"]
    value = measure(BLEU(), answers, references).value
    assert value == pytest.approx(100 * math.exp(1 - 10 / 5) * (4 / 5) ** (1 / 4))


def test_orders_without_a_match_are_smoothed_and_answers_without_four_words_give_nothing():
    """Of a b x, 2 of 3 words and 1 of 2 pairs are found, none of 1 triple (1/2), and four in a row there are not."""
    bleu = BLEU()
    assert measure(bleu, ["a b x"], ["a b c"]).value == 0
    assert bleu.sentence_score("a b x", ["a b c"]) == pytest.approx(100 * (2 / 3 * 1 / 2 * 1 / 2) ** (1 / 3))
    four = measure(bleu, ["a x b y"], ["a b"]).value  # 2 of 4 words; 1/2 of 3 pairs, 1/4 of 2 triples, 1/8 of 1
    assert four == pytest.approx(100 * (2 / 4 * (1 / 2) / 3 * (1 / 4) / 2 * (1 / 8) / 1) ** (1 / 4))


@pytest.mark.parametrize(
    ("tokenize", "text", "words"),
    [
        ("13a", "It's 3.5, 1,000 or 10-20 (U.S.)", "It's 3.5 , 1,000 or 10 - 20 ( U . S . )"),
        ("13a", "&quot;a&amp;b&quot; line -\nbreak\nnext", '" a & b " line break next'),
        ("13a", "a -\n", "a -"),
        ("13a", ".5 and 3.٣ &amp;lt;", ". 5 and 3 . ٣ <"),
        ("zh", "\n.5", ".5"),
        ("zh", "我在2019年买了iPhone。", "我 在 2019 年 买 了 iPhone 。"),
        ("zh", "a→b 𠀀𠀁", "a → b 𠀀𠀁"),
        ("char", "我 ab\u3000c", "我 a b c"),
        ("none", "don't (a)", "don't (a)"),
        ("alphanumeric", "Don't naïve 2.5!", "don t na ve 2 5"),
    ],
)
def test_words_of_each_tokenizer(tokenize, text, words):
    assert TOKENIZERS[tokenize](text) == words.split(" ")


def test_an_unknown_tokenizer_is_named_with_its_neighbour():
    with pytest.raises(InputError, match=r"(?s)no tokenizer of a metric '13b'.*Did you mean 13a"):
        BLEU("13b")
