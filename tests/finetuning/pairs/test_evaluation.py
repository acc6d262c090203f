"""How good an encoder-decoder is on pairs of texts of a file."""

import numpy as np

from minillm.finetuning import Pairs, evaluate_pairs
from minillm.finetuning.pairs import SUMMARISE
from minillm.generation import translate
from minillm.gradcheck import randomize
from minillm.metrics import BLEU, measure
from minillm.models import Transformer
from minillm.text import CharTokenizer
from minillm.text.special_tokens import BOS, EOS, PAD

WRITES = CharTokenizer(" .abcdef", (PAD, BOS, EOS))
WRITER = randomize(Transformer(WRITES.vocab_size, d_model=8, nhead=2, num_layers=1), np.random.default_rng(27))
PAIRS = Pairs(
    ["a b c d e", "b c d e", "f", "a. b", "c d"], ["a b c d f", "e d c b", "f f", "a.", "a a c"], [2, 3, 5, 6, 9]
)
TRAINING = Pairs(["c d e", "a b"], ["e d c b", "a"], [1, 2])


def test_an_encoder_decoder_is_judged_by_what_it_writes():
    found, written = evaluate_pairs(WRITER, WRITES, PAIRS, beams=2), translate(WRITER, WRITES, PAIRS.sources, beams=2)
    assert found.answers == written != translate(WRITER, WRITES, PAIRS.sources)
    assert [each.name for each in found.evaluation.measures] == ["BLEU", "chrF2"]
    assert found.evaluation.measures[0] == measure(BLEU(), written, PAIRS.targets)
    (copy,) = [each for each in found.evaluation.baselines if each.measured.name == "BLEU"]
    assert copy.name == "the source as it is" and copy.measured == measure(BLEU(), PAIRS.sources, PAIRS.targets)


def test_the_answers_furthest_from_their_targets_come_first_with_their_lines():
    worst = evaluate_pairs(WRITER, WRITES, PAIRS).evaluation.worst
    written = translate(WRITER, WRITES, PAIRS.sources)
    assert sorted(case.line for case in worst) == PAIRS.lines
    for case in worst:
        place = PAIRS.lines.index(case.line)
        assert case[1:4] == (PAIRS.sources[place], written[place], PAIRS.targets[place])
        assert case.score == BLEU().sentence_score(case.answer, [case.reference])
    assert [case.score for case in worst] == sorted(case.score for case in worst)


def test_summaries_are_compared_with_the_first_sentence_and_with_the_nearest_text():
    found = evaluate_pairs(WRITER, WRITES, PAIRS, SUMMARISE, TRAINING).evaluation
    assert [each.name for each in found.measures] == ["ROUGE-L", "ROUGE-1", "ROUGE-2"]
    first, nearest = (each for each in found.baselines if each.measured.name == "ROUGE-L")
    assert (first.name, nearest.name) == ("the first sentence", "the nearest pair's target")
    assert nearest.measured.value > 0
