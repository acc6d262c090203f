"""The short training of a lesson: it learns what it reads, and a seed decides in which order."""

import numpy as np

from minillm.course.descent import descend
from minillm.models import GPT
from minillm.ops import cross_entropy


def trained(seed):
    model = GPT(vocab_size=9, context=4, layers=1, heads=2, d_model=16)
    texts = np.random.default_rng(1).integers(9, size=(12, 5))
    texts[:, 1:] = (texts[:, :1] + np.arange(1, 5)) % 9  # each word is the next of the one before

    def batch_of(rng):
        rows = texts[rng.integers(12, size=8)]
        return rows[:, :-1], rows[:, 1:]

    descend(model, batch_of, 100, peak=1e-2, seed=seed)
    return model, float(cross_entropy(model.forward(texts[:, :-1])[0], texts[:, 1:])[0])


def test_what_is_read_is_learned_and_the_seed_draws_it():
    (model, loss), (again, _), (other, _) = map(trained, (0, 0, 1))
    assert loss < 0.2
    assert np.array_equal(model.vector.data, again.vector.data)
    assert not np.array_equal(model.vector.data, other.vector.data)
