import numpy as np
import pytest

from minillm.gradcheck import check


@pytest.fixture
def error_with(monkeypatch):
    """(case, owner, attribute, bug) -> the case's largest error once `owner.attribute` has been replaced by the bug."""

    def error_with(case, owner, attribute, bug):
        monkeypatch.setattr(owner, attribute, bug)
        return np.max(list(check(case).values()))

    return error_with
