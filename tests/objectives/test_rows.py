import numpy as np

from minillm.objectives.rows import Rows, choose, shuffled
from tests.objectives.texts import assert_frequency, random_texts, texts

MATRIX = np.array([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]])
KEEP = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [1, 1, 1, 0]], bool)


def test_what_is_kept_moves_together():
    rows = Rows.select(MATRIX, KEEP)
    assert [row.tolist() for row in rows] == [[1, 3], [8], [9, 10, 11]]
    assert rows.padded(-1).tolist() == [[1, 3, -1], [8, -1, -1], [9, 10, 11]]
    assert rows.real().tolist() == [[True, True, False], [True, False, False], [True, True, True]]


def test_a_row_may_be_empty():
    rows = Rows.joined([np.array([], int), np.array([4])])
    assert [row.tolist() for row in rows] == [[], [4]]
    assert rows.before(7).padded(0).tolist() == [[7, 0], [7, 4]]
    assert rows.after(7).padded(0).tolist() == [[7, 0], [4, 7]]


def test_a_token_before_and_after_each_row():
    rows = Rows.select(MATRIX, KEEP)
    assert [row.tolist() for row in rows.before(0)] == [[0, 1, 3], [0, 8], [0, 9, 10, 11]]
    assert [row.tolist() for row in rows.after(0)] == [[1, 3, 0], [8, 0], [9, 10, 11, 0]]
    assert [row.tolist() for row in rows] == [[1, 3], [8], [9, 10, 11]], "the rows themselves stay as they are"


def test_rows_come_apart_and_together():
    rows = Rows.select(MATRIX, KEEP)
    again = Rows.joined(list(rows))
    assert again.values.tolist() == rows.values.tolist() and again.lengths.tolist() == rows.lengths.tolist()


def test_what_is_said_of_words_reaches_their_tokens():
    few = texts([7, 8, 9, 10], [5, 6, 7], words=[[0, 2], [0, 1, 2]])
    assert few.words().tolist() == [[True, True, False], [True, True, True]]
    assert few.of_words(np.array([[1, 2, 0], [3, 4, 5]]))[few.real].tolist() == [1, 1, 2, 2, 3, 4, 5]
    assert few.lengths().tolist() == [4, 3]


def test_exactly_so_many_are_chosen_and_candidates_only():
    rng = np.random.default_rng(0)
    some = random_texts(rng)
    candidates = some.real & (some.ids % 3 > 0)
    count = rng.integers(candidates.sum(axis=1) + 1)
    chosen = choose(rng, candidates, count)
    assert chosen.sum(axis=1).tolist() == count.tolist()
    assert not (chosen & ~candidates).any()


def test_every_choice_is_as_likely():
    """Two of four candidates: six choices, a sixth of the rows each."""
    rng, rows = np.random.default_rng(0), 6000
    candidates = np.tile([True, False, True, True, True], (rows, 1))
    chosen = choose(rng, candidates, np.full(rows, 2))
    kinds, counts = np.unique(chosen @ (1 << np.arange(5)), return_counts=True)
    assert len(kinds) == 6
    assert_frequency(counts, rows, 1 / 6)


def test_a_shuffle_puts_candidates_first_in_any_order():
    rng, rows = np.random.default_rng(0), 6000
    order = shuffled(rng, np.tile([False, True, True, False, True], (rows, 1)))
    assert (np.sort(order, axis=1) == np.arange(5)).all()
    assert set(order[:, 3:].ravel()) == {0, 3}
    kinds, counts = np.unique(order[:, :3] @ [25, 5, 1], return_counts=True)
    assert len(kinds) == 6
    assert_frequency(counts, rows, 1 / 6)
