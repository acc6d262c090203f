"""A run in its folder: trained to its end or a stop, and compared with another."""

import json

from safetensors import safe_open
from safetensors.numpy import load_file

from minillm.training.checkpoint import WEIGHTS
from minillm.training.run import LOG, STATE


def train(folder, trainer, stop=lambda: False, until=None):
    for progress in trainer.run(stop, until):
        folder.log(progress)
        if progress.validation is not None:
            folder.save(trainer, progress.best)
    if trainer.evaluated_step != trainer.steps_done:
        folder.save(trainer)


def left(directory) -> dict:
    """Everything that a run leaves, but for the time that it took."""
    with safe_open(directory / STATE, framework="numpy") as file:
        state = json.loads(file.metadata()["state"])
    del state["elapsed"]
    return {
        "state": state,
        "arrays": {name: array.tobytes() for name, array in load_file(directory / STATE).items()},
        "model": (directory / WEIGHTS).read_bytes(),
        "log": (directory / LOG).read_text(encoding="utf-8"),
    }


def contents(directory) -> dict:
    """Every file below a folder, byte for byte."""
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
