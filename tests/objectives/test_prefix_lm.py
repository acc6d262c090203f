import numpy as np

from minillm.objectives import PrefixData, Sentences, Windows
from minillm.ops import IGNORE
from tests.objectives.texts import SPECIAL, assert_frequency


def test_the_beginning_and_the_rest_are_the_text():
    ids = np.tile(np.arange(100), 20)
    source, real, decoder_input, targets = PrefixData(Windows(ids, 6), SPECIAL).batch(np.random.default_rng(0), 5000)
    cuts = []
    for row in range(5000):
        prefix, rest = source[row, real[row]].tolist(), targets[row, targets[row] != IGNORE].tolist()
        assert prefix.pop() == rest.pop() == SPECIAL.eos
        text = prefix + rest
        assert [token % 100 for token in range(text[0], text[0] + 6)] == text
        assert decoder_input[row, : len(rest) + 1].tolist() == [SPECIAL.bos, *rest]
        cuts.append(len(prefix))
    places, counts = np.unique(cuts, return_counts=True)
    assert places.tolist() == [1, 2, 3, 4, 5], "as T5's random_prefix_noise_mask: neither part is empty"
    assert_frequency(counts, 5000, 1 / 5)


def test_short_texts_are_cut_too():
    ids = np.arange(100)
    data = PrefixData(Sentences(ids, 6, ids % 8 == 0), SPECIAL)  # of 6 tokens and of 2
    source, real, _, targets = data.batch(np.random.default_rng(0), 500)
    lengths = real.sum(axis=1) + (targets != IGNORE).sum(axis=1) - 2
    first = source[:, 0]
    assert (lengths == np.where(first % 8 == 0, 6, 2)).all() and set(lengths) == {2, 6}
