"""The machine and the versions that figures were measured with, in a line, and the day."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

CPU_FILE = Path("/proc/cpuinfo")


def machine(*packages: str) -> str:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = platform.processor() or platform.machine()
    for line in CPU_FILE.read_text(encoding="utf-8").splitlines() if CPU_FILE.exists() else ():
        if line.startswith("model name"):
            name = line.split(": ", 1)[1]
            break
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{count} core{'s' * (count != 1)} of {name}, Python {platform.python_version()}, {versions}"


def today() -> str:
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()
