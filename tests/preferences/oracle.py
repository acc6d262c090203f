"""Losses and gradients of the preference objectives that were computed elsewhere, in float64."""

import json
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[3] / "shared" / "data" / "oracle_preference.json"


def read_oracle():
    """The file's content, its lists of numbers as arrays; the test is skipped where it is not there."""
    if not PATH.is_file():
        pytest.skip("no oracle_preference.json beside the project")
    return arrays(json.loads(PATH.read_text(encoding="utf-8")))


def arrays(tree):
    if isinstance(tree, dict):
        return {key: arrays(branch) for key, branch in tree.items()}
    return np.array(tree) if isinstance(tree, list) else tree
