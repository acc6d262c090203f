"""The files of a pretrained model: config.json, and model.safetensors, whole or in shards."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from minillm.errors import InputError
from minillm.files import FileError, check_file, read_object

CONFIG, WEIGHTS, INDEX, PICKLE = "config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
COPY = "Copy the model's files anew, all from one place."
DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}  # NumPy has no bfloat16


class Stored(NamedTuple):
    """A tensor in a file, and where its numbers lie."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int  # of its first byte in the file


def read_headers(directory: Path) -> dict[str, Stored]:
    """Every tensor of the model in a folder, by name. Only the files' headers are read."""
    if (directory / WEIGHTS).exists():
        return read_header(directory / WEIGHTS)
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
        shards[name] = read_header(index.parent / name)
    for tensor, name in shard_of.items():
        if tensor not in shards[name]:
            raise InputError(f"{index} looks for {tensor} in {name}, and it is not there.", COPY)
    return {tensor: shards[name][tensor] for tensor, name in shard_of.items()}


def read_header(path: Path) -> dict[str, Stored]:
    """What a safetensors file holds: the length of its header in eight bytes, the header in JSON, and then the numbers."""
    try:
        check_file(path)
        # safe_open checks that names, shapes and places agree with each other and with the file's size.
        with open(path, "rb") as file, safe_open(path, framework="numpy"):
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
    except FileError:
        raise
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror or error}.", COPY) from error
    except (SafetensorError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged or cut short ({error}).", COPY) from error
    header.pop("__metadata__", None)
    return {
        name: Stored(path, entry["dtype"], tuple(entry["shape"]), 8 + length + entry["data_offsets"][0])
        for name, entry in header.items()
    }


def read_tensor(name: str, stored: Stored) -> np.ndarray:
    """The numbers of a tensor: float64, float32, or float16 as it is; bfloat16, the upper half of a float32, as float32."""
    if stored.dtype not in DTYPES:
        raise InputError(
            f"{stored.path}: {name} holds {stored.dtype}, which minillm does not read.",
            f"It reads {', '.join(DTYPES)}: write the model as one of these.",
        )
    array = np.fromfile(stored.path, DTYPES[stored.dtype], math.prod(stored.shape), offset=stored.offset)
    if stored.dtype == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(over="ignore"):
        finite = np.isfinite(array.astype(np.float32, copy=False)).all()
    if not finite:
        raise InputError(
            f"{stored.path}: {name} holds numbers that are not finite, or too large for float32.",
            "Use another checkpoint.",
        )
    return array.reshape(stored.shape)
