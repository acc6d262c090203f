"""Make the model of a run one that comes with minillm."""

import dataclasses
import re
from pathlib import Path

from minillm.errors import InputError
from minillm.training.checkpoint import WEIGHTS
from minillm.training.folder import load, save
from minillm.weights import folder_of
from minillm.weights.card import CARD, Card, empty_card, read_card, write_card


def pack(run: str | Path, name: str, *, overwrite: bool = False) -> Card:
    """Keep the model in a folder under a name, with int8 weights and without what only training needs: its card.

    A card that is there already gets the new numbers of parameters and bytes. In a new one the rest is still to be written.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise InputError(f"{name!r} is no name for a model.", "Use small letters, digits and hyphens.")
    folder, (model, tokenizer) = folder_of(name), load(run)
    card = read_card(folder) if (folder / CARD).exists() else empty_card(name)
    save(folder, model, tokenizer, int8=True, overwrite=overwrite)
    size = (folder / WEIGHTS).stat().st_size
    card = dataclasses.replace(card, parameters=model.config.parameter_count(), bytes=size)
    write_card(folder, card)
    return card
