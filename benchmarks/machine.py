"""The machine and the versions that figures were measured with, in a line, and the day."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy  # noqa: F401  so that its library is among those that are loaded
from threadpoolctl import threadpool_info

CPU_FILE = Path("/proc/cpuinfo")


def machine(*packages: str) -> str:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    processor = platform.processor() or platform.machine()
    for line in CPU_FILE.read_text(encoding="utf-8").splitlines() if CPU_FILE.exists() else ():
        if line.startswith("model name"):
            processor = line.split(": ", 1)[1]
            break
    versions = ", ".join(f"{name} {version(name)}{kernels() if name == 'numpy' else ''}" for name in packages)
    return f"{count} core{'s' * (count != 1)} of {processor}, Python {platform.python_version()}, {versions}"


def kernels() -> str:
    """What multiplies NumPy's matrices: OpenBLAS chooses its kernels by the processor, but for OPENBLAS_CORETYPE in the environment."""
    chosen = " as OPENBLAS_CORETYPE has it" if os.environ.get("OPENBLAS_CORETYPE") else ""
    names = [library["architecture"] for library in threadpool_info() if library["internal_api"] == "openblas"]
    return f" (OpenBLAS for {names[0]}{chosen})" if names else ""


def today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
