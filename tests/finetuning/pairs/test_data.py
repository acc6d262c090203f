"""From pairs to batches: no source with another's target, the ends in their places, nothing left out in silence."""

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.finetuning import Pairs
from minillm.finetuning.pairs.data import PairData, PairRows, ends_of, tokenize_pairs
from minillm.models import T5, Transformer
from minillm.ops import IGNORE
from minillm.text import BPETokenizer, CharTokenizer, SpecialTokens
from minillm.text.special_tokens import BOS, EOS, PAD

SPECIAL = SpecialTokens(pad=900, bos=901, eos=902)


def pairs_of(*texts: tuple[str, str]) -> Pairs:
    sources, targets = zip(*texts, strict=True)
    return Pairs(list(sources), list(targets), [10 * (i + 1) for i in range(len(texts))])


def rows(count: int) -> PairRows:
    """Pairs of 1 to 7 tokens a side; the first id of each side tells which pair it is."""
    sources = [np.arange(1 + i % 7) + 10 * i for i in range(count)]
    targets = [np.arange(1 + i % 5) + 10 * i for i in range(count)]
    texts = [str(i) for i in range(count)]
    return PairRows(Pairs(texts, texts, [*range(count)]), sources, targets, [], [], [], [], 0)


def test_what_nothing_can_be_learned_from_is_left_out_and_named_by_its_line():
    pairs = pairs_of(("ab", "ba"), ("aa", "aa"), ("abaaaa", "b"), ("a", "bbbbbb"), ("a語", "b"))
    tokenizer = CharTokenizer("ab", (PAD, BOS, EOS))
    made = tokenize_pairs(pairs, tokenizer, 5)
    assert made.pairs == pairs.chosen([0, 4])
    assert [row.tolist() for row in made.sources] == [[0, 1], [0]]
    assert [row.tolist() for row in made.targets] == [[1, 0], [1]]
    assert (made.same, made.long, made.cut, made.dropped, made.longest()) == ([20], [30, 40], [], 1, 3)


def test_a_source_to_summarise_loses_its_end_and_a_target_never():
    pairs = pairs_of(("abaaaa", "b"), ("aaaaaa", "bbbbbb"), ("abaa", "bbaa"))
    made = tokenize_pairs(pairs, CharTokenizer("ab", (PAD, BOS, EOS)), 5, cut=True)
    assert [row.tolist() for row in made.sources] == [[0, 1, 0, 0], [0, 1, 0, 0]]
    assert (made.long, made.cut, made.longest()) == ([20], [10], 5)
    assert made.sources[0].dtype == np.int64


def test_no_pair_left_is_an_error():
    tokenizer = CharTokenizer("ab", (PAD, BOS, EOS))
    with pytest.raises(
        InputError, match=r"1 have two equal sides, 0 a side that .* nothing of, and 1 a side of more than 3"
    ) as caught:
        tokenize_pairs(pairs_of(("a", "a"), ("aaaa", "b")), tokenizer, 3)
    assert "longer `context`" in caught.value.remedy
    with pytest.raises(InputError, match="and 0 a side") as caught:
        tokenize_pairs(pairs_of(("a", "a")), tokenizer, 3)
    assert "context" not in caught.value.remedy, "that would not help"


@pytest.mark.parametrize("nothing", ["語語", " 語 語 ", "語\u3000語"])
def test_a_pair_with_a_side_of_unknown_characters_only_is_left_out_and_told(nothing):
    """Its target would be learned as an empty answer, and nothing tells what to write for a source of no token."""
    pairs = pairs_of(("ab", nothing), ("a", "b"), (nothing, "b"))
    made = tokenize_pairs(pairs, CharTokenizer(" ab", (PAD, BOS, EOS)), 9)
    assert made.pairs == pairs.chosen([1]) and made.unknown == [10, 30] and made.dropped == 0
    assert list(made.left_out(9)) == [
        "2 pairs with a side that the model's tokenizer knows nothing of left out, the first in line 10"
    ]
    with pytest.raises(InputError, match="0 have two equal sides, 2 a side that the tokenizer knows nothing of"):
        tokenize_pairs(pairs.chosen([0, 2]), CharTokenizer(" ab", (PAD, BOS, EOS)), 9)


def test_names_of_special_tokens_are_text():
    tokenizer = BPETokenizer([], (PAD, BOS, EOS))
    made = tokenize_pairs(pairs_of(("</s>", "[PAD]")), tokenizer, 20)
    assert not np.isin(np.concatenate([*made.sources, *made.targets]), [256, 257, 258]).any()


def test_every_pair_is_drawn_whole_and_as_often_as_any_other():
    training = rows(40)
    data, rng, drawn = PairData(training, rows(3), SPECIAL), np.random.default_rng(0), np.zeros(40)
    for _ in range(2000):
        batch = data.batch(rng, 4)
        for source, real, read, targets in zip(*batch, strict=True):
            number = int(source[0]) // 10
            assert source[real].tolist() == [*training.sources[number], 902] and (source[~real] == 900).all()
            target = training.targets[number].tolist()
            assert targets[targets != IGNORE].tolist() == [*target, 902]
            assert read[: len(target) + 1].tolist() == [901, *target], "the target, moved on by one"
            drawn[number] += 1
    assert abs(drawn / drawn.mean() - 1).max() < 0.4, "8,000 draws: 200 each, give or take 14 and the batches' own"


def test_a_batch_has_pairs_of_a_like_length():
    sides = [np.zeros(1 + i // 2, np.int64) for i in range(640)]
    data = PairData(rows(1)._replace(sources=sides, targets=sides), rows(1), SPECIAL)
    batch = data.batch(np.random.default_rng(0), 8)
    assert np.ptp(batch.source_mask.sum(axis=1)) < 32 and np.ptp((batch.targets != IGNORE).sum(axis=1)) < 32


def test_validation_is_every_held_out_pair_once_the_shortest_source_first():
    data = PairData(rows(1), rows(40), SPECIAL)
    batches = list(data.validation_batches(7))
    seen = [int(row[0]) // 10 for batch in batches for row in batch.source]
    assert sorted(seen) == list(range(40)) and len(batches) == 6
    assert [i % 7 for i in seen] == sorted(i % 7 for i in range(40))


def test_a_model_learns_with_the_ends_that_it_writes_with():
    tokenizer = BPETokenizer([], (PAD, BOS, EOS))
    own = ends_of(Transformer(tokenizer.vocab_size, d_model=4, nhead=1, num_layers=1), tokenizer)
    assert (own.bos, own.eos) == (257, 258)
    t5 = T5(vocab_size=300, layers=1, heads=1, d_model=4, d_kv=2, d_ff=4)
    t5.eos_token_id = (1,)
    ends = ends_of(t5, CharTokenizer("abc"))
    assert (ends.bos, ends.eos) == (0, 1), "answers of T5 start with its padding"
