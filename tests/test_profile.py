"""What the benchmarks write down of a training step: its products, and how much memory its operations take."""

import numpy as np

from benchmarks.profile import Recording, counts, record
from benchmarks.worker import VOCAB
from minillm.models import GPTConfig


def test_each_operation_is_counted_and_one_in_place_takes_no_memory():
    Recording.taken.clear()
    x = np.ones((2, 3)).view(Recording)
    y = x @ np.ones((3, 5))
    y += 1
    np.exp(y, out=y)
    (y * y).sum(axis=0)
    assert Recording.taken == [80, 0, 0, 80, 40]
    assert counts(Recording.taken) == "Forward and backward are 5 array operations; 3 take new memory, 0.0 MB in all.\n"


def products_of_a_block(context: int) -> int:
    """How many more matrix products a pass has with a further block. Sums are products with a vector, and don't count."""
    few, many = (
        record(GPTConfig(VOCAB, layers=layers, heads=2, d_model=4, context=context), 3)[0] for layers in (1, 2)
    )
    few, many = (sum(min(len(shape) for shape, _ in factors) > 1 for factors in products) for products in (few, many))
    return many - few


def test_a_further_block_adds_its_six_linear_layers_and_its_attention():
    """Each linear layer is a product forward and two backward; attention has two and four."""
    assert products_of_a_block(context=5) == 6 * 3 + 2 + 4


def test_attention_in_chunks_is_counted_too():
    """Of two chunks of queries the first looks at one of keys and the second at two; backward the scores are computed again."""
    assert products_of_a_block(context=256) == 6 * 3 + 3 * (2 + 5)
