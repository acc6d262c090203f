"""Checkpoints: safetensors and JSON, written whole or not at all, and read with suspicion."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import EllipsisType

import numpy as np

from minillm.backend import CPU, Array, Device, array_module, to_host
from minillm.errors import InputError
from minillm.files import check_file, read_object, reading, write_atomic
from minillm.layers import Int8, int8_names, refuse_int8, use_int8
from minillm.models import Model, ModelConfig, build, config_from_dict, config_to_dict
from minillm.ops import dequantize
from minillm.safetensors import Header, map_tensors, read_header, read_pieces, read_tensor, serialize
from minillm.training.quantization import SCALE, quantize_tensors
from minillm.weights import CONFIG, WEIGHTS, nearest

GENERATION = "generation_config.json"
RETRAIN = "Restore the file, or train again into another folder."


class MissingModelError(InputError):
    """There is no model in a folder, or no folder."""


def missing(what: str | Path, directory: Path) -> MissingModelError:
    return MissingModelError(f"There is no {what}.", f"Pretrain first: python -m minillm pretrain --out {directory}")


def write_json(path: Path, value: dict) -> None:
    """What has no UTF-8, such as a byte of an old file name, is written \\udcff, which JSON reads as the same again."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode("utf-8", errors="backslashreplace"))


def read_config(path: Path) -> ModelConfig:
    """The config of a model, in a file that minillm wrote."""
    if not path.exists():
        raise missing(path, path.parent)
    values = read_object(path, RETRAIN)
    with reading(path, "config of minillm", RETRAIN):
        return config_from_dict(values)


def save_tensors(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write named arrays as safetensors."""
    write_atomic(path, serialize(tensors, metadata))


def read_tensors(path: Path, expected: dict[str, tuple[int, ...]]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read arrays of exactly these names and shapes as float32, and the metadata. In the file they may be float16, or int8 with scales."""
    header = check_tensors(path, expected)
    tensors = {name: np.empty(shape, np.float32) for name, shape in expected.items()}
    fill_tensors(tensors, header)
    return tensors, header.metadata


def check_tensors(path: Path, expected: dict[str, tuple[int, ...]]) -> Header:
    """Raise InputError unless a file has tensors of exactly these names and shapes, which its header tells: none of them is read."""
    check_size(path, sum(map(math.prod, expected.values())))  # an int8 is a byte
    header = read_header(path, RETRAIN)
    stored = header.tensors
    scales = {name + SCALE: expected[name][:-1] for name in expected if name in stored and stored[name].dtype == "I8"}
    if odd := stored.keys() ^ (expected | scales).keys():
        raise InputError(f"{path} has other tensors than its config asks for: {', '.join(sorted(odd)[:3])}.", RETRAIN)
    allowed = dict.fromkeys(expected, ("F32", "F16", "I8")) | dict.fromkeys(scales, ("F16",))
    for name, shape in (expected | scales).items():
        dtype, found = stored[name].dtype, stored[name].shape
        if dtype not in allowed[name] or found != shape:
            right = dtype if dtype in allowed[name] else allowed[name][0]
            raise InputError(f"{path}: {name} is {dtype} {found} where {right} {shape} belongs.", RETRAIN)
    return header


def fill_tensors(arrays: dict[str, Array], header: Header) -> None:
    """Put the tensors that `check_tensors` found good into these arrays, piece by piece; InputError for numbers that are not finite."""
    for name, array in arrays.items():
        for rows, piece in read_finite(name, header):
            array[rows] = array_module(array).asarray(piece)


def read_finite(name: str, header: Header) -> Iterator[tuple[slice | EllipsisType, np.ndarray]]:
    """A tensor as `read_pieces` gives it, in floating-point numbers; InputError for those that are not finite."""
    stored, pieces = header.tensors[name], None
    if stored.dtype == "I8":
        scale = read_tensor(header.tensors[name + SCALE])
        pieces = [(..., dequantize(read_tensor(stored), scale))]
    for rows, piece in pieces or read_pieces(stored):
        if not np.isfinite(piece).all():
            raise InputError(
                f"{stored.path}: {name} holds numbers that are not finite.",
                "Its training diverged: use an earlier checkpoint.",
            )
        yield rows, piece


def read_int8(names: set[str], header: Header) -> dict[str, Int8]:
    """These matrices in int8: used where they lie in the file if they are that there, or else rounded piece by piece."""
    stored = {name: header.tensors[name] for name in names}
    mapped, weights = map_tensors(stored, np.int8), {}
    for name in names:
        if stored[name].dtype == "I8":
            data = mapped[name] if name in mapped else read_tensor(stored[name])
            weights[name] = Int8(data, read_tensor(header.tensors[name + SCALE]))
            continue
        weights[name] = Int8.empty(stored[name].shape)
        for rows, piece in read_finite(name, header):
            weights[name].put(rows, piece)
    return weights


def check_size(path: Path, needed: int) -> None:
    """Raise InputError if a file can't hold so many bytes of weights. A config may claim any size: ask before memory is given."""
    if not path.exists():  # a run that was stopped before its first evaluation has none yet
        raise InputError(f"There is no {path}.", "Go on with the run that writes it: `resume`. Or restore the file.")
    with reading(path, "file of tensors", RETRAIN):
        size = check_file(path)
    if size < needed:
        raise InputError(
            f"{path} is damaged or cut short: {size:,} bytes, where its config asks for {needed:,} of weights.", RETRAIN
        )


def config_metadata(config: ModelConfig) -> dict[str, str]:
    """The config as metadata for a file of tensors: heads or activation change what a model says, and no shape would tell."""
    return {"config": json.dumps(config_to_dict(config), sort_keys=True)}


def check_config(path: Path, metadata: dict[str, str], config: ModelConfig) -> None:
    """InputError if a file of tensors was written for another config than the config.json beside it."""
    expected = config_metadata(config)["config"]
    if metadata.get("config", expected) != expected:
        raise InputError(f"{path} was written for another config than the {CONFIG} beside it.", RETRAIN)


def tensors_of(model: Model, *, int8: bool = False) -> dict[str, np.ndarray]:
    """The weights by their names, in float32, or as `quantize_tensors` rounds them."""
    refuse_int8(model)
    tensors = {name: to_host(parameter.data).astype(np.float32) for name, parameter in model.named_parameters()}
    return quantize_tensors(tensors) if int8 else tensors


def save_weights(model: Model, directory: Path) -> None:
    """Write the weights into a folder. `config.json` is written once, when the run begins."""
    save_tensors(directory / WEIGHTS, tensors_of(model), config_metadata(model.config))


def save_eos_token_id(model: Model, directory: Path) -> None:
    """generation_config.json, in Hugging Face's form, for a model that knows which tokens end a text; for another none."""
    if model.eos_token_id:
        write_json(directory / GENERATION, {"eos_token_id": list(model.eos_token_id)})
    else:
        (directory / GENERATION).unlink(missing_ok=True)


def load_model(directory: str | Path, device: Device = CPU, *, int8: bool = False) -> Model:
    """The model in a run's folder, in float32, or with its matrices in int8: see `load`. Whatever is missing, damaged or of another size is
    an InputError.
    """
    directory = Path(directory)
    if directory.is_file():
        raise InputError(f"{directory} is a file, and a checkpoint is a folder.", "Name the folder that it lies in.")
    if not directory.is_dir():
        if near := nearest(directory):
            raise InputError(f"There is no checkpoint {directory}.", f"Did you mean {near}?")
        raise missing(f"checkpoint {directory}", directory)
    config, path = read_config(directory / CONFIG), directory / WEIGHTS
    check_size(path, config.parameter_count())  # int8 weights are a byte each
    model = build(config, seed=None, device=device)
    shapes = {name: parameter.data.shape for name, parameter in model.vector.named.items()}
    header = check_tensors(path, shapes)
    check_config(path, header.metadata, config)
    matrices = int8_names(model) if int8 else set()
    fill_tensors({name: p.data for name, p in model.vector.named.items() if name not in matrices}, header)
    if int8:
        use_int8(model, read_int8(matrices, header))
    return model
