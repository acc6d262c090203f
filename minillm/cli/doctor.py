"""python -m minillm doctor: what this machine has."""

import os
import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

from minillm import machine
from minillm.units import duration

DESCRIPTION = """example: python -m minillm doctor

Look this machine over: versions, threads, GPU and which CuPy fits it, fonts, and a three-second speed test."""

PACKAGES = ("numpy", "matplotlib", "tqdm", "threadpoolctl", "pytest")


def add_arguments(parser) -> None:
    """There is nothing to choose."""


def run(args) -> int:
    sound = True
    for what, good, found in checks():
        sound &= good
        print(f"{'[OK]  ' if good else '[LOOK]'} {what:<13} {found}", flush=True)
    print("All is well." if sound else "Lines marked [LOOK] say what is missing and what to do.")
    return 0


def checks() -> Iterator[tuple[str, bool, str]]:
    """Every check: its name, whether all is well, and what was found. Any package may be missing: each check imports its own."""
    yield "python", True, f"{platform.python_version()}, {platform.platform()}"
    for package in PACKAGES:
        version = machine.version_of(package)
        yield package, version is not None, version or "not installed: pip install -r requirements.txt"
    yield "disk", *disk()
    for name, check in (("blas", blas), ("gpu", gpu), ("fonts", fonts), ("speed", speed)):
        try:
            yield name, True, check()
        except ModuleNotFoundError as error:
            yield name, False, f"cannot be told without {error.name}"


def disk() -> tuple[bool, str]:
    try:
        here = Path.cwd()
        machine.check_writable(here)
    except OSError as error:
        return False, f"the working folder cannot be written ({error.strerror}): run from another, or give --out"
    return True, f"{here} can be written, {shutil.disk_usage(here).free / 1e9:.0f} GB free"


def blas() -> str:
    library = machine.blas()
    threads = library.limit or f"{os.cpu_count()} threads, one a core; set OPENBLAS_NUM_THREADS to use fewer"
    return f"{library.name} {library.version}, {threads}"


def gpu() -> str:
    """The device that `--device auto` would take, and, for an idle GPU, the wheel that would wake it."""
    from minillm.backend import choose_device

    device = choose_device("auto")
    if device.name == "gpu":
        return device.reason
    if not machine.has_nvidia_smi():
        return "none found: fine, everything runs on the processor"
    idle = machine.nvidia_gpu()
    if idle is None:
        return "nvidia-smi finds no GPU that answers; everything runs on the processor"
    install = f'pip install "minillm-by-hand[{idle.cuda}]" or cupy-{idle.cuda}x[ctk]'
    return f"{idle.name}, driver {idle.driver}, not used ({device.reason}): {install}"


def fonts() -> str:
    from minillm.plots.labels import is_drawable

    if is_drawable("语言"):
        return "Latin and Chinese"
    return "Latin; no Chinese font found, so Chinese tokens are numbered in figures (Noto Sans CJK would draw them)"


def speed() -> str:
    from minillm.pretraining.speed import measure_speed

    measured = measure_speed()
    return (
        f"{measured.rates.flops / 1e9:.0f} GFLOP/s in matrix products, {measured.rates.bytes / 1e9:.0f} GB/s in passes over arrays; "
        f"{measured.tokens:,.0f} tokens/s training the default model: "
        f"its {measured.steps:,} steps take about {duration(measured.seconds)}"
    )
