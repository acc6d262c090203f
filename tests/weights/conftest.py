"""A model that comes with minillm, for tests of whatever is called by name."""

import pytest

from minillm.models import GPT, GPTConfig
from minillm.text import CharTokenizer
from minillm.training import save

TEXT = "once upon a time a fox met a hen, and the hen ran home\n"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of models that come with minillm, with the one model `fables`; the working folder is another."""
    folder, here = tmp_path / "weights", tmp_path / "here"
    tokenizer = CharTokenizer.train(TEXT)
    model = GPT(GPTConfig(tokenizer.vocab_size, context=32, layers=1, heads=2, d_model=16), seed=3)
    save(folder / "fables", model, tokenizer, int8=True)
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setattr("minillm.weights.SHIPPED", folder)
    return folder
