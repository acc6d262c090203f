"""Values in a line, as a student would write them."""

import numpy as np

from minillm.course.wording import value


def test_a_number_of_numpy_inside_of_something_is_shown_as_a_number():
    found = (np.int64(2), [np.float64(0.5)], {"a": np.bool_(True)})
    assert value(found) == "(2, [0.5], {'a': True})"
