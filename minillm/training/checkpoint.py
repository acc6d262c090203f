"""Checkpoints: safetensors and JSON, written whole or not at all, and read with suspicion."""

import json
import math
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from minillm.backend import CPU, Device, to_host
from minillm.errors import InputError
from minillm.files import write_atomic
from minillm.models import GPT, GPTConfig, parameter_count

CONFIG, WEIGHTS = "config.json", "model.safetensors"


def write_json(path: Path, value: dict) -> None:
    write_atomic(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8"))


def read_json(path: Path) -> dict:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"There is no {path}.", f"Pretrain first: python -m minillm pretrain --out {path.parent}"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(
            f"Cannot read {path}: {error}.", "Restore the file, or train again into another folder."
        ) from error
    if not isinstance(value, dict):
        raise InputError(
            f"{path} does not hold a JSON object.", "Restore the file, or train again into another folder."
        )
    return value


def save_tensors(path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str] | None = None) -> None:
    """Write named arrays as safetensors. Each is made contiguous first: the safetensors package writes other layouts scrambled."""
    write_atomic(path, save({name: np.ascontiguousarray(array) for name, array in tensors.items()}, metadata))


def read_tensors(path: Path, expected: dict[str, tuple[int, ...]]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read float32 arrays of exactly these names and shapes, and the metadata. Checked from the header, before anything is allocated."""
    retrain = "Restore the file, or train again into another folder."
    try:
        with safe_open(path, framework="numpy") as file:
            found = set(file.keys())
            if found != set(expected):
                odd = sorted(found ^ set(expected))
                raise InputError(f"{path} has other tensors than its config asks for: {', '.join(odd[:3])}.", retrain)
            for name, shape in expected.items():
                part = file.get_slice(name)
                if tuple(part.get_shape()) != shape or part.get_dtype() != "F32":
                    raise InputError(
                        f"{path}: {name} is {part.get_dtype()} {tuple(part.get_shape())} where F32 {shape} belongs.",
                        retrain,
                    )
            tensors = {name: file.get_tensor(name) for name in expected}
            metadata = file.metadata() or {}
    except FileNotFoundError:
        raise InputError(
            f"There is no {path}.", f"Pretrain first: python -m minillm pretrain --out {path.parent}"
        ) from None
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path} is damaged or cut short ({error}).", retrain) from error
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(
                f"{path}: {name} holds numbers that are not finite.",
                "Its training diverged: use an earlier checkpoint.",
            )
    return tensors, metadata


def save_model(model: GPT, directory: Path) -> None:
    """Write the weights into a folder, each under its name. `config.json` is written once, when the run begins."""
    tensors = {name: to_host(parameter.data).astype(np.float32) for name, parameter in model.vector.named.items()}
    save_tensors(directory / WEIGHTS, tensors, {"format": "minillm"})


def load_model(directory: str | Path, device: Device = CPU) -> GPT:
    """The model in a run's folder, in float32. Whatever is missing, damaged or of another size is an InputError."""
    directory = Path(directory)
    if not directory.is_dir():
        raise InputError(
            f"There is no checkpoint {directory}.", f"Pretrain first: python -m minillm pretrain --out {directory}"
        )
    config, path = GPTConfig.from_dict(read_json(directory / CONFIG)), directory / WEIGHTS
    # A config may claim any size: the file must be as large before memory is asked for.
    size, needed = path.stat().st_size if path.exists() else math.inf, 4 * parameter_count(config)
    if size < needed:
        raise InputError(
            f"{path} is damaged or cut short: {size:,} bytes, where its config asks for {needed:,} of weights.",
            "Restore the file, or train again into another folder.",
        )
    model = GPT(config, device=device)
    tensors, _ = read_tensors(path, {name: parameter.data.shape for name, parameter in model.vector.named.items()})
    for name, parameter in model.vector.named.items():
        parameter.data[...] = device.xp.asarray(tensors[name])
    return model
