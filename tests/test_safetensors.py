"""Our reader and writer of safetensors, beside the package of that name, both ways; and what no file may claim."""

import json
import math
import os

import numpy as np
import pytest

from minillm.errors import InputError
from minillm.safetensors import DTYPES, PIECE, load_file, read_header, read_pieces, read_tensor, serialize

package = pytest.importorskip("safetensors.numpy")
RNG = np.random.default_rng(5)
ARRAYS = {
    "weights": RNG.standard_normal((3, 5)).astype(np.float32),
    "transposed": RNG.standard_normal((3, 5)).astype(np.float32).T,
    "every other": np.arange(10, dtype=np.int64)[::2],
    "big-endian": np.arange(4, dtype=">f4"),
    "scalar": np.float64(2.5),
    "none": np.zeros((0, 4), np.float16),
    "yes or no": np.array([True, False]),
    "层": np.arange(3, dtype=np.uint8),
    "small": np.arange(-2, 3, dtype=np.int8),
}


def test_what_we_write_the_package_reads(tmp_path):
    path = tmp_path / "ours.safetensors"
    path.write_bytes(serialize(ARRAYS, {"format": "pt", "中": "文"}))
    theirs = package.load_file(path)
    assert theirs.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert np.array_equal(theirs[name], array) and theirs[name].shape == array.shape
    assert read_header(path, "").metadata == {"format": "pt", "中": "文"}


def test_what_the_package_writes_we_load_file(tmp_path):
    arrays = {name: np.asarray(array, array.dtype.newbyteorder("="), order="C") for name, array in ARRAYS.items()}
    package.save_file(arrays, tmp_path / "theirs.safetensors", {"a": "b"})
    ours = load_file(tmp_path / "theirs.safetensors")
    assert ours.keys() == arrays.keys()
    for name, array in arrays.items():
        assert np.array_equal(ours[name], array) and ours[name].dtype == array.dtype and ours[name].shape == array.shape


def test_every_tensor_lies_at_a_multiple_of_its_numbers_size(tmp_path):
    path = tmp_path / "aligned.safetensors"
    path.write_bytes(serialize(ARRAYS))
    for stored in read_header(path, "").tensors.values():
        assert stored.offset % np.dtype(DTYPES[stored.dtype]).itemsize == 0


def test_bfloat16_is_the_upper_half_of_a_float32(tmp_path):
    values = np.array([1.0, -2.5, 3.140625], np.float32)  # bfloat16 has eight bits of them
    header = {"x": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
    write(tmp_path / "x", header, (values.view(np.uint32) >> 16).astype("<u2").tobytes())
    assert np.array_equal(load_file(tmp_path / "x")["x"], values)


SHAPES = [(), (3,), (0,), (2, 3), (0, 4), (4, 0), (7, PIECE // 3), (3, PIECE + 1), (5, 2, PIECE // 4), (PIECE + 1,)]


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_tensor_in_pieces_is_the_tensor(tmp_path, shape, dtype):
    bits = np.random.default_rng(0).integers(0, 120 << 7, math.prod(shape), dtype=np.uint16)  # no NaN in any dtype
    array = bits.astype(np.float32) if dtype == "F32" else bits
    header = {"pad": entry("U8", [3], [0, 3]), "x": entry(dtype, shape, [3, 3 + array.nbytes])}
    write(tmp_path / "x", header, b"\1\2\3" + array.tobytes())
    stored = read_header(tmp_path / "x", "").tensors["x"]
    found, seen = np.full(shape, np.nan, np.float32), 0
    for rows, piece in read_pieces(stored):
        found[rows] = piece
        seen = max(seen, piece.size)
    assert np.array_equal(found, read_tensor(stored).astype(np.float32))
    assert len(shape) < 2 or seen <= max(PIECE, math.prod(shape[1:]))


def test_a_file_that_is_cut_after_its_header_was_read_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(serialize({"x": np.ones((4, PIECE), np.float32)}))
    stored = read_header(path, "").tensors["x"]
    pieces = read_pieces(stored)
    next(pieces)
    os.truncate(path, stored.offset + 8 * PIECE - 1)
    with pytest.raises(InputError, match="changed while it was read"):
        next(pieces)


def write(path, header, rest: bytes):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + rest)


def entry(dtype="F32", shape=(2,), place=(0, 8)) -> dict:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(place)}


@pytest.mark.parametrize(
    "header, rest",
    [
        ({"x": entry()}, b"\0" * 7),
        ({"x": entry()}, b"\0" * 9),
        ({"x": entry(shape=[3])}, b"\0" * 8),
        ({"x": entry(shape=[2**62, 4], place=[0, 8])}, b"\0" * 8),
        ({"x": entry(shape=[-2])}, b"\0" * 8),
        ({"x": entry(shape=[2.0])}, b"\0" * 8),
        ({"x": entry(shape=[True, 2])}, b"\0" * 8),
        ({"x": entry(place=[8, 0])}, b"\0" * 8),
        ({"x": entry(place=[0, 8, 9])}, b"\0" * 8),
        ({"x": entry(place=[8, 16])}, b"\0" * 16),
        ({"x": entry(), "y": entry(place=[4, 12])}, b"\0" * 12),
        ({"x": entry(), "y": entry(place=[0, 8])}, b"\0" * 8),
        ({"x": entry(dtype=3)}, b"\0" * 7),
        ({"x": [1, 2]}, b""),
        ({"x": {"dtype": "F32", "shape": [0]}}, b""),
        ({"__metadata__": {"a": 1}}, b""),
        ({"__metadata__": "text"}, b""),
        ([], b""),
        (b'{"x": 1', b""),
        (b'{"a": 1, "a": 2}', b""),
        (b"\xff\xfe", b""),
        (b"[" * 100_000, b""),
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path, header, rest):
    write(tmp_path / "x", header, rest)
    with pytest.raises(InputError, match="no whole safetensors file"):
        read_header(tmp_path / "x", "")


@pytest.mark.parametrize(
    "content", [b"", b"\1\0\0", (2**63).to_bytes(8, "little"), (100).to_bytes(8, "little") + b"{}"]
)
def test_a_file_that_is_shorter_than_its_header_is_refused(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(InputError, match="damaged or cut short"):
        read_header(tmp_path / "x", "")


def test_a_file_cut_anywhere_is_refused(tmp_path):
    whole = serialize(ARRAYS, {"a": "b"})
    for length in range(0, len(whole), 7):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(InputError):
            read_header(tmp_path / "cut", "")


def test_numbers_that_numpy_does_not_have_are_named(tmp_path):
    write(tmp_path / "x", {"x": entry(dtype="F8_E4M3", shape=[8])}, b"\0" * 8)
    assert read_header(tmp_path / "x", "").tensors["x"].dtype == "F8_E4M3"
    with pytest.raises(InputError, match="x holds F8_E4M3"):
        load_file(tmp_path / "x")


def test_a_shape_without_end_is_refused_before_it_is_multiplied_out(tmp_path):
    write(tmp_path / "x", {"x": entry(shape=[2**62] * 100_000)}, b"\0" * 8)
    with pytest.raises(InputError, match="x has 100,000 dimensions"):
        read_header(tmp_path / "x", "")
