"""The folder of a run of `align`: as any run's, and what the reference has to say."""

from pathlib import Path

from minillm.alignment.offline import PairData
from minillm.alignment.reference import Reference, fingerprint_of_model, fingerprint_of_pairs
from minillm.errors import InputError
from minillm.models import GPT, Model
from minillm.text import Tokenizer
from minillm.training import Run
from minillm.training.checkpoint import RETRAIN, read_tensors, save_tensors
from minillm.training.run import REFERENCE


class AlignmentRun(Run):
    """`reference` is what a run keeps of its reference. A resumed one reads it; `fingerprint`, of the reference's weights, is what
    `trainer.json` remembers. Runs of earlier versions have no fingerprints, and nothing to compare.
    """

    def __init__(self, directory: str | Path, reference: Reference | None = None):
        super().__init__(directory)
        self.reference = reference

    def describe_model(self, model: Model, tokenizer: Tokenizer) -> None:
        super().describe_model(model, tokenizer)
        if self.reference is not None:
            save_tensors(self.path(REFERENCE), *self.reference)

    def restore(self) -> list[str]:
        lost = super().restore()
        if self.reference is not None and not self.path(REFERENCE).exists():
            save_tensors(self.path(REFERENCE), *self.reference)
            lost.append(REFERENCE)
        return lost

    def load_reference_of_pairs(self, data: PairData, fingerprint: str | None) -> None:
        """Give the pairs the log-probabilities that were kept; InputError if they are of another model, of other pairs or another order."""
        arrays = dict(zip(("training", "held_out"), data.reference, strict=True))
        expected = {"model": fingerprint, "pairs": fingerprint_of_pairs(data)}
        self.reference = self._read_reference(arrays, expected)
        data.reference = list(self.reference.arrays.values())

    def load_reference_of_weights(self, model: GPT, fingerprint: str | None) -> None:
        """Give a model the weights that were kept; InputError if they are no longer those that the run began with."""
        arrays = {name: parameter.data for name, parameter in model.named_parameters()}
        self.reference = self._read_reference(arrays, {"model": fingerprint})
        for name, array in self.reference.arrays.items():
            arrays[name][...] = model.vector.device.xp.asarray(array)
        if fingerprint not in (None, fingerprint_of_model(model)):
            raise InputError(f"{self.path(REFERENCE)} is damaged: its weights have changed.", RETRAIN)

    def _read_reference(self, like: dict, expected: dict[str, str | None]) -> Reference:
        path = self.path(REFERENCE)
        if not path.exists():
            raise InputError(f"There is no {path}, which this run began with.", RETRAIN)
        arrays, fingerprints = read_tensors(path, {name: array.shape for name, array in like.items()})
        for what, fingerprint in expected.items():
            if what in fingerprints and fingerprints[what] != fingerprint:
                raise InputError(
                    f"{path} was not written for this run: the fingerprint of its {what} is another.",
                    RETRAIN,
                )
        return Reference(arrays, fingerprints)
