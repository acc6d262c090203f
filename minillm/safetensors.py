"""The safetensors format: named arrays in a file that runs nothing. https://github.com/huggingface/safetensors#format

8 bytes     the length of the header, little-endian
header      JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ..., "__metadata__": {"key": "text"}}
the rest    the numbers, little-endian, one tensor after the other without a gap; offsets count from here
"""

import json
import math
import mmap
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import EllipsisType
from typing import NamedTuple

import numpy as np

from minillm.errors import InputError
from minillm.files import check_file, parse_json, reading

LONGEST_HEADER = 32 * 2**20  # bytes: of a model of many billions of weights it has a hundredth of that
DIMENSIONS = 32  # as many as any NumPy reads
PIECE = 1 << 16  # numbers, which the processor's cache has room for
# BF16, the upper half of a float32, is unknown to NumPy: it is read as float32.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "|b1",
}  # fmt: skip
MAPS = sys.platform in ("linux", "darwin")  # Windows lets nobody replace a file that is mapped
NAMES = {np.dtype(dtype): name for name, dtype in DTYPES.items() if name != "BF16"}


class Stored(NamedTuple):
    """A tensor in a file, and where its numbers lie."""

    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int  # of its first byte in the file


class Header(NamedTuple):
    tensors: dict[str, Stored]
    metadata: dict[str, str]


def serialize(tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str] | None = None) -> bytes:
    """The bytes of a safetensors file. The largest numbers come first, so that each lies at a multiple of its own size."""
    arrays = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    for name, array in arrays.items():
        if name == "__metadata__" or array.dtype.newbyteorder("<") not in NAMES:
            raise ValueError(f"the format has no place for {name!r} of {array.dtype}")
    header, parts, end = {"__metadata__": dict(metadata)} if metadata else {}, [], 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        array = arrays[name]
        kind = NAMES[array.dtype.newbyteorder("<")]
        parts.append(array.astype(DTYPES[kind], copy=False).data)
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def read_header(path: str | Path, remedy: str) -> Header:
    """What a safetensors file holds. Names, shapes and places must agree with each other and with the file's size, or it is an
    InputError with this remedy; so nothing that the file claims is believed before there is memory for it.
    """
    path = Path(path)
    with reading(path, "whole safetensors file", remedy):
        size = check_file(path)
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(size - 8, LONGEST_HEADER):
                raise ValueError(f"a header of {length:,} bytes in {size:,}: it is damaged or cut short")
            entries = parse_json(file.read(length).decode("utf-8"))
        if not isinstance(entries, dict):
            raise ValueError("its header is no JSON object")
        metadata = entries.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("its metadata is not text")
        start, tensors, places = 8 + length, {}, []
        for name, entry in entries.items():
            dtype, shape, place = _entry(name, entry)
            tensors[name] = Stored(path, dtype, shape, start + place[0])
            places.append(place)
        end = 0
        for first, last in sorted(places):
            if first != end:
                raise ValueError(f"its tensors overlap or leave a gap at byte {end:,}")
            end = last
        if start + end != size:
            raise ValueError(f"its tensors end at byte {start + end:,} of {size:,}: it is damaged or cut short")
        return Header(tensors, metadata)


def _entry(name: str, entry: object) -> tuple[str, tuple[int, ...], tuple[int, int]]:
    """One tensor of a header: dtype, shape, and where it begins and ends."""
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} is not described by dtype, shape and data_offsets")
    dtype, shape, place = entry["dtype"], entry["shape"], entry["data_offsets"]
    for numbers in (shape, place):
        if not isinstance(numbers, list) or not all(type(n) is int and 0 <= n < 2**63 for n in numbers):
            raise ValueError(f"{name} has no shape or no place in it")
    if len(place) != 2 or place[0] > place[1]:
        raise ValueError(f"{name} has no place in it")
    if len(shape) > DIMENSIONS:  # the product of a million numbers would take for ever
        raise ValueError(f"{name} has {len(shape):,} dimensions")
    if (
        isinstance(dtype, str)
        and dtype in DTYPES
        and math.prod(shape) * np.dtype(DTYPES[dtype]).itemsize != place[1] - place[0]
    ):
        raise ValueError(f"{name} of shape {tuple(shape)} does not fill bytes {place[0]:,} to {place[1]:,}")
    return str(dtype), tuple(shape), (place[0], place[1])


def read_tensor(stored: Stored) -> np.ndarray:
    """The numbers of a tensor, whose dtype is one of DTYPES, as they are; bfloat16 as float32."""
    array = np.fromfile(stored.path, DTYPES[stored.dtype], math.prod(stored.shape), offset=stored.offset)
    return _widened(array, stored).reshape(stored.shape)


def read_pieces(stored: Stored) -> Iterator[tuple[slice | EllipsisType, np.ndarray]]:
    """As `read_tensor`, a few rows at a time: `for rows, piece in read_pieces(stored): array[rows] = piece`. A vector comes whole.

    Every piece is written over the one before. So a tensor that is put in its place takes no memory twice, and its numbers are in the
    processor's cache when somebody looks at them. InputError if the file has become shorter since its header was read.
    """
    matrix = len(stored.shape) > 1
    count, *row = stored.shape if matrix else (1, *stored.shape)
    step = max(1, PIECE // max(math.prod(row), 1))
    buffer = np.empty((min(step, count), *row), DTYPES[stored.dtype])
    with open(stored.path, "rb", buffering=0) as file:
        file.seek(stored.offset)
        for start in range(0, count, step):
            piece = buffer[: count - start]
            if file.readinto(piece) != piece.nbytes:
                raise changed(stored.path)
            piece = _widened(piece, stored)
            yield (slice(start, start + len(piece)), piece) if matrix else (..., piece[0])


def map_tensors(tensors: Mapping[str, Stored], dtype: type) -> dict[str, np.ndarray]:
    """Those of the tensors that can be used where they lie in their files (mmap): of this dtype, and at a multiple of its size.

    Their memory is the system's cache of files. What is written into an array stays in this process, and the file as it is. The file may
    be deleted, or replaced by another, as `write_atomic` does, and the arrays keep their numbers; but what is written over it in its place
    is seen, and if it is cut short there, as by `cp`, the system ends the process that looks at what is gone (SIGBUS). InputError if it has
    become shorter since its header was read.
    """
    files: dict[Path, mmap.mmap | None] = {}
    arrays, dtype = {}, np.dtype(dtype)
    for name, stored in tensors.items():
        if not MAPS or stored.dtype != NAMES.get(dtype) or stored.offset % dtype.itemsize:
            continue
        try:
            if stored.path not in files:
                files[stored.path] = _map(stored.path)
            if file := files[stored.path]:
                numbers = np.frombuffer(file, dtype, math.prod(stored.shape), stored.offset)
                arrays[name] = numbers.reshape(stored.shape)
        except ValueError:
            raise changed(stored.path) from None
    return arrays


def _map(path: Path) -> mmap.mmap | None:
    """The bytes of a file, copied where they are written to. None where its file system can't."""
    with open(path, "rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        except OSError:
            return None


def changed(path: Path) -> InputError:
    return InputError(f"{path} changed while it was read.", "Try again, once it is whole.")


def _widened(array: np.ndarray, stored: Stored) -> np.ndarray:
    """bfloat16 as float32, any other dtype as it is."""
    return (array.astype(np.uint32) << 16).view(np.float32) if stored.dtype == "BF16" else array


def load_file(path: str | Path, remedy: str = "Copy the file anew.") -> dict[str, np.ndarray]:
    """All tensors of a file, by name. InputError if it is damaged, or holds numbers that NumPy does not have."""
    tensors = read_header(path, remedy).tensors
    for name, stored in tensors.items():
        if stored.dtype not in DTYPES:
            raise InputError(f"{path}: {name} holds {stored.dtype}, which NumPy does not have.", remedy)
    return {name: read_tensor(stored) for name, stored in tensors.items()}
