import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def golden() -> dict:
    """What others' programs make of thirty pairs of an answer and its references."""
    return json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))
