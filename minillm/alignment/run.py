"""The folder of a run of `align`: as any run's, and what the reference has to say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from minillm.models import Model
from minillm.text import Tokenizer
from minillm.training import Run
from minillm.training.checkpoint import read_tensors, save_tensors
from minillm.training.run import REFERENCE


class AlignmentRun(Run):
    """`reference()` gives the arrays to be kept when the run begins: log-probabilities of the pairs, or a whole model's weights."""

    def __init__(self, directory: str | Path, reference: Callable[[], dict[str, np.ndarray]] | None = None):
        super().__init__(directory)
        self.reference = reference

    def describe_model(self, model: Model, tokenizer: Tokenizer) -> None:
        super().describe_model(model, tokenizer)
        if self.reference is not None and (arrays := self.reference()):
            save_tensors(self.path(REFERENCE), arrays, {})

    def read_reference(self, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        return read_tensors(self.path(REFERENCE), shapes)[0]
