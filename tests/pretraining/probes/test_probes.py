"""Probes for bias: what is read from the authors' files, and which sentence of a pair a model prefers."""

import math
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.models import GPT, ClassifierConfig, EncoderConfig, GPTConfig, MaskedLM, SequenceClassifier
from minillm.pretraining.probes import SentencePair, evaluate_probe, read_crows_pairs, read_winobias
from minillm.pretraining.probes.scores import pair_scores, sentence_logp
from minillm.text import BPETokenizer

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data"
HEAD = ",sent_more,sent_less,stereo_antistereo,bias_type,annotations\n"
ROWS = (
    '0,"Old people, they say, sleep long.","Young people, they say, sleep long.",stereo,age,[]\n'
    "1,The tall one runs.,The small one runs.,antistereo,height,[]\n"
)
PRO = "1 [The baker] thanked the smith because [he] was early.\n2 The baker saw [the smith] and greeted [her].\n"
ANTI = "1 [The baker] thanked the smith because [she] was early.\n2 The baker saw [the smith] and greeted [him].\n"

PAIRS = [
    SentencePair("the tall fox ran home", "the small fox ran home", "height", 2),
    SentencePair("an old hen ran after it", "a young hen ran after it, and after me", "age", 3),
    SentencePair("the hen", "the hen and the fox", "age", 4),
]
TEXT = " ".join(sentence for pair in PAIRS for sentence in pair[:2]) + " ran after the fox, and the hen ran."
BERT_TOKENS = ["[PAD]", "[CLS]", "[SEP]", "[MASK]"]


def gpt(seed=1):
    tokenizer = BPETokenizer.train(TEXT * 3, 30)
    return GPT(GPTConfig(tokenizer.vocab_size, context=40, layers=1, heads=2, d_model=16), seed=seed), tokenizer


def masked_model(seed=1):
    tokenizer = BPETokenizer.train(TEXT * 3, 30, BERT_TOKENS)
    config = EncoderConfig(tokenizer.vocab_size, context=40, layers=1, heads=2, d_model=16, norm="pre")
    return MaskedLM(config, seed=seed), tokenizer


def files(folder, pro=PRO, anti=ANTI):
    (folder / "anti_stereotyped_type1.txt.test").write_text(anti, encoding="utf-8")
    path = folder / "pro_stereotyped_type1.txt.test"
    path.write_text(pro, encoding="utf-8")
    return path


def table(folder, text):
    path = folder / "crows_pairs_anonymized.csv"
    path.write_text(text, encoding="utf-8")
    return path


def log_softmax(logits):
    logits = logits.astype(np.float64)
    return logits - logits.max() - math.log(np.exp(logits - logits.max()).sum())


def test_a_pair_of_crows_pairs_has_its_group_and_its_line(tmp_path):
    assert read_crows_pairs(table(tmp_path, HEAD + ROWS)) == [
        SentencePair("Old people, they say, sleep long.", "Young people, they say, sleep long.", "age", 2),
        SentencePair("The tall one runs.", "The small one runs.", "height", 3),
    ]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "holds no text"),
        (HEAD.replace("bias_type", "kind") + ROWS, "has no column bias_type in its first line"),
        (HEAD, "has no pair of sentences"),
        (HEAD + ROWS + "2,One.\n", "Line 4 of .* has not as many columns"),
        (HEAD + ROWS + "2,One.,Two.,stereo,age,[],more\n", "Line 4 of .* has not as many columns"),
        (HEAD + ROWS + "2,One.,,stereo,age,[]\n", "Line 4 of .* lacks a sentence"),
        (HEAD + ROWS + "2,One.,Two.,both,age,[]\n", "Line 4 of .* says 'both' where stereo or antistereo"),
        (HEAD + ROWS + "2,One.,One.,stereo,age,[]\n", "Line 4 of .* has the same sentence twice"),
        (HEAD + ROWS + '2,"One.,Two.,stereo,age,[]\n', "Line 4 of .* is no CSV"),
    ],
)
def test_what_is_no_row_of_crows_pairs_is_told_with_its_line(tmp_path, text, wrong):
    with pytest.raises(InputError, match=wrong):
        read_crows_pairs(table(tmp_path, text))


def test_a_pair_of_winobias_is_a_line_of_each_of_two_files(tmp_path):
    assert read_winobias(files(tmp_path, PRO.replace("\n2", "\n\n2"))) == [
        SentencePair(
            "The baker thanked the smith because he was early.",
            "The baker thanked the smith because she was early.",
            "pro he",
            1,
        ),
        SentencePair(
            "The baker saw the smith and greeted her.", "The baker saw the smith and greeted him.", "pro she", 3
        ),
    ]


@pytest.mark.parametrize(
    ("pro", "anti", "wrong"),
    [
        (" \n", ANTI, "holds no text"),
        (PRO, ANTI + "3 [The baker] saw [her].\n", "has 2 sentences, and .* has 3"),
        (PRO.replace("2 The", "The"), ANTI, "Line 2 of .*pro_.* is no sentence of WinoBias"),
        (PRO.replace("[her]", "her"), ANTI, "Line 2 of .*pro_.* is no sentence of WinoBias"),
        (PRO, ANTI.replace("[him]", "[them]"), "Line 2 of .*anti_.* is no sentence of WinoBias"),
        (PRO, ANTI.replace("2 The", "3 The"), "Line 2 of .* and line 2 of .* are no pair"),
        (PRO, PRO, "Line 1 of .* and line 1 of .* are no pair"),
    ],
)
def test_what_is_no_sentence_of_winobias_is_told_with_its_line(tmp_path, pro, anti, wrong):
    with pytest.raises(InputError, match=wrong):
        read_winobias(files(tmp_path, pro, anti))


def test_winobias_wants_the_authors_file_names_and_both_files(tmp_path):
    path = files(tmp_path)
    with pytest.raises(InputError, match="is not called pro_stereotyped"):
        read_winobias(path.rename(tmp_path / "sentences.txt"))
    with pytest.raises(InputError, match=r"There is no file .*anti_stereotyped_type2"):
        read_winobias((tmp_path / "sentences.txt").rename(tmp_path / "pro_stereotyped_type2.txt.test"))


@pytest.mark.skipif(not SHARED.exists(), reason="the authors' files are not here")
def test_the_authors_own_files_are_read():
    pairs = read_crows_pairs(SHARED / "crows_pairs.csv")
    assert len(pairs) == 1508 and len({pair.group for pair in pairs}) == 9
    for kind in ("type1", "type2"):
        pairs = read_winobias(SHARED / "winobias" / f"pro_stereotyped_{kind}.dev.txt")
        assert len(pairs) == 396 and 190 < sum(pair.group == "pro he" for pair in pairs) < 210
        assert not any(bracket in pair.more + pair.less for pair in pairs for bracket in "[]")


def test_a_gpt_scores_a_sentence_by_the_log_probability_of_all_of_its_tokens():
    model, tokenizer = gpt()
    scores = pair_scores(model, tokenizer, PAIRS)
    for pair, found in zip(PAIRS, scores, strict=True):
        for sentence, score in zip(pair[:2], found, strict=True):
            ids, begun = tokenizer.encode(sentence), tokenizer.encode("\n")
            total = 0.0
            for place, token in enumerate(ids):
                read = np.concatenate([begun, ids[:place]])[None]
                total += log_softmax(model.forward(read)[0][0, -1])[token]
            assert score == pytest.approx(total, abs=1e-4)


def test_a_sentence_is_read_behind_the_token_that_texts_begin_with_where_there_is_one():
    tokenizer = BPETokenizer.train(TEXT * 3, 30, ["<s>"])
    model = GPT(GPTConfig(tokenizer.vocab_size, context=40, layers=1, heads=2, d_model=16), seed=1)
    tokenizer.roles["bos_token"] = "<s>"
    begins = tokenizer.special_tokens["<s>"]
    first = tokenizer.encode("the hen")[0]
    alone = SentencePair(tokenizer.decode([first]), "the hen", "age", 1)
    expected = log_softmax(model.forward(np.array([[begins]]))[0][0, -1])[first]
    assert pair_scores(model, tokenizer, [alone])[0, 0] == pytest.approx(expected, abs=1e-5)


def test_what_a_sentence_is_read_behind_is_not_scored_however_long_it_is():
    model, tokenizer = gpt()
    row = tokenizer.encode("the hen ran after it")
    from_third = sentence_logp(model, [row], 3)[0]
    logits = model.forward(row[None].astype(np.int64))[0][0]
    expected = sum(log_softmax(logits[place - 1])[row[place]] for place in range(3, len(row)))
    assert from_third == pytest.approx(expected, abs=1e-4)


def test_a_masked_model_scores_the_tokens_that_both_sentences_have_one_hidden_at_a_time():
    """As the authors' metric.py: opcodes of difflib, [CLS] and [SEP] left out."""
    model, tokenizer = masked_model()
    cls, sep, mask = (tokenizer.special_tokens[token] for token in BERT_TOKENS[1:])
    for pair, found in zip(PAIRS, pair_scores(model, tokenizer, PAIRS), strict=True):
        rows = [[cls, *tokenizer.encode(sentence).tolist(), sep] for sentence in pair[:2]]
        equal = [code[1:] for code in SequenceMatcher(None, *rows).get_opcodes() if code[0] == "equal"]
        spans = [[(a, b) for a, b, _, _ in equal], [(a, b) for _, _, a, b in equal]]
        for row, shared, score in zip(rows, spans, found, strict=True):
            places, total = [place for a, b in shared for place in range(a, b)][1:-1], 0.0
            for place in places:
                hidden = np.array([row])
                hidden[0, place] = mask
                total += log_softmax(model.forward(hidden)[0][0, place])[row[place]]
            assert score == pytest.approx(total, abs=1e-4) and places


def test_sentences_that_share_nothing_are_a_tie():
    model, tokenizer = masked_model()
    assert pair_scores(model, tokenizer, [SentencePair("the", "a", "age", 1)]).tolist() == [[0.0, 0.0]]


def test_a_pair_that_is_too_long_for_the_model_is_left_out_and_counted():
    long = SentencePair("the hen " * 40, "the fox", "age", 7)
    for model, tokenizer in (gpt(), masked_model()):
        found = evaluate_probe(model, tokenizer, [long, *PAIRS])
        assert found == evaluate_probe(model, tokenizer, PAIRS)._replace(measures=found.measures)
        assert found.count == 3 and "|too long:1|" in found.measures[0].signature
        with pytest.raises(InputError, match="No pair fits the model, which reads 40 tokens at once"):
            evaluate_probe(model, tokenizer, [long])


def test_the_score_is_the_share_of_pairs_whose_more_stereotyped_sentence_is_likelier(monkeypatch):
    scores = np.array([[-3.0, -4.0], [-2.0, -1.0], [-1.0, -1.0004], [-9.0, -5.0]])
    monkeypatch.setattr(
        "minillm.pretraining.probes.evaluation.pair_scores", lambda model, tokenizer, pairs: scores[: len(pairs)]
    )
    pairs = [SentencePair(f"more {i}", f"less {i}", group, i) for i, group in enumerate(["a", "b", "a", "a"])]
    found = evaluate_probe(gpt()[0], None, pairs)
    values = {measured.name: measured.value for measured in found.measures}
    # The third is a tie to a thousandth of a nat: it is one of the pairs, and no preference.
    assert values == {"prefers the stereotype": 25, "a": pytest.approx(100 / 3), "b": 0}
    assert (found.unit, found.count) == ("pair", 4) and found.worst[0] == (1.0, "more 0", None, None, 0)
    assert "score:log-probability of the sentence" in found.measures[0].signature
    masked = evaluate_probe(masked_model()[0], None, pairs[:1] + pairs[2:])
    assert [measured.name for measured in masked.measures] == ["prefers the stereotype"], "one group is all"
    assert "score:pseudo-log-likelihood of the shared tokens" in masked.measures[0].signature


def test_a_model_that_says_nothing_of_a_sentence_is_refused():
    model = SequenceClassifier(ClassifierConfig(EncoderConfig(30, layers=1, heads=2, d_model=8), 2))
    with pytest.raises(InputError, match="says of no sentence how likely it is"):
        evaluate_probe(model, None, PAIRS)
