"""Packages of npm that some tests need, and node: the tests are skipped where they are missing.

    npm install --no-save --prefix . pyodide@0.29.0 axe-core

in the repository's folder brings them.
"""

import shutil
from pathlib import Path

import pytest

NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="there is no node here")


def npm_package(name: str) -> Path:
    """The folder of a package; without it the test is skipped."""
    folder = Path(__file__).parents[1] / "node_modules" / name
    if not folder.is_dir():
        pytest.skip(f"there is no {name} of npm here")
    return folder
