"""The page on minillm from a program: each of its pieces runs as it stands, one after the other in one folder, and is short."""

import functools
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
PIECES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
FEWER = (
    ("steps=600", "steps=20"),
    ("eval_every=200", "eval_every=10"),
    ("steps=100", "steps=10"),
    ("steps=200", "steps=20"),
)


def test_every_piece_runs(tmp_path):
    """With fewer steps: what the models then say is noise, and all the rest is as it stands."""
    for piece in PIECES:
        code = functools.reduce(lambda code, change: code.replace(*change), FEWER, piece)
        answer = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
    assert {"map.png", "runs"} <= {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "runs" / "films" / "labels.json").exists()


def test_no_piece_is_longer_than_fifteen_lines():
    assert len(PIECES) >= 6
    for piece in PIECES:
        assert (
            len([line for line in piece.splitlines() if line.strip() and not line.startswith(("import", "from"))]) <= 15
        )
