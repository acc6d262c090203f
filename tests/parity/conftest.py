import numpy as np
import pytest


@pytest.fixture
def close():
    """close(ours, theirs, limit): no entry further away than `limit` times the norm of theirs. Arrays, or torch tensors."""

    def close(ours, theirs, limit, name=""):
        theirs = theirs.detach().numpy() if hasattr(theirs, "detach") else np.asarray(theirs)
        ours = np.asarray(ours)
        assert ours.shape == theirs.shape, name
        assert ours.dtype == theirs.dtype, name
        assert np.abs(ours - theirs).max() <= limit * np.linalg.norm(theirs), name

    return close


@pytest.fixture(params=["float64", "float32"])
def precision(request):
    """A dtype, and how far rounding in it may carry: 1e-10 and 1e-5 of the norm."""
    return np.dtype(request.param), {"float64": 1e-10, "float32": 1e-5}[request.param]
