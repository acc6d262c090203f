"""What a run keeps of its reference, the model that it began with; and fingerprints, which say of which model and of which pairs it is."""

import hashlib
import json
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from minillm.alignment.offline import PairData
from minillm.backend import to_host
from minillm.models import GPT, config_to_dict


class Reference(NamedTuple):
    """The log-probabilities of the pairs, or a whole model's weights; and the fingerprints, by what they are of."""

    arrays: dict[str, np.ndarray]
    fingerprints: dict[str, str]


def reference_of_pairs(model: GPT, data: PairData, size: int = 16) -> Reference:
    """The model reads all pairs, `size` at a time; `data` has from now on what it says of them."""
    data.ask_reference(model, size)
    arrays = dict(zip(("training", "held_out"), data.reference, strict=True))
    return Reference(arrays, {"model": fingerprint_of_model(model), "pairs": fingerprint_of_pairs(data)})


def reference_of_weights(model: GPT) -> Reference:
    """The model itself, for methods that need its distribution at every token."""
    weights = {name: to_host(parameter.data) for name, parameter in model.named_parameters()}
    return Reference(weights, {"model": fingerprint_of_model(model)})


def fingerprint_of_model(model: GPT) -> str:
    """SHA-256 of config and weights. The name of a folder would not do: another model may lie in it by now."""
    config = json.dumps(config_to_dict(model.config), sort_keys=True)
    return _fingerprint(config, (to_host(parameter.data) for _, parameter in model.named_parameters()))


def fingerprint_of_pairs(data: PairData) -> str:
    """SHA-256 of the tokens of all pairs, those to train on and those held out, in their order."""
    return _fingerprint("pairs", (array for answers in (data.training, data.held_out) for array in answers))


def _fingerprint(what: str, arrays: Iterable[np.ndarray]) -> str:
    digest = hashlib.sha256(what.encode("utf-8"))
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
