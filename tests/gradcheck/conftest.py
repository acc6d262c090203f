import numpy as np
import pytest

from minillm.gradcheck import check

WRONG = 1e-4  # an error that no right gradient has, by far


@pytest.fixture
def error_with(monkeypatch):
    """(case, owner, attribute, bug) -> the case's largest error once `owner.attribute` has been replaced by the bug.

    The check stops at the first tensor that is wrong: that one is enough.
    """

    def error_with(case, owner, attribute, bug):
        monkeypatch.setattr(owner, attribute, bug)
        return np.max(list(check(case, stop=WRONG).values()))

    return error_with
