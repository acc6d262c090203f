"""Models that come with minillm: small ones, each in a folder of its own beside this file, and called by its name."""

import difflib
import os
from pathlib import Path

from minillm.errors import InputError

SHIPPED, CONFIG, WEIGHTS = Path(__file__).parent, "config.json", "model.safetensors"


def names() -> list[str]:
    """The models that come with minillm."""
    return sorted(config.parent.name for config in SHIPPED.glob(f"*/{CONFIG}"))


def folder_of(name: str) -> Path:
    """Where the model of this name is that comes with minillm, or would be."""
    return SHIPPED / name


def find(checkpoint: str | Path) -> Path:
    """The folder of a model: this one, or where nothing of a model is in it, that of the model of this name that comes with minillm."""
    path = Path(checkpoint)
    own = any((path / name).exists() for name in (CONFIG, WEIGHTS))
    return folder_of(path.name) if str(path) in names() and not own else path


def nearest(checkpoint: str | Path) -> str | None:
    """The name that a user may have meant who misspelt it."""
    return next(iter(difflib.get_close_matches(str(checkpoint), names(), n=1)), None)


def refuse_to_train_in(directory: Path) -> None:
    """InputError for a run in a place where models that come with minillm are: they stay as they are."""
    try:
        whole = Path(os.path.realpath(directory))
    except FileNotFoundError:  # the working folder is gone
        return
    if whole.is_relative_to(os.path.realpath(SHIPPED)):
        raise InputError(f"{directory} is for models that come with minillm.", "Choose another `out`.")
