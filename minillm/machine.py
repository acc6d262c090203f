"""What this machine has: versions of packages, the library behind matrix products, a GPU, a folder that can be written.

No package is needed to ask, except where a docstring says so.
"""

import importlib.metadata
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS")  # the variables that say how many BLAS may use
NEWER_DRIVER = 580  # from this one on, CUDA 13 runs


def version_of(package: str) -> str | None:
    """The version of an installed package, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


class Blas(NamedTuple):
    """The library that multiplies matrices for NumPy, and how the environment limits its threads: None, or `OMP_NUM_THREADS=2`."""

    name: str
    version: str
    limit: str | None


def blas() -> Blas:
    """NumPy must be installed."""
    import numpy as np

    library = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    limit = next((f"{name}={os.environ[name]}" for name in THREADS if name in os.environ), None)
    return Blas(library.get("name", "unknown"), library.get("version", ""), limit)


class NvidiaGpu(NamedTuple):
    """A GPU as its driver names it, and the CUDA that this driver runs: cuda12 or cuda13, as the extras of this package are called."""

    name: str
    driver: str
    cuda: str


def has_nvidia_smi() -> bool:
    return shutil.which("nvidia-smi") is not None


def nvidia_gpu() -> NvidiaGpu | None:
    """The first GPU that nvidia-smi finds, None where none answers."""
    query = ["nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"((\d+)[\d.]*), (.+)", answer)
    if not found:
        return None
    return NvidiaGpu(found[3], found[1], "cuda13" if int(found[2]) >= NEWER_DRIVER else "cuda12")


def check_writable(folder: Path) -> None:
    """Raise OSError if no file can be made in the folder."""
    with tempfile.TemporaryFile(dir=folder):
        pass
