"""The files of a pretrained model: config.json, and model.safetensors, whole or in shards."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import EllipsisType

import numpy as np

from minillm.errors import InputError
from minillm.files import read_object
from minillm.safetensors import Stored, read_header, read_pieces

CONFIG, WEIGHTS, INDEX, PICKLE = "config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
GENERATION = "generation_config.json"
COPY = "Copy the model's files anew, all from one place."
FLOATS = ("F64", "F32", "F16", "BF16")
WRAPPERS = re.compile(r"^(module\.|_orig_mod\.)+")  # what torch's DataParallel and torch.compile put before the names


def read_headers(directory: Path) -> dict[str, Stored]:
    """Every tensor of the model in a folder, by name, which is without what wrappers put before it. Only the files' headers are read."""
    stored = _read_stored(directory)
    plain = {WRAPPERS.sub("", name): place for name, place in stored.items()}
    if len(plain) < len(stored):
        raise InputError(
            f"{directory} holds a tensor twice, with module. or _orig_mod. before its name or without.", COPY
        )
    return plain


def _read_stored(directory: Path) -> dict[str, Stored]:
    if (directory / WEIGHTS).exists():
        return read_header(directory / WEIGHTS, COPY).tensors
    if (directory / INDEX).exists():
        return _read_shards(directory / INDEX)
    if (directory / PICKLE).exists():
        raise InputError(
            f"{directory} holds its weights in {PICKLE} only, and reading that could run any program in it.",
            f"Get the model's {WEIGHTS}, or write it with transformers: save_pretrained.",
        )
    raise InputError(f"There is no {directory / WEIGHTS}.", COPY)


def _read_shards(index: Path) -> dict[str, Stored]:
    shard_of = read_object(index, COPY).get("weight_map")
    if not isinstance(shard_of, dict) or not all(isinstance(name, str) for name in shard_of.values()):
        raise InputError(f"{index} does not say which tensor is in which file.", COPY)
    shards = {}
    for name in sorted(set(shard_of.values())):
        if Path(name).name != name or "\\" in name or not name.endswith(".safetensors"):
            raise InputError(f"{index} names {name!r}, which is no file beside it.", COPY)
        shards[name] = read_header(index.parent / name, COPY).tensors
    for tensor, name in shard_of.items():
        if tensor not in shards[name]:
            raise InputError(f"{index} looks for {tensor} in {name}, and it is not there.", COPY)
    return {tensor: shards[name][tensor] for tensor, name in shard_of.items()}


def read_weights(name: str, stored: Stored) -> Iterator[tuple[slice | EllipsisType, np.ndarray]]:
    """The numbers of a tensor as `read_pieces` gives them, floating-point and finite, of 64, 32 or 16 bits as they are in the file."""
    if stored.dtype not in FLOATS:
        raise InputError(
            f"{stored.path}: {name} holds {stored.dtype}, which minillm does not read.",
            f"It reads {', '.join(FLOATS)}: write the model as one of these.",
        )
    for rows, piece in read_pieces(stored):
        check_finite(piece, name, stored)
        yield rows, piece


def check_finite(numbers: np.ndarray, name: str, stored: Stored) -> None:
    """InputError for NaN, infinities, and what is too large for float32. Unlike isfinite, extremes take no memory."""
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32, copy=False)
    if not np.isfinite([numbers.min(), numbers.max()]).all():
        raise InputError(
            f"{stored.path}: {name} holds numbers that are not finite, or too large for float32.",
            "Use another checkpoint.",
        )
