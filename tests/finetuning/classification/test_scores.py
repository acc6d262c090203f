"""Accuracy and confusion."""

import numpy as np
import pytest

from minillm.finetuning import accuracy_of, confusion_matrix
from minillm.finetuning.classification import classification_report


def test_rows_are_labels_and_columns_answers():
    confusion = confusion_matrix(np.array([0, 0, 1, 2, 2]), np.array([0, 1, 1, 0, 0]), 3)
    assert confusion.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]
    right, error = accuracy_of(confusion)
    assert right == 0.4 and error == pytest.approx(np.sqrt(0.4 * 0.6 / 5))
    assert classification_report(confusion, ["a", "bb", "c\x1b"]).splitlines() == [
        "accuracy  40.0 % ± 21.9  (2 of 5 held-out texts)",
        "label    a  bb  cU+001B  <- answer",
        "a        1   1        0",
        "bb       0   1        0",
        "cU+001B  2   0        0",
    ]
