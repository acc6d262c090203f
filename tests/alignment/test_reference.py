"""What is kept of the reference, and fingerprints: of one model and of one list of pairs in one order, and of no other."""

import numpy as np
import pytest

from minillm.alignment import PairData, reference_of_pairs, reference_of_weights
from minillm.alignment.offline import log_probabilities
from minillm.alignment.reference import fingerprint_of_model, fingerprint_of_pairs
from tests.alignment.conftest import make_gpt

ORDER = np.arange(60)


def data_of(pairs, order=ORDER, held_out=10, **choices):
    return PairData(pairs.part(order[held_out:]), pairs.part(order[:held_out]), **choices)


def test_the_log_probabilities_are_those_of_the_model_that_is_given(pairs):
    first, second = data_of(pairs), data_of(pairs)
    kept = [reference_of_pairs(make_gpt(seed=seed), data) for seed, data in ((1, first), (2, second))]
    for seed, data, reference in ((1, first, kept[0]), (2, second, kept[1])):
        for answers, name, array in zip(
            (data.training, data.held_out), ("training", "held_out"), data.reference, strict=True
        ):
            np.testing.assert_allclose(array, log_probabilities(make_gpt(seed=seed), answers), atol=1e-5)
            assert reference.arrays[name] is array
    assert kept[0].fingerprints["pairs"] == kept[1].fingerprints["pairs"]
    assert kept[0].fingerprints["model"] != kept[1].fingerprints["model"]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_how_many_pairs_are_read_at_once_changes_nothing(size, gpt, pairs):
    usual, other = data_of(pairs), data_of(pairs)
    reference_of_pairs(gpt, usual)
    reference_of_pairs(gpt, other, size)
    for array, same in zip(usual.reference, other.reference, strict=True):
        np.testing.assert_allclose(array, same, atol=1e-6)


def test_a_fingerprint_is_of_the_pairs_and_of_their_order(pairs):
    usual = fingerprint_of_pairs(data_of(pairs))
    assert fingerprint_of_pairs(data_of(pairs)) == usual
    swapped = ORDER.copy()
    swapped[[20, 30]] = swapped[[30, 20]]
    other_answer = pairs._replace(chosen=[*pairs.chosen[:-1], pairs.rejected[-1]])
    others = {
        "order": data_of(pairs, swapped),
        "held out": data_of(pairs, held_out=9),
        "answer": data_of(other_answer),
        "three columns": data_of(pairs, mismatched=True),
        "the prompt's length": data_of(_boundary_moved(pairs)),
    }
    found = {what: fingerprint_of_pairs(data) for what, data in others.items()}
    assert usual not in found.values() and len(set(found.values())) == len(others), found


def _boundary_moved(pairs):
    """The same texts, but the first token of the last chosen answer belongs to the prompt."""
    prompts, chosen, rejected = (list(rows) for rows in pairs)
    first = chosen[-1][:1]
    prompts[-1], chosen[-1] = np.concatenate([prompts[-1], first]), chosen[-1][1:]
    return type(pairs)(prompts, chosen, rejected)


def test_a_fingerprint_is_of_the_weights_and_of_the_config():
    usual, changed = make_gpt(np.float32), make_gpt(np.float32)
    assert fingerprint_of_model(usual) == fingerprint_of_model(changed)
    changed.vector.data[-1] = np.nextafter(changed.vector.data[-1], np.float32(1))
    other_heads = make_gpt(np.float32, heads=4)
    np.testing.assert_array_equal(usual.vector.data, other_heads.vector.data)
    found = {fingerprint_of_model(model) for model in (usual, changed, other_heads)}
    assert len(found) == 3, "one weight, or the number of heads, which no shape tells"


def test_weights_are_kept_under_their_names(gpt):
    reference = reference_of_weights(gpt)
    assert reference.arrays.keys() == gpt.vector.named.keys()
    assert reference.fingerprints == {"model": fingerprint_of_model(gpt)}
