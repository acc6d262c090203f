"""python -m minillm doctor: what this machine has."""

import importlib.metadata
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from minillm.cli.terminal import duration

DESCRIPTION = """example: python -m minillm doctor

Look this machine over: versions, threads, GPU and which CuPy fits it, fonts, and a three-second speed test."""

PACKAGES = ("numpy", "matplotlib", "tqdm", "threadpoolctl", "pytest")


def add_arguments(parser) -> None:
    """There is nothing to choose."""


def run(args) -> int:
    sound = True
    for what, good, found in checks():
        sound &= good
        print(f"{'[OK]  ' if good else '[LOOK]'} {what:<11} {found}", flush=True)
    print("All is well." if sound else "Lines marked [LOOK] say what is missing and what to do.")
    return 0


def checks():
    """Every check: its name, whether all is well, and what was found. Any package may be missing: each check imports its own."""
    yield "python", True, f"{platform.python_version()}, {platform.platform()}"
    for package in PACKAGES:
        yield package, *installed(package)
    yield "disk", *disk()
    for name, check in (("blas", blas), ("gpu", gpu), ("fonts", fonts), ("speed", speed)):
        try:
            yield name, True, check()
        except ModuleNotFoundError as error:
            yield name, False, f"cannot be told without {error.name}"


def installed(package: str) -> tuple[bool, str]:
    try:
        return True, importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False, "not installed: pip install -r requirements.txt"


def blas() -> str:
    """Which library multiplies matrices, and with how many threads."""
    import numpy as np

    library = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    asked = next(
        (f"{name}={os.environ[name]}" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS") if name in os.environ),
        None,
    )
    cores = os.cpu_count()
    threads = asked or f"{cores} threads, one a core; set OPENBLAS_NUM_THREADS to use fewer"
    return f"{library.get('name', 'unknown')} {library.get('version', '')}, {threads}"


def gpu() -> str:
    """The device that `--device auto` would take, and, for an idle GPU, the wheel that would wake it."""
    from minillm.backend import choose_device

    device = choose_device("auto")
    if device.name == "gpu":
        return device.reason
    if shutil.which("nvidia-smi") is None:
        return "none found: fine, everything runs on the processor"
    query = ["nvidia-smi", "--query-gpu=driver_version,name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    found = re.match(r"((\d+)[\d.]*), (.+)", answer)
    if not found:
        return "nvidia-smi finds no GPU that answers; everything runs on the processor"
    driver, name = found[1], found[3]
    extra = "cuda13" if int(found[2]) >= 580 else "cuda12"
    return f'{name}, driver {driver}, not used ({device.reason}): pip install "minillm-by-hand[{extra}]" or cupy-{extra}x[ctk]'


def fonts() -> str:
    from minillm.plots.labels import is_drawable

    if is_drawable("语言"):
        return "Latin and Chinese"
    return "Latin; no Chinese font found, so Chinese tokens are numbered in figures (Noto Sans CJK would draw them)"


def disk() -> tuple[bool, str]:
    try:
        here = Path.cwd()
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        return False, f"the working folder cannot be written ({error.strerror}): run from another, or give --out"
    return True, f"{here} can be written, {shutil.disk_usage(here).free / 1e9:.0f} GB free"


def speed(seconds: float = 1.5) -> str:
    """Matrix products, then training steps of the default model, for about a second and a half each."""
    import numpy as np

    from minillm.models import GPTConfig
    from minillm.pretraining import DEFAULT, PRESETS

    a = np.random.default_rng(0).standard_normal((768, 512), dtype=np.float32)
    b = np.ascontiguousarray(a.T)
    products = timed(lambda: a @ b, seconds)
    preset = PRESETS[DEFAULT]
    sizes = {name: preset[name] for name in ("layers", "heads", "d_model", "context", "ngram")}
    config = GPTConfig(vocab_size=100, **sizes)
    step = timed(training_step(config, preset["batch"]), seconds)
    tokens = preset["batch"] * config.context
    return (
        f"{2 * 768 * 768 * 512 / products / 1e9:.0f} GFLOP/s in matrix products; {tokens / step:,.0f} tokens/s training the default "
        f"model: its {preset['steps']:,} steps take about {duration(preset['steps'] * step)}"
    )


def training_step(config, batch: int):
    """A step of the trainer as `pretrain` runs it, on random tokens."""
    import numpy as np

    from minillm.models import GPT
    from minillm.text import Corpus
    from minillm.training import Trainer, TrainOptions, default_workers

    ids = np.random.default_rng(0).integers(config.vocab_size, size=20 * (config.context + 1))
    options = TrainOptions(batch=batch, workers=default_workers(batch))
    return Trainer(GPT(config), Corpus(ids, config.context), options).step


def timed(work, seconds: float) -> float:
    """Median seconds of one call, over at least `seconds`."""
    work()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
