import numpy as np
import pytest

from minillm.gradcheck import randomize
from minillm.models.huggingface import save_pretrained
from tests.models.pretrained import MODELS


@pytest.fixture
def write(tmp_path):
    """write(name of a kind) -> a folder with such a model of Hugging Face, and the model."""

    def write(name):
        kind, config = MODELS[name]
        model = randomize(kind(config, dtype=np.float32), np.random.default_rng(0))
        save_pretrained(model, tmp_path / name)
        return tmp_path / name, model

    return write
