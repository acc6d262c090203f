"""BLEU, chrF and ROUGE against the packages that papers use, on random texts of small alphabets and on texts that are cut wrongly."""

import logging
import random

import pytest

from minillm.metrics import BLEU, ChrF, Rouge, measure
from minillm.metrics.tokenization import CHINESE, TOKENIZERS
from tests.odd_texts import ODD, random_text

sacrebleu = pytest.importorskip("sacrebleu")
rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")

WORDS = [
    "the", "a", "cat", "sat", "on.", "mat,", "3.5", "1,000", "U.S.", "don't", "(hi)", "well-known", "10-20", "5-", ".5", ",", "''", "-\n",
    "\t", "&quot;x&quot;", "&amp;lt;", "<skipped>", "中文", "你好。", "ＡＢ，", "“q”", "…", "—", "→", "é", "e\u0301", "İ", "👍🏽", "\xa0",
    "\u3000", "\x1c", "𠀀", "ﬁ", "한국어", "\0",
]  # fmt: skip


def changed(rng: random.Random, text: str) -> str:
    """With a few words of it replaced, put in or taken out, or another one altogether."""
    words = text.split(" ")
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(words) + 1)
        words[place : place + rng.randrange(3)] = rng.choices(WORDS, k=rng.randrange(2))
    return rng.choice([text, " ".join(words), "".join(words), random_text(rng)])


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, list[str]]]:
    """Each an answer with one to three references."""
    rng = random.Random(0)
    sentences = [" ".join(rng.choices(WORDS, k=rng.randrange(25))) for _ in range(100)]
    texts = [*ODD, *sentences, *(random_text(rng) for _ in range(50))]
    return [(changed(rng, text), [text, *(changed(rng, text) for _ in range(rng.randrange(3)))]) for text in texts]


def compare(ours, theirs, pairs) -> None:
    """Sentence by sentence, and as corpora of several sizes, each answer with all its references."""
    for answer, references in pairs:
        single = theirs.sentence_score(answer, references).score
        assert ours.sentence_score(answer, references) == pytest.approx(single, abs=1e-9), (answer, references)
    for size in (1, 2, 5, 20, len(pairs)):
        answers, references = zip(*pairs[:size], strict=True)
        streams = [
            [each[i] if i < len(each) else None for each in references] for i in range(max(map(len, references)))
        ]
        whole = theirs.corpus_score(answers, streams).score
        assert measure(ours, answers, references, resamples=40).value == pytest.approx(whole, abs=1e-9)


def test_chinese_characters_are_sacrebleus():
    theirs = pytest.importorskip("sacrebleu.tokenizers.tokenizer_zh").TokenizerZh._is_chinese_char
    assert [c for c in map(chr, range(0x30000)) if bool(CHINESE.match(c)) != theirs(c)] == []


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("tokenize", ["13a", "zh", "char", "none"])
def test_bleu_is_sacrebleus(pairs, tokenize, lowercase, caplog):
    caplog.set_level(logging.ERROR)
    settings = {"tokenize": tokenize, "lowercase": lowercase, "effective_order": True}
    compare(BLEU(**settings), sacrebleu.BLEU(**settings), pairs)
    answers, references = zip(*pairs, strict=True)
    first = [each[0] for each in references]
    theirs = sacrebleu.BLEU(tokenize=tokenize, lowercase=lowercase).corpus_score(answers, [first])
    assert measure(BLEU(tokenize, lowercase=lowercase), answers, first).value == pytest.approx(theirs.score, abs=1e-9)


@pytest.mark.parametrize("lowercase", [False, True])
@pytest.mark.parametrize("word_order", [0, 2])
def test_chrf_is_sacrebleus(pairs, word_order, lowercase):
    settings = {"word_order": word_order, "lowercase": lowercase}
    compare(ChrF(**settings), sacrebleu.CHRF(**settings), pairs)


class Cut:
    def __init__(self, tokenize):
        self.tokenize = tokenize


@pytest.mark.parametrize("tokenize", ["alphanumeric", "zh"])
def test_rouge_is_rouge_scores(pairs, tokenize):
    theirs = rouge_scorer.RougeScorer(
        ["rouge1", "rouge2", "rougeL"], tokenizer=None if tokenize == "alphanumeric" else Cut(TOKENIZERS[tokenize])
    )
    ours = {f"rouge{kind}": Rouge(kind, tokenize) for kind in "12L"}
    for answer, references in pairs:
        for name, overlap in theirs.score_multi(references, answer).items():
            assert ours[name].overlap(answer, references) == pytest.approx(overlap, abs=1e-9), (answer, references)
