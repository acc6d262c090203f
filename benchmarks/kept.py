"""The runs of a benchmark in a JSON file, one a line, so that those that are there already need not be made again."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from minillm.files import write_atomic

Run = TypeVar("Run")  # a dataclass of what JSON knows


def read_runs(path: Path, kind: type[Run]) -> list[Run]:
    """None, if there is no such file yet."""
    return [kind(**each) for each in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def write_runs(path: Path, runs: Iterable[Run]) -> None:
    lines = ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in runs)
    write_atomic(path, f"[\n{lines}\n]\n".encode())
